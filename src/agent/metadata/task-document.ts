import { given } from '../../base/given.ts';
import { isoOf } from '../../base/clock.ts';
import type { ContainerDetails } from '../../drivers/docker/driver.ts';
import type { ClockDrift } from '../../drivers/time/time-source.ts';
import { mebibytes, type StorageUse } from '../storage/storage.ts';
import { statusOf } from '../tasks/report.ts';
import type { TaskView } from '../tasks/view.ts';
import { placeOf } from './lookup.ts';
import {
  at,
  containerDocument,
  knownStatus,
  pauseDocument,
  type DescribedContainer,
  type MetadataVersion,
} from './container-document.ts';

/** What a task's document is made of beyond the task itself. */
export interface DescribedTask {
  readonly containers: readonly DescribedContainer[];
  /** Of the container that holds its network. */
  readonly pause?: ContainerDetails;
  readonly availabilityZone?: string;
  /** What `ListTagsForResource` answered: tags, or in which way it failed. */
  readonly tags?: TagsAnswer;
  readonly storage?: StorageUse;
  readonly drift?: ClockDrift;
}

/** The tags of a task, or the error that came instead, as version 4 shows it. */
export type TagsAnswer =
  | { readonly tags: Readonly<Record<string, string>> }
  | {
      readonly error: {
        readonly message: string;
        /** Absent, like the status, when nobody answered. */
        readonly code?: string;
        readonly status?: number;
        readonly requestId: string;
      };
    };

/** A task as the metadata endpoint shows it ("Task metadata v4 JSON response", ECS Developer Guide). */
export function taskDocument(
  version: MetadataVersion,
  installationId: string,
  task: TaskView,
  described: DescribedTask,
): Record<string, unknown> {
  const { payload } = task;
  const fargate = payload.launchType === 'FARGATE';
  const showsPause = !fargate && payload.networkMode === 'awsvpc' && task.pause.id !== undefined;
  return {
    // Fargate names the cluster by its ARN, an agent of yours by what it was told to join.
    Cluster: fargate
      ? payload.taskClusterArn
      : payload.taskClusterArn.slice(payload.taskClusterArn.lastIndexOf('/') + 1),
    TaskARN: payload.arn,
    Family: payload.family,
    Revision: payload.version,
    DesiredStatus: task.desired,
    KnownStatus: taskStatus(task),
    Containers: [
      ...(showsPause ? [pauseDocument(version, installationId, task, described.pause)] : []),
      ...described.containers
        .filter(({ view }) => view.id !== undefined || view.pulled)
        .map((each) => containerDocument(version, installationId, task, each)),
    ],
    ...(payload.cpu === undefined && payload.memory === undefined
      ? {}
      : { Limits: { ...given('CPU', payload.cpu), ...given('Memory', payload.memory) } }),
    ...at('PullStartedAt', task.pullStartedAt),
    ...at('PullStoppedAt', task.pullStoppedAt),
    ...at('ExecutionStoppedAt', task.executionStoppedAt),
    ...given('AvailabilityZone', described.availabilityZone),
    ...tagsOf(version, payload.arn, described.tags),
    ...(version === 'v4'
      ? {
          LaunchType: payload.launchType,
          ...(fargate ? {} : given('VPCID', placeOf(task)?.vpcId)),
          ...(payload.serviceName === '' ? {} : { ServiceName: payload.serviceName }),
          ...given('ClockDrift', driftOf(described.drift)),
          ...given('EphemeralStorageMetrics', storageOf(described.storage)),
          FaultInjectionEnabled: payload.enableFaultInjection === true,
        }
      : {}),
  };
}

/** "Amazon ECS task metadata v4 JSON response for tasks on Fargate": milliseconds, and MiB. */
function driftOf(drift: ClockDrift | undefined): Record<string, unknown> | undefined {
  return (
    drift && {
      ClockErrorBound: drift.errorBoundMs,
      ReferenceTimestamp: isoOf(drift.referenceAt),
      ClockSynchronizationStatus: drift.synchronized ? 'SYNCHRONIZED' : 'NOT_SYNCHRONIZED',
    }
  );
}

function storageOf(storage: StorageUse | undefined): Record<string, number> | undefined {
  return storage && { Utilized: mebibytes(storage.used), Reserved: mebibytes(storage.reserved) };
}

/** How far the slowest of its containers has come, in the words of `ecs-agent/api/task/status`. */
function taskStatus(task: TaskView): string {
  const known = statusOf(task);
  if (known !== 'PENDING') return known;
  const steps = ['NONE', 'PULLED', 'CREATED', 'RUNNING', 'STOPPED'];
  const slowest = Math.min(...task.containers.map((each) => steps.indexOf(knownStatus(each))));
  return ['NONE', 'NONE', 'CREATED', 'RUNNING', 'RUNNING'][slowest] ?? 'NONE';
}

function tagsOf(version: MetadataVersion, taskArn: string, answer: TagsAnswer | undefined): Record<string, unknown> {
  if (answer === undefined) return {};
  if ('tags' in answer) return Object.keys(answer.tags).length === 0 ? {} : { TaskTags: answer.tags };
  if (version !== 'v4') return {};
  const { code, message, status, requestId } = answer.error;
  return {
    Errors: [
      {
        ErrorField: 'TaskTags',
        ...given('ErrorCode', code),
        ErrorMessage: message,
        ...given('StatusCode', status),
        ...(requestId === '' ? {} : { RequestId: requestId }),
        ResourceARN: taskArn,
      },
    ],
  };
}
