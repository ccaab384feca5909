import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
  waitUntilTasksRunning,
  waitUntilTasksStopped,
  type ContainerInstance,
  type Resource,
} from '@aws-sdk/client-ecs';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { clientsOf, role } from '../exec/support.ts';
import { sdk } from '../support/web-service.ts';
import { TestNetwork, type TestMachine } from './machines-for-tests.ts';

/** A machine that joins, in every respect that one is enough for. */
describe('a machine that joined', () => {
  const network = new TestNetwork();
  const cluster = 'joined';
  let installation: TestInstallation;
  let machine: TestMachine;
  let control: string;
  let image: string;
  let ecs: ECSClient;

  beforeAll(async () => {
    await network.open();
    [installation, machine] = await Promise.all([
      startInstallation({ STOWAGE_LISTEN: network.hostAddress }),
      network.add(),
    ]);
    control = `http://${network.hostAddress}:${installation.port}`;
    ({ ecs } = sdk(installation));
    await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    image = await pushHello(installation, 'hello', '1');
  });

  afterAll(async () => {
    await network.close();
    installation?.remove();
  });

  const newToken = (...args: string[]): string =>
    (JSON.parse(installation.stowage('token', 'create', ...args, '--json')) as { token: string }).token;

  const described = async (): Promise<ContainerInstance> => {
    const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
    const found = await ecs.send(
      new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
    );
    const [one] = found.containerInstances ?? [];
    if (one === undefined) throw new Error('there is no container instance');
    return one;
  };

  const amount = (resources: Resource[] | undefined, name: string): number =>
    resources?.find((one) => one.name === name)?.integerValue ?? NaN;

  const register = async (family: string, networkMode: 'bridge' | 'host' | 'none'): Promise<void> => {
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        networkMode,
        requiresCompatibilities: ['EC2'],
        taskRoleArn: role,
        containerDefinitions: [
          {
            name: 'web',
            image,
            cpu: 128,
            memory: 64,
            entryPoint: ['/bin/busybox', 'sh', '-c'],
            command: ['trap "exit 0" TERM; echo it runs; /bin/busybox sleep 3600 & wait'],
            stopTimeout: 1,
            ...(networkMode === 'bridge' ? { portMappings: [{ containerPort: 8080 }] } : {}),
            logConfiguration: {
              logDriver: 'awslogs',
              options: {
                'awslogs-group': `/${family}`,
                'awslogs-region': 'us-east-1',
                'awslogs-stream-prefix': 't',
                'awslogs-create-group': 'true',
              },
            },
          },
        ],
      }),
    );
  };

  const started = async (family: string): Promise<string> => {
    const { tasks, failures } = await ecs.send(
      new RunTaskCommand({ cluster, taskDefinition: family, enableExecuteCommand: true }),
    );
    expect(failures).toEqual([]);
    return tasks?.[0]?.taskArn ?? '';
  };

  it('is let in by a token, and by nothing else', async () => {
    expect(machine.stowage('join', control).stderr).toContain('a token is missing');
    expect(machine.stowage('join', control, '--token', 'guessed').stderr).toContain('not one of this control plane');
    expect(machine.stowage('join', `${control}0`, '--token', 'guessed').stderr).toMatch(/does not answer|no address/);
    const used = newToken('--ttl', '10m');
    await machine.join(control, '--token', used, '--cluster', cluster, '--attribute', 'rack=b', '--zone', 'us-east-1b');
    expect(statSync(join(machine.home, 'machine.json')).mode & 0o777).toBe(0o600);
    const other = machine.stowage('join', control, '--token', used, '--home', join(machine.home, 'other'));
    expect(other.stderr).toContain('the token was used already, by the machine m-');
    // Nothing but machines is served there without a signature.
    const far = new ECSClient({
      endpoint: control,
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
    });
    await expect(far.send(new ListContainerInstancesCommand({ cluster }))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    expect((await fetch(`${control}/_stowage/status`)).status).toBe(403);
  });

  it('is a container instance of its cluster, and an EC2 instance', async () => {
    const one = await eventually('the agent is connected', 30_000, async () => {
      const found = await described();
      return found.agentConnected === true ? found : undefined;
    });
    const { machineId, instanceId } = machine.identity();
    expect(one).toMatchObject({
      ec2InstanceId: instanceId,
      status: 'ACTIVE',
      versionInfo: { agentVersion: expect.stringMatching(/^\d/) as string },
    });
    expect(one.attributes).toEqual(
      expect.arrayContaining([
        { name: 'rack', value: 'b' },
        { name: 'ecs.availability-zone', value: 'us-east-1b' },
        { name: 'ecs.instance-type', value: 'stowage.machine' },
      ]),
    );
    const info = JSON.parse(await machine.docker('info', '--format', '{{json .}}')) as {
      NCPU: number;
      MemTotal: number;
    };
    expect(amount(one.registeredResources, 'CPU')).toBe(info.NCPU * 1024);
    expect(amount(one.registeredResources, 'MEMORY')).toBe(Math.floor(info.MemTotal / 2 ** 20));
    const { Reservations } = await sdk(installation).ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId ?? ''] }),
    );
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      State: { Name: 'running' },
      Placement: { AvailabilityZone: 'us-east-1b' },
    });
    expect(JSON.parse(installation.stowage('machines', 'list', '--json'))).toMatchObject({
      machines: [{ id: machineId, instanceId, cluster, connected: true, leaving: false }],
    });
  });

  let bridge = '';
  it.each(['bridge', 'host', 'none'] as const)('runs tasks in mode %s, from images of our ECR', async (mode) => {
    await register(mode, mode);
    const before = (await described()).remainingResources;
    const task = await started(mode);
    await waitUntilTasksRunning(
      { client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 },
      { cluster, tasks: [task] },
    );
    const after = (await described()).remainingResources;
    expect(amount(before, 'CPU') - amount(after, 'CPU')).toBe(128);
    expect(amount(before, 'MEMORY') - amount(after, 'MEMORY')).toBe(64);
    expect(
      await machine.docker('ps', '--filter', `label=com.amazonaws.ecs.task-arn=${task}`, '--format', '{{.Image}}'),
    ).toContain(`127.0.0.1:${machine.identity().relayPort}/hello:1`);
    const { logs } = clientsOf(installation);
    const stream = { logGroupName: `/${mode}`, logStreamName: `t/web/${task.split('/').at(-1)}` };
    await eventually('its output is in the logs', 20_000, async () => {
      const { events = [] } = await logs.send(new GetLogEventsCommand(stream));
      return events.some(({ message }) => message === 'it runs') ? true : undefined;
    });
    if (mode === 'bridge') {
      bridge = task;
      return;
    }
    await ecs.send(new StopTaskCommand({ cluster, task }));
    await waitUntilTasksStopped(
      { client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 },
      { cluster, tasks: [task] },
    );
  });

  it('lets commands be executed in them', () => {
    const said = installation.stowage('exec', bridge, '--', '/bin/busybox', 'echo', 'from inside');
    expect(said).toContain('from inside');
  });

  const running = async (): Promise<string> =>
    machine.docker('ps', '--quiet', '--no-trunc', '--filter', `label=com.amazonaws.ecs.task-arn=${bridge}`);

  it('goes on with what runs when its agent or the control plane is killed', async () => {
    const before = await running();
    await machine.killAgent();
    await eventually(
      'it is seen to be away',
      20_000,
      async () => (await described()).agentConnected === false || undefined,
    );
    await machine.join(control);
    process.kill(installation.pid(), 'SIGKILL');
    installation.stowage('up', '--detach');
    await eventually(
      'it is connected again',
      30_000,
      async () => (await described()).agentConnected === true || undefined,
    );
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [bridge] }));
    expect(tasks?.[0]).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
    expect(await running()).toBe(before);
  });

  it('takes no more tasks while it is drained', async () => {
    const { containerInstanceArn = '' } = await described();
    const set = async (status: 'DRAINING' | 'ACTIVE') =>
      ecs.send(
        new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [containerInstanceArn], status }),
      );
    await set('DRAINING');
    await expect(ecs.send(new RunTaskCommand({ cluster, taskDefinition: 'none' }))).rejects.toThrow(
      'No Container Instances were found in your cluster.',
    );
    await set('ACTIVE');
  });

  it('leaves nothing behind when it leaves', async () => {
    const left = machine.stowage('leave');
    expect(left.stderr).toBe('');
    expect(left.status).toBe(0);
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [bridge] }));
    expect(tasks?.[0]).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TerminationNotice' });
    expect(await machine.docker('ps', '--all', '--quiet')).toBe('');
    const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
    expect(containerInstanceArns).toEqual([]);
    expect(JSON.parse(installation.stowage('machines', 'list', '--json'))).toEqual({ machines: [] });
    expect(machine.stowage('leave').stderr).toContain('has joined');
  });
});
