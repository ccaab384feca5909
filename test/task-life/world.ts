import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateNetworkInterfaceCommand, CreateSubnetCommand, DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type ContainerDefinition,
  type RegisterTaskDefinitionCommandInput,
  type Task as TaskOutput,
} from '@aws-sdk/client-ecs';
import { systemClock, timeOf } from '../../src/base/clock.ts';
import { locate } from '../../src/cli/prepare/packages.ts';
import { installationOf, type Installation } from '../../src/cli/installation.ts';
import { createDocker } from '../../src/drivers/docker/engine.ts';
import { tarOf } from '../../src/drivers/docker/tar.ts';
import { startControlPlane, type ControlPlane } from '../../src/main/control-plane.ts';
import { removeEverything } from '../../src/main/remove-everything.ts';
import type { Task } from '../../src/model/ecs/task.ts';
import { tasks } from '../../src/store/tables/ecs.ts';
import { eventually, must } from '../support/clients.ts';
import { freePort } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

const applets = ['sh', 'cat', 'sleep', 'fallocate', 'head', 'tail', 'touch', 'kill', 'test', 'date'];

/** How long a row of a table may take. */
const patienceMs = 60_000;

/**
 * A control plane in this process over the real engine, whose every commit is seen: what a task goes through is not
 * sampled but written down.
 */
export class TaskWorld {
  readonly installation: Installation;
  readonly image: string;
  readonly #plane: ControlPlane;
  readonly #docker = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
  readonly #histories = new Map<string, string[]>();
  readonly ecs: ReturnType<typeof sdk>['ecs'];
  readonly ec2: ReturnType<typeof sdk>['ec2'];
  #subnets: string[] = [];

  private constructor(installation: Installation, plane: ControlPlane) {
    this.installation = installation;
    this.#plane = plane;
    this.image = `stowage-test-life:${installation.id}`;
    const { ecs, ec2 } = sdk({ endpoint: this.endpoint });
    this.ecs = ecs;
    this.ec2 = ec2;
    plane.store.watch([tasks], ({ changes }) => {
      for (const { key, after } of changes) {
        if (after !== undefined) this.#note(key, after as unknown as Task);
      }
    });
  }

