import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { DescribeImagesCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstanceExplanation } from '../../src/main/views/explain-instance.ts';
import type { ServiceExplanation } from '../../src/main/views/explain-service.ts';
import type { TaskExplanation } from '../../src/main/views/explain-task.ts';
import type { FleetView } from '../../src/main/views/fleet.ts';
import { eventually, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

const cli = resolve(import.meta.dirname, '../../src/cli/cli.ts');

/** What the CLI says of a cluster with one instance, and a service of two tasks that want the same port of it. */
describe('seeing a cluster', () => {
  let installation: TestInstallation;
  let clients: ReturnType<typeof sdk>;
  let image: string;
  let instanceId: string;

  const fleet = (...args: readonly string[]) => installation.stowage('fleet', '--cluster', 'see', ...args);
  const json = (): FleetView['clusters'][number] | undefined => (JSON.parse(fleet('--json')) as FleetView).clusters[0];
  const define = (family: string, hostPort: number, memory = 64) =>
    clients.ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        networkMode: 'bridge',
        requiresCompatibilities: ['EC2'],
        containerDefinitions: [
          {
            name: 'web',
            image,
            cpu: 128,
            memory,
            stopTimeout: 2,
            portMappings: [{ containerPort: 8080, hostPort }],
          },
        ],
      }),
    );

  beforeAll(async () => {
    installation = await startInstallation();
    clients = sdk(installation);
    const { ecs, ec2 } = clients;
    image = await pushHello(installation, 'see', '1');
    await ecs.send(new CreateClusterCommand({ clusterName: 'see' }));
    const images = await ec2.send(
      new DescribeImagesCommand({ Owners: ['amazon'], Filters: [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*'] }] }),
    );
    const started = await ec2.send(
      new RunInstancesCommand({
        ImageId: images.Images?.[0]?.ImageId,
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
        UserData: Buffer.from('#!/bin/bash\necho ECS_CLUSTER=see >> /etc/ecs/ecs.config\n').toString('base64'),
      }),
    );
    instanceId = started.Instances?.[0]?.InstanceId ?? '';
    await eventually('the instance is registered', 30_000, async () => {
      const listed = await ecs.send(
        new ListContainerInstancesCommand({ cluster: 'see', filter: 'agentConnected == true' }),
      );
      return listed.containerInstanceArns?.[0];
    });
    await define('web', 80);
    await ecs.send(
      new CreateServiceCommand({
        cluster: 'see',
        serviceName: 'web',
        taskDefinition: 'web',
        desiredCount: 2,
        launchType: 'EC2',
      }),
    );
    await eventually('one task runs', 60_000, () =>
      json()?.instances[0]?.tasks.some((task) => task.lastStatus === 'RUNNING') === true ? true : undefined,
    );
  });
  afterAll(() => installation.remove());

  it('draws the instance, its task and what finds no place', () => {
    const picture = fleet();
    expect(picture).toMatch(new RegExp(`${instanceId} +ACTIVE +[0-9a-f]{8} +t3\\.small`));
    expect(picture).toMatch(/cpu ━+[╸─]+ +128\/2048 .* ports 80/);
    expect(picture).toMatch(/● web +RUNNING .* :80/);
    expect(picture).toContain('1 unplaced');
    expect(picture).toContain('is already using a port required by');
    expect(picture).toContain(`RESOURCE:PORTS  ${instanceId}`);
    // Not to a terminal: no colours.
    expect(picture).not.toContain('\u001B');
    expect(json()).toMatchObject({
      name: 'see',
      instances: [{ ec2InstanceId: instanceId, cpu: { used: 128 }, ports: { used: [{ port: 80 }] } }],
      unplaced: [{ name: 'web', count: 1, excluded: [{ reason: 'RESOURCE:PORTS' }] }],
    });
    expect(() => fleet('--cluster', 'none')).toThrow("there is no cluster 'none'");
  });

  it('explains the service, its task and the instance, in the words of ECS', async () => {
    const explain = (subject: string) => JSON.parse(installation.stowage('explain', subject, '--json')) as never;
    const service: ServiceExplanation = explain('web');
    const { services = [] } = await clients.ecs.send(
      new DescribeServicesCommand({ cluster: 'see', services: ['web'] }),
    );
    const told = services[0]?.events?.map(({ message }) => message);
    expect(told).toContain(`(service web) ${service.unplaced?.reason}`);
    expect(service.blockers[0]).toContain(service.unplaced?.reason);
    const [running] = service.tasks;
    const task: TaskExplanation = explain(running?.id.slice(0, 8) ?? '');
    expect(task).toMatchObject({
      place: { ec2InstanceId: instanceId, decision: { considered: 1, able: 1, excluded: [] } },
      waitsFor: [],
    });
    const [first, ...later] = task.history;
    expect(first?.what).toBe('PENDING');
    expect(later.map(({ what }) => what)).toContain('RUNNING');
    expect(installation.stowage('explain', running?.arn ?? '')).toContain('it alone could take the task');
    const instance: InstanceExplanation = explain(instanceId);
    expect(instance.turnedAway).toEqual([{ who: 'service web', reason: 'RESOURCE:PORTS' }]);
    // What RunTask refuses is told with the very reasons that it answered.
    await define('huge', 0, 99_999);
    const { failures = [] } = await clients.ecs.send(
      new RunTaskCommand({ cluster: 'see', taskDefinition: 'huge', launchType: 'EC2' }),
    );
    expect(failures).toMatchObject([{ reason: 'RESOURCE:MEMORY' }]);
    expect(explain('huge')).toMatchObject({ kind: 'refusal', excluded: [{ reason: failures[0]?.reason, count: 1 }] });
    expect(installation.stowage('explain', instanceId)).toMatch(/RESOURCE:MEMORY +RunTask of huge/);
    expect(() => installation.stowage('explain', 'nobody')).toThrow(
      "there is no task, service or container instance 'nobody'",
    );
    expect(() => installation.stowage('explain')).toThrow('what is to be explained?');
  });

  it('follows changes on a terminal until q is pressed', async () => {
    const line = `stty cols 90 rows 30; ${process.execPath} --disable-warning=ExperimentalWarning ${cli} fleet --watch`;
    const watching = spawn('script', ['-qec', line, '/dev/null'], {
      env: { ...installation.env, TERM: 'xterm-256color' },
    });
    let seen = '';
    watching.stdout.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
    const ended = new Promise<number | null>((done) => watching.once('exit', done));
    const shows = (text: string) =>
      eventually(`'${text}' is shown`, 20_000, () => (seen.includes(text) ? true : undefined));
    await shows('1 unplaced');
    seen = '';
    await clients.ecs.send(new UpdateServiceCommand({ cluster: 'see', service: 'web', desiredCount: 0 }));
    await shows('0 running');
    expect(seen).toContain('\u001B[1msee\u001B[0m');
    // The screen is drawn over, never cleared.
    expect(seen).not.toContain('\u001B[2J');
    watching.stdin.write('q');
    expect(await ended).toBe(0);
    expect(seen.endsWith('\u001B[?25h\u001B[?1049l')).toBe(true);
  });
});
