import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type ContainerDefinition,
  type ECSClient,
  type Task,
} from '@aws-sdk/client-ecs';
import { systemClock } from '../../src/base/clock.ts';
import { locate } from '../../src/cli/prepare/packages.ts';
import { createDocker } from '../../src/drivers/docker/engine.ts';
import { tarOf } from '../../src/drivers/docker/tar.ts';
import { must, run } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { OwnEngine } from '../support/own-engine.ts';
import { sdk } from '../support/web-service.ts';

const image = 'chaos:latest';
const group = '/chaos';
/** So much room have the log lines; what they need is a fraction of it. */
const logRoom = '24m';

const logging: Partial<ContainerDefinition> = {
  command: ['i=0; while :; do n=$((i+10)); while [ $i -lt $n ]; do i=$((i+1)); echo $i; done; sleep 0.3; done'],
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': group, 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'x' },
  },
};
const waiting = "trap 'exit 0' TERM; sleep 1000 & wait";

/** The kinds of tasks that there are, by family. */
const kinds: Readonly<Record<string, readonly Partial<ContainerDefinition>[]>> = {
  plain: [{ command: [waiting] }],
  logs: [logging],
  ordered: [
    { name: 'init', command: ['sleep 0.2'], essential: false },
    { name: 'app', command: [waiting], dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }] },
  ],
  crash: [{ command: ['sleep 2; exit 1'] }],
  short: [{ command: ['sleep 1'] }],
  unmet: [
    { name: 'init', command: ['exit 1'], essential: false },
    { name: 'app', command: [waiting], dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }] },
  ],
  unstartable: [{ ...logging, entryPoint: ['/bin/nothing'] }],
  // Nothing listens there.
  unpullable: [{ image: '127.0.0.1:1/none:1' }],
};

/** The kinds whose tasks run until somebody ends them. */
export const lasting: ReadonlySet<string> = new Set(['plain', 'logs', 'ordered']);

/** The services, and how many tasks each is to have. */
export const services: Readonly<Record<string, number>> = { plain: 5, logs: 4, ordered: 3, crash: 2 };

/** What a pause container is called among the containers of its task. */
export const pauseName = '~internal~ecs~pause';

/** A container as the engine has it; `task` is empty for a pause container that waits for one. */
export interface Found {
  readonly id: string;
  /** `container:<id>` of its pause container, for one of a task. */
  readonly network: string;
  readonly name: string;
  readonly task: string;
}

/** An installation with an engine of its own, a small place for its logs, and tasks of every kind. */
export class Scene {
  readonly engine: OwnEngine;
  readonly installation: TestInstallation;
  readonly logFolder: string;
  /** The id by which everything of the installation is named. */
  readonly id: string;
  readonly ecs: ECSClient;
  readonly #logs: CloudWatchLogsClient;
  /** Every task run by hand whose RunTask was answered, with its kind. */
  readonly byHand = new Map<string, string>();
  #subnets: string[] = [];

  private constructor(engine: OwnEngine, installation: TestInstallation, logFolder: string) {
    this.engine = engine;
    this.installation = installation;
    this.logFolder = logFolder;
    this.id = (JSON.parse(installation.stowage('status', '--json')) as { installation: string }).installation;
    this.ecs = sdk(installation).ecs;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    this.#logs = new CloudWatchLogsClient({ endpoint: installation.endpoint, region: 'us-east-1', credentials });
  }

  static async begin(): Promise<Scene> {
    const engine = new OwnEngine();
    await engine.start();
    const home = mkdtempSync(join(tmpdir(), 'stowage-home-'));
    const logFolder = mkdtempSync(join(tmpdir(), 'stowage-logs-'));
    await must('mount', ['-t', 'tmpfs', '-o', `size=${logRoom}`, 'tmpfs', logFolder]);
    symlinkSync(join(logFolder, 'logs.sqlite'), join(home, 'logs.sqlite'));
    const installation = await startInstallation({ DOCKER_HOST: engine.socket }, home);
    return new Scene(engine, installation, logFolder);
  }

  /** Removes everything; what the installation itself does not remove is for the caller to find before. */
  async end(): Promise<void> {
    try {
      this.installation.remove();
    } finally {
      await this.engine.remove();
      await must('umount', ['--lazy', this.logFolder]);
      rmSync(this.logFolder, { recursive: true });
    }
  }

