import type { RunTaskCommandInput, StartTaskCommandInput } from '@aws-sdk/client-ecs';
import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import type { Cluster } from '../../model/ecs/cluster.ts';
import { newTaskTags, type TaskOrder } from '../../model/ecs/new-task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { readAwsvpc } from './awsvpc.ts';
import { invalidParameter, notSupported } from './errors.ts';
import { needTaskRole } from './exec-rules.ts';
import type { Launch } from './launch.ts';
import { checkOneOf } from './one-of.ts';
import { readTags } from './tag-rules.ts';
import { readOverrides } from './task-overrides.ts';

/** What RunTask and StartTask have in common: the order of one task, placed nowhere. Throws as they do. */
export function orderOf(
  reader: Reader,
  cluster: Cluster,
  definition: TaskDefinition,
  launch: Launch,
  input: RunTaskCommandInput | StartTaskCommandInput,
  ctx: Ctx,
): TaskOrder {
  if ((input.volumeConfigurations?.length ?? 0) > 0) throw notSupported('volumeConfigurations');
  if ((input.startedBy?.length ?? 0) > 128) throw invalidParameter('startedBy can have at most 128 characters.');
  if ((input.referenceId?.length ?? 0) > 1024) throw invalidParameter('referenceId can have at most 1024 characters.');
  if (input.group?.startsWith('service:') === true) {
    throw invalidParameter("Groups that begin with 'service:' are reserved for the tasks of services.");
  }
  checkOneOf('propagateTags', input.propagateTags, ['TASK_DEFINITION', 'SERVICE', 'NONE']);
  if (input.propagateTags === 'SERVICE') {
    throw invalidParameter('The SERVICE value of propagateTags is only valid for services.');
  }
  const awsvpc = readAwsvpc(reader, ctx, input.networkConfiguration, {
    networkMode: definition.document.networkMode,
    launchType: launch.launchType,
  });
  const overrides = readOverrides(input.overrides, definition, launch.launchType);
  if (input.enableExecuteCommand === true) needTaskRole(definition, overrides, "The task couldn't be created");
  const tags = newTaskTags({
    own: readTags(input.tags),
    propagateTags: input.propagateTags ?? 'NONE',
    enableECSManagedTags: input.enableECSManagedTags ?? false,
    definition: definition.tags,
    clusterName: cluster.name,
  });
  if (tags.length > 50) throw invalidParameter('tags can have at most 50 items.');
  return {
    scope: cluster,
    clusterArn: cluster.arn,
    definition,
    launchType: launch.launchType,
    ...given('platformVersion', launch.platformVersion),
    group: input.group ?? `family:${definition.family}`,
    ...given('startedBy', input.startedBy),
    overrides,
    enableExecuteCommand: input.enableExecuteCommand ?? false,
    tags,
    ...given('networkConfiguration', awsvpc),
    loadBalancers: [],
  };
}
