import type { ExecuteCommandCommandInput, ExecuteCommandCommandOutput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { execLogging } from '../../model/ecs/exec-logging.ts';
import type { Task, TaskContainer } from '../../model/ecs/task.ts';
import { splitCommand } from '../../model/ssm/command-line.ts';
import { sessionTarget } from '../../model/ssm/session.ts';
import { beginSession } from '../../store/sessions.ts';
import type { Reader } from '../../store/store.ts';
import { taskDefinitions } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter } from './errors.ts';
import { findTask, needCluster } from './find.ts';
import type { EcsHandlers } from './handler-types.ts';

/** ExecuteCommand ("ExecuteCommand", ECS API Reference): a session whose data channel the answer tells how to open. */
export function executeCommandHandlers(deps: ServiceDeps) {
  return {
    ExecuteCommand(input, ctx) {
      return executeCommand(deps, input, ctx);
    },
  } satisfies EcsHandlers;
}

function executeCommand(
  deps: ServiceDeps,
  input: ExecuteCommandCommandInput,
  ctx: Ctx,
): Omit<ExecuteCommandCommandOutput, '$metadata'> {
  const { store } = deps;
  const cluster = needCluster(store, ctx, input.cluster);
  if (input.interactive !== true) throw invalidParameter('Interactive is the only mode supported currently.');
  const command = splitCommand(input.command ?? '');
  if (command === undefined) throw invalidParameter('The command has a quote that is not closed.');
  if (command.length === 0) throw invalidParameter('Command can not be blank.');
  if (input.task === undefined || input.task === '') throw invalidParameter('Task can not be blank.');
  const task = findTask(store, cluster, input.task);
  if (task === undefined) throw invalidParameter('The referenced task was not found.');
  const container = containerOf(task, input.container);
  const { machineId, runtimeId } = needConnected(store, task, container);
  const kmsKeyId = cluster.configuration?.executeCommandConfiguration?.kmsKeyId;
  const access = beginSession(
    deps,
    {
      account: task.account,
      region: task.region,
      idPrefix: 'ecs-execute-command',
      target: sessionTarget(cluster.name, task.id, runtimeId),
      documentName: 'AmazonECS-ExecuteInteractiveCommand',
      owner: ctx.caller.arn,
      taskArn: task.arn,
      container: container.name,
      machineId,
      purpose: { kind: 'command', command },
      logging: loggingOf(store, cluster, task, container),
      ...(kmsKeyId === undefined || kmsKeyId === '' ? {} : { kmsKeyId }),
    },
    ctx.endpoint,
  );
  return {
    clusterArn: cluster.arn,
    containerArn: container.arn,
    containerName: container.name,
    interactive: true,
    session: access,
    taskArn: task.arn,
  };
}

/** "A container name only needs to be specified for tasks containing multiple containers." */
function containerOf(task: Task, name: string | undefined): TaskContainer {
  const [first, ...others] = task.containers;
  if (name === undefined || name === '') {
    if (first !== undefined && others.length === 0) return first;
    throw invalidParameter('Container name can not be blank for a task with multiple containers.');
  }
  const found = task.containers.find((container) => container.name === name);
  if (found === undefined) throw invalidParameter(`The task has no container named ${name}.`);
  return found;
}

/** Where the container runs, its agent ready. Throws as ECS does when commands cannot be executed in it. */
function needConnected(
  reader: Reader,
  task: Task,
  container: TaskContainer,
): { readonly machineId: string; readonly runtimeId: string } {
  const { machineId } = task;
  const { runtimeId, managedAgents = [] } = container;
  const running = managedAgents.some(({ lastStatus }) => lastStatus === 'RUNNING');
  if (machineId === undefined || runtimeId === undefined || !running) {
    throw invalidParameter(
      'The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.',
    );
  }
  if (reader.get(machines, machineId)?.connected !== true) {
    throw new AwsError(
      'TargetNotConnectedException',
      'The execute command failed due to an internal error. Try again later.',
    );
  }
  return { machineId, runtimeId };
}

function loggingOf(reader: Reader, cluster: Cluster, task: Task, container: TaskContainer) {
  const definition = reader.get(taskDefinitions, task.taskDefinitionArn)?.document;
  return execLogging(
    cluster.configuration?.executeCommandConfiguration,
    definition?.containerDefinitions?.find(({ name }) => name === container.name)?.logConfiguration,
    task.region,
  );
}
