import type { ExecuteCommandCommandInput, ExecuteCommandConfiguration } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { AwsError } from '../../base/errors.ts';
import type { Task } from '../../model/ecs/task.ts';
import * as fleetTables from '../../store/tables/fleet.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { ssmSessions } from '../../store/tables/sessions.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb, web } from './fixture.ts';

const taskRoleArn = 'arn:aws:iam::000000000000:role/task';
const logConfiguration = {
  logDriver: 'awslogs' as const,
  options: { 'awslogs-group': '/web', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'web' },
};

/** A task of two containers whose agents run, as far as they are said to. */
function fixture(more: { connected?: boolean; exec?: boolean; cluster?: ExecuteCommandConfiguration } = {}) {
  const { ecs, store } = ecsFixture();
  const cluster = { clusterName: 'here', configuration: { executeCommandConfiguration: more.cluster ?? {} } };
  ecs.CreateCluster(cluster, ctx);
  const containerDefinitions = [
    { ...web, logConfiguration },
    { ...web, name: 'side', portMappings: [] },
  ];
  ecs.RegisterTaskDefinition({ ...fargateWeb, taskRoleArn, executionRoleArn: taskRoleArn, containerDefinitions }, ctx);
  const { tasks: made } = ecs.RunTask(
    {
      cluster: 'here',
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: awsvpc,
      enableExecuteCommand: more.exec ?? true,
    },
    ctx,
  );
  const arn = made?.[0]?.taskArn ?? '';
  const pending = made?.[0]?.containers?.[0]?.managedAgents;
  store.transact((tx) => {
    tx.update(tasks, arn, (task): Task => ({
      ...task,
      machineId: 'machine',
      containers: task.containers.map((container, index) => ({
        ...container,
        runtimeId: `runtime${index}`,
        ...(container.managedAgents === undefined
          ? {}
          : { managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: 'RUNNING', lastStartedAt: 1 }] }),
      })),
    }));
    tx.put(fleetTables.machines, { id: 'machine', connected: more.connected ?? true } as never);
  });
  const execute = (input: Partial<ExecuteCommandCommandInput> = {}) =>
    ecs.ExecuteCommand(
      { cluster: 'here', task: arn, container: 'web', command: 'sh', interactive: true, ...input },
      ctx,
    );
  return { ecs, store, arn, pending, execute };
}

function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return `${(error as AwsError).code}: ${(error as AwsError).message}`;
  }
  return 'not refused';
}

describe('ExecuteCommand', () => {
  it('begins a session in the container and tells how to reach it', () => {
    const { store, arn, pending, execute } = fixture();
    expect(pending).toEqual([{ name: 'ExecuteCommandAgent', lastStatus: 'PENDING' }]);
    const answer = execute({ task: arn.slice(arn.lastIndexOf('/') + 1), command: "sh -c 'a b'" });
    const id = answer.session?.sessionId ?? '';
    expect(answer).toMatchObject({ containerName: 'web', interactive: true, taskArn: arn });
    expect(id).toMatch(/^ecs-execute-command-0[0-9a-f]{16}$/);
    expect(answer.session?.streamUrl).toBe(`ws://127.0.0.1:4566/v1/data-channel/${id}?role=publish_subscribe`);
    expect(store.get(ssmSessions, id)).toMatchObject({
      target: `ecs:here_${arn.slice(arn.lastIndexOf('/') + 1)}_runtime0`,
      purpose: { kind: 'command', command: ['sh', '-c', 'a b'] },
      logging: { cloudWatch: { logGroup: '/web', region: 'eu-west-1' } },
      machineId: 'machine',
    });
  });

  it('logs where the cluster says', () => {
    const loggingOf = (cluster: ExecuteCommandConfiguration, container = 'web') => {
      const { store, execute } = fixture({ cluster });
      return store.get(ssmSessions, execute({ container }).session?.sessionId ?? '')?.logging;
    };
    expect(loggingOf({ logging: 'NONE' })).toEqual({});
    expect(loggingOf({ logging: 'DEFAULT' }, 'side')).toEqual({});
    const override = { cloudWatchLogGroupName: '/audit', cloudWatchEncryptionEnabled: true };
    expect(loggingOf({ logging: 'OVERRIDE', logConfiguration: override })).toEqual({
      cloudWatch: { region: 'us-east-1', logGroup: '/audit', encrypted: true },
    });
    const bucket = { s3BucketName: 'audit', s3KeyPrefix: '/exec/' };
    expect(loggingOf({ logging: 'OVERRIDE', logConfiguration: bucket })).toEqual({
      s3: { bucket: 'audit', prefix: 'exec', encrypted: false },
    });
  });

  it('encrypts with the key that the cluster names', () => {
    const kmsKeyOf = (cluster: ExecuteCommandConfiguration) => {
      const { store, execute } = fixture({ cluster });
      return store.get(ssmSessions, execute().session?.sessionId ?? '')?.kmsKeyId;
    };
    expect(kmsKeyOf({ kmsKeyId: 'alias/exec' })).toBe('alias/exec');
    expect(kmsKeyOf({})).toBeUndefined();
  });

  it.each<[string, Partial<ExecuteCommandCommandInput>, Parameters<typeof fixture>[0], string]>([
    ['in no cluster', { cluster: 'none' }, {}, 'ClusterNotFoundException: Cluster not found.'],
    ['in no task', { task: 'none' }, {}, 'InvalidParameterException: The referenced task was not found.'],
    ['in no container', { container: 'x' }, {}, 'InvalidParameterException: The task has no container named x.'],
    [
      'in one of several containers',
      { container: undefined },
      {},
      'InvalidParameterException: Container name can not be blank for a task with multiple containers.',
    ],
    [
      'without a terminal',
      { interactive: false },
      {},
      'InvalidParameterException: Interactive is the only mode supported currently.',
    ],
    ['of nothing', { command: ' ' }, {}, 'InvalidParameterException: Command can not be blank.'],
    [
      'with an open quote',
      { command: "echo 'a" },
      {},
      'InvalidParameterException: The command has a quote that is not closed.',
    ],
    [
      'where it was not enabled',
      {},
      { exec: false },
      'InvalidParameterException: The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.',
    ],
    [
      'on a machine that is away',
      {},
      { connected: false },
      'TargetNotConnectedException: The execute command failed due to an internal error. Try again later.',
    ],
  ])('%s is refused', (_what, input, state, refusal) => {
    const { execute } = fixture(state);
    expect(refusalOf(() => execute(input))).toBe(refusal);
  });
});

