import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readFile } from 'node:fs/promises';
import { arch } from 'node:process';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { locate } from '../../src/cli/prepare/packages.ts';
import { createDocker } from '../../src/drivers/docker/engine.ts';
import { tarOf } from '../../src/drivers/docker/tar.ts';
import { eventually, must } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';
import { definitions, type DefinitionName } from './definitions.ts';
import { rows, type EngineContainer, type Seen } from './rows.ts';

const image = 'stowage-test-fields:1';
const logGroup = '/fields';
const docker = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
const seen = new Map<DefinitionName, Seen>();

let installation: TestInstallation;

beforeAll(async () => {
  const shell = await readFile(locate('busybox') ?? '/bin/busybox');
  await docker.importImage(image, tarOf([{ path: 'bin/sh', data: shell }]), { entryPoint: ['/bin/sh'] });
  installation = await startInstallation();
  const { ecs } = sdk(installation);
  await ecs.send(new CreateClusterCommand({}));
  await new IAMClient(clientConfig()).send(
    new CreateRoleCommand({
      RoleName: 'fields',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
  const s3 = new S3Client({ ...clientConfig(), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'fields' }));
  const files = ['# Numbers\nNUMBER=one\nCOLOUR=red\nEMPTY=\n', 'NUMBER=two\r\nPLANET="Mars" = red\r\n'];
  const environmentFiles = await Promise.all(
    files.map(async (Body, index) => {
      await s3.send(new PutObjectCommand({ Bucket: 'fields', Key: `of the app/${index}.env`, Body }));
      return `arn:aws:s3:::fields/of the app/${index}.env`;
    }),
  );
  const all = definitions({ image, logGroup, environmentFiles, architecture: arch === 'arm64' ? 'ARM64' : 'X86_64' });
  await Promise.all(
    Object.entries(all).map(async ([name, input]) => {
      await ecs.send(new RegisterTaskDefinitionCommand(input));
      seen.set(name as DefinitionName, await look(input.family ?? ''));
    }),
  );
});
afterAll(async () => {
  installation?.remove();
  await must('docker', ['rmi', '-f', image]);
  await docker.close();
});

function clientConfig() {
  return {
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

/** Runs a task of a definition and answers what is seen of it once all its containers have told what they see. */
async function look(family: string): Promise<Seen> {
  const { ecs, ec2 } = sdk(installation);
  const logs = new CloudWatchLogsClient(clientConfig());
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  const { tasks } = await ecs.send(
    new RunTaskCommand({
      taskDefinition: family,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets?.[0]?.SubnetId ?? ''] } },
      propagateTags: 'TASK_DEFINITION',
    }),
  );
  const arn = tasks?.[0]?.taskArn ?? '';
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family }));
  const task = await eventually(`${family} runs`, 60_000, async (): Promise<Task | undefined> => {
    const described = await ecs.send(new DescribeTasksCommand({ tasks: [arn], include: ['TAGS'] }));
    const one = described.tasks?.[0];
    if (one?.lastStatus === 'STOPPED') throw new Error(`${one.stoppedReason}: ${JSON.stringify(one.containers)}`);
    const checked = taskDefinition?.containerDefinitions?.some(({ healthCheck }) => healthCheck !== undefined);
    const healthy = checked !== true || one?.healthStatus === 'HEALTHY';
    return one?.lastStatus === 'RUNNING' && healthy ? one : undefined;
  });
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  const told = new Map<string, ReadonlyMap<string, string>>();
  const engines = new Map<string, EngineContainer>();
  for (const { name = '', runtimeId = '', lastStatus } of task.containers ?? []) {
    const inspected = JSON.parse(await must('docker', ['inspect', runtimeId])) as EngineContainer[];
    const [engine] = inspected;
    if (engine !== undefined) engines.set(name, engine);
    if (
      lastStatus !== 'RUNNING' ||
      taskDefinition?.containerDefinitions?.find((each) => each.name === name)?.command?.[0]?.includes('told=') !== true
    )
      continue;
    told.set(
      name,
      await eventually(`${family}/${name} has told everything`, 30_000, async () => {
        const { events } = await logs.send(
          new GetLogEventsCommand({ logGroupName: logGroup, logStreamName: `seen/${name}/${id}`, startFromHead: true }),
        );
        const lines = (events ?? []).map(({ message = '' }) => message.trimEnd());
        if (!lines.includes('told=everything')) return undefined;
        return new Map(
          lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()]),
        );
      }),
    );
  }
  if (taskDefinition === undefined) throw new Error(`${family} is not there`);
  return {
    definition: taskDefinition,
    task,
    saw(container, probe) {
      const value = told.get(container)?.get(probe);
      if (value === undefined) throw new Error(`${container} did not tell ${probe}`);
      return value;
    },
    engine(container) {
      const found = engines.get(container);
      if (found === undefined) throw new Error(`the engine has no ${container}`);
      return found;
    },
  };
}

describe('a task definition says, and on the machine it is so:', () => {
  test.each(Object.entries(rows).flatMap(([path, row]) => ('effect' in row ? [[path, row] as const] : [])))(
    '%s',
    (_, { on, effect }) => {
      const one = seen.get(on);
      if (one === undefined) throw new Error(`nothing was seen of ${on}`);
      effect(one);
    },
  );
});
