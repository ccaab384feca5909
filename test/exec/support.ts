import { mkdtempSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateLogGroupCommand, CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeImagesCommand, DescribeSubnetsCommand, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ExecuteCommandCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  waitUntilTasksRunning,
} from '@aws-sdk/client-ecs';
import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { ResumeSessionCommand, SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../../src/base/clock.ts';
import { systemIds } from '../../src/base/ids.ts';
import { locate } from '../../src/cli/prepare/packages.ts';
import { DataChannelClient, type ChannelAccess } from '../../src/gateway/client.ts';
import { smuxData, smuxOpen, SmuxReader } from '../../src/gateway/smux.ts';
import { eventually, must } from '../support/clients.ts';
import type { TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

/** An image with nothing but a shell, made on this machine. */
export async function shellImage(tag: string): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'stowage-shell-'));
  try {
    copyFileSync(locate('busybox') ?? '/bin/busybox', join(context, 'busybox'));
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n',
    );
    await must('docker', ['build', '--quiet', '--tag', tag, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** The SDK's clients that sessions need. */
export function clientsOf(installation: TestInstallation) {
  const config = {
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  return {
    ...sdk(installation),
    ssm: new SSMClient(config),
    logs: new CloudWatchLogsClient(config),
    kms: new KMSClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
  };
}

export const role = 'arn:aws:iam::000000000000:role/exec';

/** Runs a task of two containers, `main` and `side`, in which commands may be executed; answers its ARN. */
export async function runShellTask(installation: TestInstallation, image: string): Promise<string> {
  const { ecs, ec2, logs } = clientsOf(installation);
  await ecs.send(new CreateClusterCommand({ clusterName: 'exec' }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/exec' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'shell',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      taskRoleArn: role,
      executionRoleArn: role,
      containerDefinitions: [
        {
          name: 'main',
          image,
          user: '1000',
          environment: [{ name: 'COLOUR', value: 'green' }],
          command: ['httpd', '-f', '-p', '8080', '-h', '/'],
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': '/exec', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'main' },
          },
        },
        { name: 'side', image, command: ['sleep', '1000'] },
      ],
    }),
  );
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  const { tasks } = await ecs.send(
    new RunTaskCommand({
      cluster: 'exec',
      taskDefinition: 'shell',
      launchType: 'FARGATE',
      enableExecuteCommand: true,
      networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets?.[0]?.SubnetId ?? ''] } },
    }),
  );
  const arn = tasks?.[0]?.taskArn ?? '';
  const options = { client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 };
  await waitUntilTasksRunning(options, { cluster: 'exec', tasks: [arn] });
  return arn;
}

/** The engine's id of a task's container. */
export async function runtimeIdOf(installation: TestInstallation, task: string, name: string): Promise<string> {
  const { tasks } = await clientsOf(installation).ecs.send(
    new DescribeTasksCommand({ cluster: 'exec', tasks: [task] }),
  );
  return tasks?.[0]?.containers?.find((container) => container.name === name)?.runtimeId ?? '';
}

/** A client's end of a session that collects what it hears. */
export class Listener {
  readonly client: DataChannelClient;
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  onData: (data: Uint8Array) => void = () => {};
  readonly flags: number[] = [];

  /** `target` is what the session is with, for KMS. */
  constructor(installation: TestInstallation, access: ChannelAccess & { sessionId: string }, target = '') {
    const { ssm, kms } = clientsOf(installation);
    this.client = new DataChannelClient({
      clock: systemClock,
      ids: systemIds,
      access,
      resume: async () => {
        const { StreamUrl, TokenValue } = await ssm.send(new ResumeSessionCommand({ SessionId: access.sessionId }));
        return StreamUrl === undefined || TokenValue === undefined
          ? undefined
          : { streamUrl: StreamUrl, tokenValue: TokenValue };
      },
      generateDataKey: async (KeyId) => {
        const EncryptionContext = { 'aws:ssm:SessionId': access.sessionId, 'aws:ssm:TargetId': target };
        const made = await kms.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 64, EncryptionContext }));
        const { Plaintext: plaintext = new Uint8Array(), CiphertextBlob: ciphertext = new Uint8Array() } = made;
        return { plaintext, ciphertext };
      },
      onData: (data) => {
        this.chunks.push(data);
        this.bytes += data.length;
        this.onData(data);
      },
      onFlag: (flag) => this.flags.push(flag),
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  type(text: string): Promise<void> {
    return this.client.send(Buffer.from(text));
  }