describe('ECS Exec', () => {
  const role =
    'because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.';

  it('needs a task role', () => {
    const { ecs } = ecsFixture();
    ecs.RegisterTaskDefinition(fargateWeb, ctx);
    const run = { taskDefinition: 'web', launchType: 'FARGATE' as const, networkConfiguration: awsvpc };
    const exec = { enableExecuteCommand: true };
    expect(refusalOf(() => ecs.RunTask({ ...run, ...exec }, ctx))).toBe(
      `InvalidParameterException: The task couldn't be created ${role}`,
    );
    const service = { ...run, serviceName: 's', desiredCount: 1 };
    expect(refusalOf(() => ecs.CreateService({ ...service, ...exec }, ctx))).toBe(
      `InvalidParameterException: The service couldn't be created ${role}`,
    );
    ecs.CreateService(service, ctx);
    expect(refusalOf(() => ecs.UpdateService({ service: 's', ...exec }, ctx))).toBe(
      `InvalidParameterException: The service couldn't be updated ${role}`,
    );
    const { tasks: made } = ecs.RunTask({ ...run, ...exec, overrides: { taskRoleArn } }, ctx);
    expect(made).toMatchObject([{ enableExecuteCommand: true }]);
  });

  it('is turned on for a service without a deployment of its own', () => {
    const { ecs } = ecsFixture();
    ecs.RegisterTaskDefinition({ ...fargateWeb, taskRoleArn }, ctx);
    ecs.CreateService(
      { serviceName: 's', taskDefinition: 'web', desiredCount: 1, launchType: 'FARGATE', networkConfiguration: awsvpc },
      ctx,
    );
    const { service } = ecs.UpdateService({ service: 's', enableExecuteCommand: true }, ctx);
    expect(service).toMatchObject({ enableExecuteCommand: true, deployments: [{ status: 'PRIMARY' }] });
  });

  it.each<[ExecuteCommandConfiguration, string]>([
    [
      { logging: 'SOME' as 'NONE' },
      "InvalidParameterException: The value 'SOME' of logging is not valid. Use NONE, DEFAULT or OVERRIDE.",
    ],
    [
      { logging: 'OVERRIDE' },
      'InvalidParameterException: A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration.',
    ],
    [
      { logging: 'NONE', logConfiguration: { cloudWatchLogGroupName: 'g' } },
      "InvalidParameterException: You must set logging to 'OVERRIDE' when you supply a log configuration.",
    ],
    [
      { logging: 'OVERRIDE', logConfiguration: { cloudWatchLogGroupName: 'a b' } },
      "InvalidParameterException: 'a b' is not a valid name of a log group.",
    ],
    [
      { logging: 'OVERRIDE', logConfiguration: { s3BucketName: 'B' } },
      "InvalidParameterException: 'B' is not a valid name of a bucket.",
    ],
  ])('of a cluster cannot be configured as %j', (executeCommandConfiguration, refusal) => {
    const { ecs } = ecsFixture();
    const configuration = { executeCommandConfiguration };
    expect(refusalOf(() => ecs.CreateCluster({ clusterName: 'c', configuration }, ctx))).toBe(refusal);
  });
});
