import { CreateLogGroupCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeImagesCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
  type ContainerInstance,
  type Task,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientsOf, role } from '../exec/support.ts';
import { eventually, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';
import { GenuineAgent } from './genuine-agent.ts';
import { TestNetwork, type TestMachine } from './machines-for-tests.ts';

const binary = process.env['AMAZON_ECS_AGENT'];
const cluster = 'mixed';

/** The unmodified amazon-ecs-agent, where one is at hand, as the judge of the protocol. */
describe.skipIf(binary === undefined)('the genuine amazon-ecs-agent (AMAZON_ECS_AGENT names its binary)', () => {
  const network = new TestNetwork();
  let kit: string;
  let installation: TestInstallation;
  let machine: TestMachine;
  let agent: GenuineAgent;
  let ecs: ECSClient;
  let image: string;
  let instance: string;
  let whole: string;

  beforeAll(async () => {
    kit = mkdtempSync(join(tmpdir(), 'stowage-kit-'));
    await network.open();
    installation = await startInstallation({ STOWAGE_LISTEN: network.hostAddress });
    const control = `${network.hostAddress}:${installation.port}`;
    machine = await network.add(control);
    ({ ecs } = sdk(installation));
    await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    image = await pushHello(installation, 'hello', '1');
    installation.stowage('agent', 'kit', kit, '--cluster', cluster, '--endpoint', `http://${control}`);
    agent = new GenuineAgent(machine, kit, binary ?? '');
    agent.start();
  });

  afterAll(async () => {
    await agent?.remove();
    await network.close();
    installation?.remove();
    rmSync(kit, { recursive: true, force: true });
  });

  const described = async (): Promise<ContainerInstance | undefined> => {
    const filter = 'attribute:ecs.capability.external exists';
    const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
    expect(containerInstanceArns.length).toBeLessThan(2);
    if (containerInstanceArns.length === 0) return undefined;
    const { containerInstances } = await ecs.send(
      new DescribeContainerInstancesCommand({
        cluster,
        containerInstances: containerInstanceArns,
        include: ['CONTAINER_INSTANCE_HEALTH'],
      }),
    );
    return containerInstances?.[0];
  };
  const taskOf = async (arn: string): Promise<Task> => {
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [arn] }));
    return tasks?.[0] ?? {};
  };
  const reaches = (arn: string, status: string): Promise<Task> =>
    eventually(`the task is ${status}`, 60_000, async () => {
      const task = await taskOf(arn);
      if (task.lastStatus === 'STOPPED' && status !== 'STOPPED') {
        return { ...task, lastStatus: `STOPPED: ${task.stoppedReason} ${JSON.stringify(task.containers)}` };
      }
      return task.lastStatus === status ? task : undefined;
    });
  const run = async (taskDefinition: string, launchType: 'EXTERNAL' | 'EC2' = 'EXTERNAL'): Promise<string> => {
    const { tasks, failures } = await ecs.send(new RunTaskCommand({ cluster, taskDefinition, launchType }));
    expect(failures).toEqual([]);
    return tasks?.[0]?.taskArn ?? '';
  };
  /** The containers of a task on the agent's machine, and since when each runs. */
  const containers = async (task: string): Promise<string> => {
    const ids = await machine.docker('ps', '--quiet', '--filter', `label=com.amazonaws.ecs.task-arn=${task}`);
    return machine.docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids.split('\n'));
  };
  const busybox = (script: string) => ({ entryPoint: ['/bin/busybox', 'sh', '-c'], command: [script] });

  it('registers as an external instance, with credentials of the kit and over verified signatures', async () => {
    const found = await eventually('it is connected, and well', 60_000, async () => {
      const one = await described();
      return one?.agentConnected === true && one.healthStatus?.overallStatus === 'OK' ? one : undefined;
    });
    instance = found.containerInstanceArn ?? '';
    expect(found.versionInfo?.agentVersion).toMatch(/^\d+\.\d+/);
    expect(found.versionInfo?.dockerVersion).toMatch(/^DockerVersion: /);
    expect(found.healthStatus?.details).toMatchObject([{ type: 'CONTAINER_RUNTIME', status: 'OK' }]);
  });

  it('runs a task with all that a task can have', async () => {
    const { ssm, logs } = clientsOf(installation);
    const config = {
      endpoint: installation.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const trust = { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'exec', AssumeRolePolicyDocument }));
    await ssm.send(new PutParameterCommand({ Name: '/colour', Value: 'green', Type: 'SecureString' }));
    const secret = await new SecretsManagerClient(config).send(
      new CreateSecretCommand({ Name: 'shape', SecretString: 'round' }),
    );
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/genuine' }));
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'whole',
        requiresCompatibilities: ['EXTERNAL'],
        networkMode: 'bridge',
        // Made of the kit's pause image.
        pidMode: 'task',
        taskRoleArn: role,
        executionRoleArn: role,
        volumes: [{ name: 'data', dockerVolumeConfiguration: { scope: 'task' } }],
        containerDefinitions: [
          {
            name: 'init',
            image,
            memory: 32,
            essential: false,
            ...busybox('echo ready > /data/state'),
            mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
          },
          {
            name: 'main',
            image,
            memory: 64,
            ...busybox(
              [
                'b=/bin/busybox',
                'echo "state $($b cat /data/state) colour $COLOUR shape $SHAPE"',
                '$b wget -qO- $ECS_CONTAINER_METADATA_URI_V4/task; echo',
                '$b wget -qO- http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; echo',
                'trap "exit 7" TERM',
                'while :; do $b sleep 1; done',
              ].join('; '),
            ),
            stopTimeout: 10,
            dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }],
            mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }],
            portMappings: [{ containerPort: 8080 }],
            secrets: [
              { name: 'COLOUR', valueFrom: '/colour' },
              { name: 'SHAPE', valueFrom: secret.ARN ?? '' },
            ],
            healthCheck: { command: ['CMD', '/bin/busybox', 'test', '-e', '/data/state'], interval: 5 },
            logConfiguration: {
              logDriver: 'awslogs',
              options: {
                'awslogs-group': '/genuine',
                'awslogs-region': 'us-east-1',
                'awslogs-stream-prefix': 'p',
              },
            },
          },
        ],
      }),
    );
    whole = await run('whole');
    const task = await reaches(whole, 'RUNNING');
    expect(task).toMatchObject({ lastStatus: 'RUNNING', launchType: 'EXTERNAL', containerInstanceArn: instance });
    const main = task.containers?.find(({ name }) => name === 'main');
    expect(main).toMatchObject({
      imageDigest: expect.stringMatching(/^sha256:/) as string,
      networkBindings: expect.arrayContaining([expect.objectContaining({ containerPort: 8080, protocol: 'tcp' })]),
    });
    const stream = { logGroupName: '/genuine', logStreamName: `p/main/${whole.split('/').at(-1)}` };
    const lines = await eventually('its output is in the logs', 30_000, async () => {
      const { events = [] } = await logs.send(new GetLogEventsCommand(stream));
      return events.length >= 3 ? events.map(({ message = '' }) => message) : undefined;
    });
    expect(lines[0]).toBe('state ready colour green shape round');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ TaskARN: whole, Family: 'whole', LaunchType: 'EXTERNAL' });
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ RoleArn: role, AccessKeyId: expect.stringMatching(/^ASIA/) });
    await eventually('its health is told', 60_000, async () =>
      (await taskOf(whole)).healthStatus === 'HEALTHY' ? true : undefined,
    );
  });

  it('stands beside an instance of our own agent in one cluster', async () => {
    const { ec2 } = sdk(installation);
    const images = await ec2.send(
      new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*'] }] }),
    );
    await ec2.send(
      new RunInstancesCommand({
        ImageId: images.Images?.[0]?.ImageId,
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        UserData: Buffer.from(`#!/bin/bash\necho ECS_CLUSTER=${cluster} >> /etc/ecs/ecs.config\n`).toString('base64'),
      }),
    );
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'plain',
        networkMode: 'bridge',
        containerDefinitions: [
          { name: 'main', image, memory: 32, stopTimeout: 1, ...busybox('while :; do /bin/busybox sleep 1; done') },
        ],
      }),
    );
    await eventually('both are connected', 60_000, async () => {
      const filter = 'agentConnected == true';
      const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
      return containerInstanceArns?.length === 2 ? true : undefined;
    });
    const [ours, theirs] = [await run('plain', 'EC2'), await run('plain')];
    expect((await reaches(ours, 'RUNNING')).containerInstanceArn).not.toBe(instance);
    expect((await reaches(theirs, 'RUNNING')).containerInstanceArn).toBe(instance);
    await ecs.send(new StopTaskCommand({ cluster, task: theirs }));
    expect(await reaches(theirs, 'STOPPED')).toMatchObject({ stopCode: 'UserInitiated' });
  });

  it('goes on with what runs when it or the control plane is killed', async () => {
    const before = await containers(whole);
    await agent.kill();
    await eventually('it is seen to be away', 30_000, async () =>
      (await described())?.agentConnected === false ? true : undefined,
    );
    process.kill(installation.pid(), 'SIGKILL');
    installation.stowage('up', '--detach');
    agent.start();
    await eventually('it is connected again, as the same instance', 60_000, async () => {
      const one = await described();
      return one?.agentConnected === true && one.containerInstanceArn === instance ? true : undefined;
    });
    process.kill(installation.pid(), 'SIGKILL');
    installation.stowage('up', '--detach');
    await eventually('it is connected once more', 60_000, async () =>
      (await described())?.agentConnected === true ? true : undefined,
    );
    expect(await taskOf(whole)).toMatchObject({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' });
    expect(await containers(whole)).toBe(before);
    await ecs.send(new StopTaskCommand({ cluster, task: whole }));
    const stopped = await reaches(whole, 'STOPPED');
    expect(stopped).toMatchObject({ stopCode: 'UserInitiated' });
    expect(stopped.containers?.find(({ name }) => name === 'main')).toMatchObject({ exitCode: 7 });
  });

  it('is drained, and deregistered', async () => {
    await ecs.send(
      new CreateServiceCommand({
        cluster,
        serviceName: 'plain',
        taskDefinition: 'plain',
        launchType: 'EXTERNAL',
        desiredCount: 1,
        deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
      }),
    );
    const serving = async (): Promise<string[]> => {
      const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, serviceName: 'plain' }));
      return taskArns;
    };
    const [task = ''] = await eventually('the service has a task', 30_000, async () => {
      const found = await serving();
      return found.length > 0 ? found : undefined;
    });
    await reaches(task, 'RUNNING');
    await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [instance], status: 'DRAINING' }),
    );
    await reaches(task, 'STOPPED');
    expect(await serving()).toEqual([]);
    await ecs.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance: instance }));
    await eventually('the agent knows', 30_000, () =>
      agent.log().includes('Container instance is deregistered') ? true : undefined,
    );
    expect(await described()).toBeUndefined();
  });

  it('has had its credentials renewed', () => {
    const key = agent.accessKey();
    const words = [`--net=/run/netns/${machine.name}`, join(kit, 'rotate.sh')];
    expect(spawnSync('nsenter', words, { encoding: 'utf8' }).stderr).toBe('');
    expect(agent.accessKey()).toMatch(/^ASIA/);
    expect(agent.accessKey()).not.toBe(key);
  });
});