  /** Resolves once it has heard what matches, in what came after everything matched before. */
  async hears(pattern: RegExp): Promise<string> {
    const found = await eventually(
      `the session says ${pattern}, and not only ${JSON.stringify(this.text)}`,
      10_000,
      () => {
        const match = pattern.exec(this.text);
        return match === null ? undefined : match[0];
      },
    );
    this.chunks.length = 0;
    return found;
  }
}

/** Executes a command in a container of the task; `target` is the session's, where its cluster has a key for it. */
export async function execute(
  installation: TestInstallation,
  task: string,
  command: string,
  container = 'main',
  target = '',
): Promise<Listener & { readonly id: string }> {
  const { session } = await clientsOf(installation).ecs.send(
    new ExecuteCommandCommand({ cluster: 'exec', task, container, command, interactive: true }),
  );
  const { sessionId = '', streamUrl = '', tokenValue = '' } = session ?? {};
  const listener = new Listener(installation, { sessionId, streamUrl, tokenValue }, target);
  return Object.assign(listener, { id: sessionId });
}

/** Starts a session of Session Manager with a container of the task. */
export async function startSession(
  installation: TestInstallation,
  task: string,
  document: string,
  parameters: Record<string, string[]>,
): Promise<Listener & { readonly id: string }> {
  const {
    SessionId = '',
    StreamUrl = '',
    TokenValue = '',
  } = await clientsOf(installation).ssm.send(
    new StartSessionCommand({
      Target: await targetOf(installation, task),
      DocumentName: document,
      Parameters: parameters,
    }),
  );
  const access = { sessionId: SessionId, streamUrl: StreamUrl, tokenValue: TokenValue };
  return Object.assign(new Listener(installation, access), { id: SessionId });
}

/** The target by which Session Manager knows the task's container `main`. */
export async function targetOf(installation: TestInstallation, task: string): Promise<string> {
  return `ecs:exec_${task.slice(task.lastIndexOf('/') + 1)}_${await runtimeIdOf(installation, task, 'main')}`;
}

/** Sends text through connections of their own of a port session, all at once; answers what came back on each. */
export async function throughPort(session: Listener, texts: readonly string[]): Promise<Buffer[]> {
  const reader = new SmuxReader();
  const streams = texts.map((text, index) => ({ text, number: 2 * index + 3, heard: [] as Uint8Array[], over: false }));
  session.onData = (bytes) => {
    for (const event of reader.read(bytes)) {
      const stream = streams.find(({ number }) => number === event.stream);
      if (stream === undefined) continue;
      if (event.kind === 'data') stream.heard.push(Uint8Array.from(event.data));
      if (event.kind === 'finish') stream.over = true;
    }
  };
  for (const { number, text } of streams) {
    await session.client.send(Buffer.concat([smuxOpen(number), ...smuxData(number, Buffer.from(text))]));
  }
  await eventually('every connection is over', 20_000, () => (streams.every(({ over }) => over) ? true : undefined));
  return streams.map(({ heard }) => Buffer.concat(heard));
}

/** Runs a task of one container, `main`, in bridge mode on an instance of its own, in the cluster `exec`; answers its ARN. */
export async function runInstanceTask(installation: TestInstallation, image: string): Promise<string> {
  const { ecs, ec2 } = clientsOf(installation);
  const { Images } = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*'] }] }),
  );
  await ec2.send(
    new RunInstancesCommand({
      ImageId: Images?.[0]?.ImageId,
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      UserData: Buffer.from('#!/bin/bash\necho ECS_CLUSTER=exec >> /etc/ecs/ecs.config\n').toString('base64'),
    }),
  );
  await eventually('the instance has registered', 30_000, async () => {
    const filter = 'agentConnected == true';
    const found = await ecs.send(new ListContainerInstancesCommand({ cluster: 'exec', filter }));
    return (found.containerInstanceArns ?? []).length > 0 ? true : undefined;
  });
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'bridge',
      networkMode: 'bridge',
      taskRoleArn: role,
      containerDefinitions: [{ name: 'main', image, memory: 64, command: ['httpd', '-f', '-p', '8080', '-h', '/'] }],
    }),
  );
  const { tasks } = await ecs.send(
    new RunTaskCommand({ cluster: 'exec', taskDefinition: 'bridge', launchType: 'EC2', enableExecuteCommand: true }),
  );
  const arn = tasks?.[0]?.taskArn ?? '';
  const options = { client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 };
  await waitUntilTasksRunning(options, { cluster: 'exec', tasks: [arn] });
  return arn;
}
