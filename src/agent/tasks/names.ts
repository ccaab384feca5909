import { createHash } from 'node:crypto';
import { parseArn } from '../../base/arn.ts';
import type { PayloadTask } from '../../wire/acs.ts';

/** The labels by which everything of ours on an engine is found again. */
export const labels = {
  installation: 'stowage.installation',
  task: 'stowage.task',
  container: 'stowage.container',
  /** The payload of the task without its credentials, as JSON: enough to go on with it after a restart. */
  payload: 'stowage.payload',
  /** Of a task's own containers: the id of the pause container whose namespaces they join. */
  pause: 'stowage.pause',
  /** Of a pause container that was made ahead of its task: what it was made for (see `src/agent/sandboxes`). */
  sandbox: 'stowage.sandbox',
  /** On the pause container of a container in bridge mode: its address and host ports, as JSON. */
  lease: 'stowage.lease',
  /** The machine that a container belongs to: an instance, or the host. */
  machine: 'stowage.machine',
  /** On the container that an instance is: its id. */
  instance: 'stowage.instance',
} as const;

/** The name of the pause container among the containers of its task, as the genuine agent calls it. */
export const pauseName = '~internal~ecs~pause';

/** The labels of one container: ours, and those that the genuine agent sets. */
export function labelsOf(installationId: string, task: PayloadTask, container: string): Record<string, string> {
  const { roleCredentials: _role, executionRoleCredentials: _execution, ...payload } = task;
  return {
    [labels.installation]: installationId,
    [labels.task]: task.arn,
    [labels.container]: container,
    [labels.payload]: JSON.stringify({ ...payload, desiredStatus: 'RUNNING' }),
    // Fargate names the cluster by its ARN, an agent of yours by what it was told to join.
    'com.amazonaws.ecs.cluster':
      task.launchType === 'FARGATE'
        ? task.taskClusterArn
        : task.taskClusterArn.slice(task.taskClusterArn.lastIndexOf('/') + 1),
    'com.amazonaws.ecs.container-name': container,
    'com.amazonaws.ecs.task-arn': task.arn,
    'com.amazonaws.ecs.task-definition-family': task.family,
    'com.amazonaws.ecs.task-definition-version': task.version,
  };
}

/**
 * `ecs-<family>-<version>-<container>-<hex>`, as the genuine agent names containers. The digits are derived from the task,
 * not drawn: a container whose creation was not noted before a crash is found under the name it must have.
 */
export function containerName(installationId: string, task: PayloadTask, container: string): string {
  const clean = container.replace(/[^a-zA-Z0-9_.-]/g, '');
  return `ecs-${task.family}-${task.version}-${clean}-${digest(installationId, task.arn, container).slice(0, 20)}`;
}

/** The id under which a container finds itself at the metadata endpoint. */
export function metadataId(installationId: string, task: PayloadTask, container: string): string {
  return `${taskIdOf(task.arn)}-${digest('metadata', installationId, task.arn, container).slice(0, 10)}`;
}

/** The name of a volume that lives and dies with its task. */
export function taskVolume(installationId: string, task: PayloadTask, volume: string): string {
  return `ecs-${task.family}-${task.version}-${volume}-${digest(installationId, task.arn, 'volume', volume).slice(0, 20)}`;
}

/** The labels by which a volume that lives and dies with its task is found again, whatever became of the task. */
export function volumeLabels(installationId: string, task: PayloadTask): Record<string, string> {
  return { [labels.installation]: installationId, [labels.task]: task.arn };
}

/** The last part of a task's ARN. */
export function taskIdOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** Where a task belongs. */
export function scopeOfTask(arn: string): { readonly region: string; readonly account: string } {
  const parsed = parseArn(arn);
  return { region: parsed?.region ?? '', account: parsed?.account ?? '' };
}

/** Hexadecimal digits that follow from what they are made of, and from nothing else. */
export function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}
