import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeImagesCommand, DescribeSubnetsCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  RunTaskCommand,
  type ContainerDefinition,
  type Task,
  type TaskOverride,
} from '@aws-sdk/client-ecs';
import { eventually, must } from '../support/clients.ts';
import type { TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';
import type { EngineContainer, Seen } from './rows.ts';

/** How the SDK's clients find an installation. */
export function clientConfig(installation: TestInstallation) {
  return {
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

/** A container instance in the cluster `default`. */
export async function startInstance(installation: TestInstallation): Promise<void> {
  const { ecs, ec2 } = sdk(installation);
  const { Images } = await ec2.send(
    new DescribeImagesCommand({ Owners: ['amazon'], Filters: [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*'] }] }),
  );
  await ec2.send(
    new RunInstancesCommand({
      ImageId: Images?.[0]?.ImageId,
      InstanceType: 't3.small',
      MinCount: 1,
      MaxCount: 1,
      UserData: Buffer.from('#!/bin/bash\necho ECS_CLUSTER=default >> /etc/ecs/ecs.config\n').toString('base64'),
    }),
  );
  await eventually('the instance is registered', 60_000, async () => {
    const { containerInstanceArns = [] } = await ecs.send(
      new ListContainerInstancesCommand({ filter: 'agentConnected == true' }),
    );
    return containerInstanceArns.length > 0 ? true : undefined;
  });
}

/**
 * Runs a task of a definition and answers what is seen of it once it runs, its health is known, and all its containers
 * have told what they see, in the log group `logGroup`.
 */
export async function look(
  installation: TestInstallation,
  family: string,
  launchType: 'FARGATE' | 'EC2',
  logGroup: string,
  overrides: TaskOverride = {},
): Promise<Seen> {
  const { ecs, ec2 } = sdk(installation);
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  const awsvpcConfiguration = { subnets: [Subnets?.[0]?.SubnetId ?? ''] };
  const { tasks, failures } = await ecs.send(
    new RunTaskCommand({
      taskDefinition: family,
      launchType,
      ...(launchType === 'FARGATE' ? { networkConfiguration: { awsvpcConfiguration } } : {}),
      propagateTags: 'TASK_DEFINITION',
      overrides,
    }),
  );
  const arn = tasks?.[0]?.taskArn;
  if (arn === undefined) throw new Error(`${family} was not placed: ${JSON.stringify(failures)}`);
  const { taskDefinition: definition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family }));
  if (definition === undefined) throw new Error(`${family} is not there`);
  const containers = definition.containerDefinitions ?? [];
  const task = await eventually(`${family} runs`, 60_000, async (): Promise<Task | undefined> => {
    const described = await ecs.send(new DescribeTasksCommand({ tasks: [arn], include: ['TAGS'] }));
    const one = described.tasks?.[0];
    if (one?.lastStatus === 'STOPPED') throw new Error(`${one.stoppedReason}: ${JSON.stringify(one.containers)}`);
    const healthy = one?.healthStatus === 'HEALTHY' || containers.every(({ healthCheck }) => healthCheck === undefined);
    return one?.lastStatus === 'RUNNING' && healthy ? one : undefined;
  });
  const engines = new Map<string, EngineContainer>();
  const told = new Map<string, ReadonlyMap<string, string>>();
  const labels = new Map<string, Readonly<Record<string, string>>>();
  for (const { name = '', runtimeId = '', lastStatus } of task.containers ?? []) {
    const [engine] = JSON.parse(await must('docker', ['inspect', runtimeId])) as EngineContainer[];
    if (engine !== undefined) engines.set(name, engine);
    for (const { Name } of engine?.Mounts ?? []) {
      if (Name === undefined || labels.has(Name)) continue;
      const [volume] = JSON.parse(await must('docker', ['volume', 'inspect', Name])) as {
        Labels: Record<string, string>;
      }[];
      labels.set(Name, volume?.Labels ?? {});
    }
    const stream = `seen/${name}/${arn.slice(arn.lastIndexOf('/') + 1)}`;
    if (lastStatus === 'RUNNING' && tells(containers.find((each) => each.name === name))) {
      told.set(name, await listen(installation, logGroup, stream));
    }
  }
  return {
    definition,
    task,
    saw: (name, probe) => need(told.get(name)?.get(probe), `${name} did not tell ${probe}`),
    engine: (name) => need(engines.get(name), `the engine has no ${name}`),
    volumeLabels: (name) => need(labels.get(name), `no volume ${name} is mounted`),
  };
}

function tells(container: ContainerDefinition | undefined): boolean {
  return container?.command?.[0]?.includes('told=everything') === true;
}

/** What a container told, by the names of its probes. */
async function listen(
  installation: TestInstallation,
  logGroupName: string,
  logStreamName: string,
): Promise<ReadonlyMap<string, string>> {
  const logs = new CloudWatchLogsClient(clientConfig(installation));
  return eventually(`${logStreamName} has told everything`, 30_000, async () => {
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }),
    );
    const lines = events.map(({ message = '' }) => message.trimEnd());
    if (!lines.includes('told=everything')) return undefined;
    return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()]));
  });
}

function need<Value>(value: Value | undefined, problem: string): Value {
  if (value === undefined) throw new Error(problem);
  return value;
}
