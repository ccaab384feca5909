import type {
  AttachmentStateChange,
  ContainerStateChange,
  ManagedAgentStateChange,
  SubmitTaskStateChangeCommandInput,
} from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import { shortName, taskArn } from '../../model/ecs/arns.ts';
import type { ContainerReport, ManagedAgentReport, TaskReport } from '../../model/ecs/task-report.ts';
import type { Task } from '../../model/ecs/task.ts';
import { agentPaths } from '../../model/fleet/agent-paths.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { takeTaskReport } from '../../store/task-reports.ts';
import type { ServiceDeps } from '../deps.ts';
import { clientException, invalidParameter } from './errors.ts';
import { clusterArnOf, needCluster } from './find.ts';
import { findInstance } from './find-instance.ts';
import type { EcsHandlers } from './handler-types.ts';

/** What an agent hears of a report that was taken. */
const acknowledged = { acknowledgment: 'ACK' };

/**
 * What agents alone call: where their websockets are, and what became of their tasks. An agent drops the event that is
 * answered with InvalidParameterException, and repeats any other that failed for a day.
 */
export function agentReportHandlers({ store, clock }: ServiceDeps) {
  const take = (task: Task & { readonly machineId: string }, report: TaskReport): void => {
    store.transact((tx) => takeTaskReport(tx, task.machineId, task.arn, report, clock.now()));
  };
  return {
    /** Agents keep the answer for twelve hours: it is the name by which they found us. */
    DiscoverPollEndpoint(input, ctx) {
      const { containerInstance } = input;
      if (containerInstance !== undefined && containerInstance !== '') {
        const cluster = needCluster(store, ctx, input.cluster);
        if (findInstance(store, cluster, containerInstance) === undefined) {
          throw clientException('The referenced container instance was not found.');
        }
      }
      return {
        endpoint: `${ctx.endpoint}${agentPaths.control}`,
        telemetryEndpoint: `${ctx.endpoint}${agentPaths.telemetry}`,
      };
    },

    SubmitTaskStateChange(input, ctx) {
      const task = reportedTask(store, ctx, input.cluster, input.task);
      const attachments = (input.attachments ?? []).map((one) => readAttachment(task, one));
      // One that only tells of an attachment says nothing of the task.
      const { status = attachments.length > 0 ? 'PENDING' : undefined } = input;
      take(task, { ...readTaskReport({ ...input, status }), attachments });
      return acknowledged;
    },

    SubmitContainerStateChange(input, ctx) {
      const { cluster, task: name, ...change } = input;
      const task = reportedTask(store, ctx, cluster, name);
      take(task, { status: 'PENDING', reason: '', containers: [readContainer(change)] });
      return acknowledged;
    },

    /** Of attachments of instances and of block storage, of which there are none: an agent that tells of one is to forget it. */
    SubmitAttachmentStateChanges(input, ctx) {
      clusterArnOf(ctx, input.cluster);
      if ((input.attachments ?? []).length === 0) throw invalidParameter('attachments can not be empty.');
      for (const { attachmentArn } of input.attachments ?? []) {
        throw invalidParameter(`Referenced attachment was not found: ${attachmentArn ?? ''}`);
      }
      return acknowledged;
    },
  } satisfies EcsHandlers;
}

/** The task that an agent speaks of. Throws InvalidParameterException: of one that nobody knows there is nothing to say. */
function reportedTask(reader: Reader, ctx: Ctx, cluster: string | undefined, name: string | undefined) {
  if (name === undefined || name === '') throw invalidParameter('Task can not be blank.');
  // Not `needCluster`: its last tasks may stop after the cluster was deleted.
  const ofCluster = clusterArnOf(ctx, cluster);
  const task = reader.get(tasks, name.startsWith('arn:') ? name : taskArn(ctx, shortName(ofCluster), name));
  if (task?.machineId === undefined || task.clusterArn !== ofCluster || scopeOf(task) !== scopeOf(ctx)) {
    throw invalidParameter('Referenced task was not found.');
  }
  return { ...task, machineId: task.machineId };
}

function readAttachment({ networkInterface }: Task, { attachmentArn = '', status }: AttachmentStateChange) {
  if (networkInterface === undefined || !attachmentArn.endsWith(`attachment/${networkInterface.attachmentId}`)) {
    throw invalidParameter(`Referenced attachment was not found: ${attachmentArn}`);
  }
  if (status !== 'ATTACHED' && status !== 'DETACHED') {
    throw invalidParameter(`status must be one of ATTACHED, DETACHED, and is ${status}.`);
  }
  return { attachmentArn, status } as const;
}

function readTaskReport(input: SubmitTaskStateChangeCommandInput): TaskReport {
  return {
    status: readStatus(input.status),
    reason: input.reason ?? '',
    containers: (input.containers ?? []).map(readContainer),
    ...given('managedAgents', input.managedAgents?.map(readManagedAgent)),
    ...given('pullStartedAt', input.pullStartedAt?.getTime()),
    ...given('pullStoppedAt', input.pullStoppedAt?.getTime()),
    ...given('executionStoppedAt', input.executionStoppedAt?.getTime()),
  };
}

function readContainer(change: ContainerStateChange): ContainerReport {
  const { containerName, status, runtimeId, exitCode, reason, imageDigest, networkBindings } = change;
  if (containerName === undefined || containerName === '') throw invalidParameter('Container name can not be blank.');
  return {
    containerName,
    status: readStatus(status),
    ...given('runtimeId', runtimeId),
    ...given('exitCode', exitCode),
    ...given('reason', reason === '' ? undefined : reason),
    ...given('imageDigest', imageDigest),
    ...given(
      'networkBindings',
      networkBindings?.map((one) => ({
        ...given('bindIP', one.bindIP),
        ...given('containerPort', one.containerPort),
        ...given('hostPort', one.hostPort),
        ...given('protocol', one.protocol),
        ...given('containerPortRange', one.containerPortRange),
        ...given('hostPortRange', one.hostPortRange),
      })),
    ),
  };
}

function readManagedAgent(change: ManagedAgentStateChange): ManagedAgentReport {
  const { managedAgentName = '', containerName = '', status, reason } = change;
  return { managedAgentName, containerName, status: readStatus(status), ...given('reason', reason) };
}

const statuses = ['PENDING', 'RUNNING', 'STOPPED'] as const;

function readStatus(status: string | undefined): (typeof statuses)[number] {
  const known = statuses.find((one) => one === status);
  if (known === undefined) throw invalidParameter(`status must be one of ${statuses.join(', ')}, and is ${status}.`);
  return known;
}