  /** Makes the image, the definitions and the services. */
  async furnish(): Promise<void> {
    const shell = await readFile(locate('busybox') ?? '/bin/busybox');
    const docker = createDocker({ clock: systemClock, dockerHost: this.engine.socket });
    const files = ['sh', 'sleep'].map((applet) => ({ path: `bin/${applet}`, data: shell }));
    await docker.importImage(image, tarOf(files), { entryPoint: ['/bin/sh'] });
    await docker.close();
    await this.ecs.send(new CreateClusterCommand({}));
    await this.#logs.send(new CreateLogGroupCommand({ logGroupName: group }));
    const found = await sdk(this.installation).ec2.send(new DescribeSubnetsCommand({}));
    this.#subnets = (found.Subnets ?? []).slice(0, 2).map((subnet) => subnet.SubnetId ?? '');
    for (const [family, containers] of Object.entries(kinds)) {
      await this.ecs.send(
        new RegisterTaskDefinitionCommand({
          family,
          requiresCompatibilities: ['FARGATE'],
          networkMode: 'awsvpc',
          cpu: '256',
          memory: '512',
          executionRoleArn: 'arn:aws:iam::000000000000:role/execution',
          containerDefinitions: containers.map((container) => ({
            image,
            entryPoint: ['/bin/sh', '-c'],
            stopTimeout: 2,
            ...container,
            name: container.name ?? 'app',
          })),
        }),
      );
    }
    for (const [name, desiredCount] of Object.entries(services)) {
      await this.ecs.send(
        new CreateServiceCommand({ serviceName: name, taskDefinition: name, desiredCount, ...this.#placement() }),
      );
    }
  }

  /** Runs one task by hand; throws when nobody answers. */
  async run(kind: string): Promise<void> {
    const ran = await this.ecs.send(new RunTaskCommand({ taskDefinition: kind, ...this.#placement() }));
    for (const { taskArn = '' } of ran.tasks ?? []) this.byHand.set(taskArn, kind);
  }

  #placement() {
    return {
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: this.#subnets } },
    } as const;
  }

  /** Every task that is known, stopped ones included. */
  async tasks(): Promise<Task[]> {
    const arns: string[] = [];
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      let nextToken: string | undefined;
      do {
        const page = await this.ecs.send(new ListTasksCommand({ desiredStatus, nextToken }));
        arns.push(...(page.taskArns ?? []));
        ({ nextToken } = page);
      } while (nextToken !== undefined);
    }
    const found: Task[] = [];
    for (let at = 0; at < arns.length; at += 100) {
      const { tasks = [] } = await this.ecs.send(new DescribeTasksCommand({ tasks: arns.slice(at, at + 100) }));
      found.push(...tasks);
    }
    return found;
  }

  /** What is stored of every container's output, by stream. */
  async lines(): Promise<Map<string, number[]>> {
    const stored = new Map<string, number[]>();
    const { logStreams = [] } = await this.#logs.send(new DescribeLogStreamsCommand({ logGroupName: group }));
    for (const { logStreamName = '' } of logStreams) {
      const numbers: number[] = [];
      for (let nextToken: string | undefined; ;) {
        const page = await this.#logs.send(
          new GetLogEventsCommand({ logGroupName: group, logStreamName, startFromHead: true, nextToken }),
        );
        if (page.nextForwardToken === nextToken) break;
        numbers.push(...(page.events ?? []).map(({ message }) => Number(message)));
        nextToken = page.nextForwardToken;
      }
      stored.set(logStreamName, numbers);
    }
    return stored;
  }

  /** The engine's containers of the installation; only those that run unless told otherwise. */
  async containers(all = false): Promise<Found[]> {
    const { env } = this.installation;
    const filter = `label=stowage.installation=${this.id}`;
    const args = ['ps', '--no-trunc', '--quiet', ...(all ? ['--all'] : []), '--filter', filter];
    const ids = (await must('docker', args, { env })).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const labelOf = (name: string): string => `{{index .Config.Labels "stowage.${name}"}}`;
    const format = `{{.Id}} {{.HostConfig.NetworkMode}} ${labelOf('container')} ${labelOf('task')}`;
    // One of them may be removed meanwhile: those that are still there are told all the same.
    const { stdout } = await run('docker', ['inspect', '--format', format, ...ids], { env });
    return stdout.split('\n').flatMap((line) => {
      const [id = '', network = '', name = '', label = ''] = line.split(' ');
      const task = label.startsWith('arn:') ? label : '';
      return id === '' ? [] : [{ id, network, name, task }];
    });
  }
}