  /** The same image, whose containers are to be stopped by SIGUSR1. */
  get usr1Image(): string {
    return `${this.image}-usr1`;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.installation.port}`;
  }

  static async begin(): Promise<TaskWorld> {
    const home = mkdtempSync(join(tmpdir(), 'stowage-life-'));
    const installation = installationOf({ home, port: String(await freePort()) }, {});
    const plane = await startControlPlane({ ...installation, writeLog: () => {} });
    const world = new TaskWorld(installation, plane);
    await world.#furnish();
    return world;
  }

  async #furnish(): Promise<void> {
    const shell = await readFile(locate('busybox') ?? '/bin/busybox');
    const files = applets.map((applet) => ({ path: `bin/${applet}`, data: shell }));
    await this.#docker.importImage(this.image, tarOf(files), { entryPoint: [] });
    const folder = mkdtempSync(join(tmpdir(), 'stowage-life-image-'));
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${this.image}\nSTOPSIGNAL SIGUSR1\n`);
    await must('docker', ['build', '--quiet', '--tag', this.usr1Image, folder]);
    rmSync(folder, { recursive: true });
    await this.ecs.send(new CreateClusterCommand({ clusterName: 'life' }));
    const found = await this.ec2.send(new DescribeSubnetsCommand({}));
    this.#subnets = (found.Subnets ?? []).slice(0, 1).map((subnet) => subnet.SubnetId ?? '');
  }

  async end(): Promise<void> {
    await this.#plane.stop();
    await this.#docker.close();
    await removeEverything(this.installation);
    await must('docker', ['rmi', '--force', this.image, this.usr1Image]);
    rmSync(this.installation.home, { recursive: true, force: true });
  }

  /** Registers a Fargate task definition of the containers, each of the busybox image unless it says otherwise. */
  async register(
    family: string,
    containers: readonly Partial<ContainerDefinition>[],
    more: Partial<RegisterTaskDefinitionCommandInput> = {},
  ): Promise<void> {
    await this.ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        executionRoleArn: 'arn:aws:iam::000000000000:role/execution',
        containerDefinitions: containers.map((container) => ({
          image: this.image,
          entryPoint: ['/bin/sh', '-c'],
          stopTimeout: 2,
          ...container,
          name: container.name ?? 'app',
        })),
        ...more,
      }),
    );
  }

  /** Runs one task of a family and answers its ARN. */
  async run(family: string, subnets = this.#subnets): Promise<string> {
    const { tasks: started = [] } = await this.ecs.send(
      new RunTaskCommand({
        cluster: 'life',
        taskDefinition: family,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets } },
      }),
    );
    return started[0]?.taskArn ?? '';
  }

  /** Makes a service of one task and answers the ARN of its first. */
  async serve(family: string): Promise<string> {
    await this.ecs.send(
      new CreateServiceCommand({
        cluster: 'life',
        serviceName: family,
        taskDefinition: family,
        desiredCount: 1,
        launchType: 'FARGATE',
        // What is unhealthy has to make room for its replacement.
        deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
        networkConfiguration: { awsvpcConfiguration: { subnets: this.#subnets } },
      }),
    );
    return eventually(
      'the service has a task',
      10_000,
      () => this.#plane.store.list(tasks).find((task) => task.serviceArn?.endsWith(`/${family}`) === true)?.arn,
    );
  }

  /** A subnet of which every address is taken. */
  async fullSubnet(): Promise<string> {
    const { Subnets = [] } = await this.ec2.send(new DescribeSubnetsCommand({ SubnetIds: this.#subnets }));
    const made = await this.ec2.send(
      new CreateSubnetCommand({ VpcId: Subnets[0]?.VpcId, CidrBlock: '172.31.240.0/28' }),
    );
    const id = made.Subnet?.SubnetId ?? '';
    // Sixteen addresses, of which five are the subnet's own.
    for (let i = 0; i < 11; i++) await this.ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: id }));
    return id;
  }

  /** Resolves once every container of a task that runs has written its first line, or has ended. */
  async ready(arn: string): Promise<void> {
    const ids = this.row(arn)?.containers.flatMap(({ lastStatus, runtimeId }) =>
      lastStatus === 'RUNNING' && runtimeId !== undefined ? [runtimeId] : [],
    );
    const first = async (id: string): Promise<void> => {
      for await (const _line of this.#docker.logs(id, { follow: true })) return;
    };
    await Promise.all((ids ?? []).map(first));
  }

  /** When one of a task's containers began and ended, as the engine knows it, in epoch milliseconds. */
  async lifeOf(arn: string, name: string): Promise<number[]> {
    const format = '{{.State.StartedAt}} {{.State.FinishedAt}}';
    const printed = await must('docker', ['inspect', '--format', format, this.containerId(arn, name)]);
    const [began = 0, ended = 0] = printed.split(' ').map((text) => timeOf(text));
    // The engine notes a start a moment after the process began, so that a very short life seems to end before.
    return [began, Math.max(began, ended)];
  }

  /** The row of a task. */
  row(arn: string): Task | undefined {
    return this.#plane.store.get(tasks, arn);
  }

  /** Resolves once a task's row is as wished. */
  until(what: string, arn: string, wish: (task: Task) => boolean): Promise<true> {
    return eventually(`${what}: ${arn}`, patienceMs, () => {
      const row = this.row(arn);
      if (row !== undefined && wish(row)) return true;
      // Told when it never comes about.
      throw new Error(`its history: ${this.history(arn).join(' ')}`);
    });
  }

  /** The engine's id of one of a task's containers. */
  containerId(arn: string, name = 'app'): string {
    return this.row(arn)?.containers.find((container) => container.name === name)?.runtimeId ?? '';
  }

  /** Every state that was committed of a task, in order: `lastStatus`, and `*` once it is wanted STOPPED. */
  history(arn: string): readonly string[] {
    return this.#histories.get(arn) ?? [];
  }

  async describe(arn: string): Promise<TaskOutput> {
    const { tasks: found = [] } = await this.ecs.send(new DescribeTasksCommand({ cluster: 'life', tasks: [arn] }));
    const [task] = found;
    if (task === undefined) throw new Error(`${arn} is MISSING`);
    return task;
  }

  #note(arn: string, task: Task): void {
    const state = `${task.lastStatus}${task.desiredStatus === 'STOPPED' ? '*' : ''}`;
    const history = this.#histories.get(arn) ?? [];
    if (history.at(-1) !== state) history.push(state);
    this.#histories.set(arn, history);
  }
}
