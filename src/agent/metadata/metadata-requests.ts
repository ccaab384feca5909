import { messageOf } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { TimeSource } from '../../drivers/time/time-source.ts';
import { AwsCallError, type AwsClient } from '../aws/client.ts';
import { ecs, ecsTarget } from '../aws/ecs.ts';
import type { TaskStorage } from '../storage/storage.ts';
import { repositoryOf } from '../tasks/images.ts';
import { scopeOfTask } from '../tasks/names.ts';
import type { ContainerView, TaskView } from '../tasks/view.ts';
import { json, type Answer } from './answer.ts';
import { containerDocument, type DescribedContainer, type MetadataVersion } from './container-document.ts';
import { findContainer, isCreated, type Asker, type Found } from './lookup.ts';
import type { ContainerUse, Stats } from './stats.ts';
import { taskDocument, type TagsAnswer } from './task-document.ts';

/** What metadata is made from. */
export interface MetadataSources {
  readonly docker: DockerDriver;
  readonly installationId: string;
  readonly aws: AwsClient;
  readonly stats: Stats;
  readonly storage: Pick<TaskStorage, 'of'>;
  readonly timeSource?: TimeSource;
}

/** A request for metadata: who asks, and which tasks that may be. */
export interface MetadataRequest {
  readonly asker: Asker;
  readonly own: readonly TaskView[];
  /** The zone of the asker's subnet. */
  readonly zoneOf: (task: TaskView) => string | undefined;
}

/** `/v4/<id>` and what is below it. Texts are those of the agent (`ecs-agent/tmds/handlers/v4`). */
export async function version4(
  sources: MetadataSources,
  request: MetadataRequest,
  id: string,
  rest: string,
): Promise<Answer> {
  const found = findContainer(sources.installationId, request.own, id);
  const lost = (handler: string, what: 'container' | 'task'): Answer =>
    json(404, `V4 ${handler} handler: ${notFound(what, id)}`);
  switch (rest) {
    case '':
      return found === undefined
        ? lost('container metadata', 'container')
        : json(200, await showContainer(sources, 'v4', found));
    case '/task':
    case '/taskWithTags':
      return found === undefined
        ? lost('task metadata', 'task')
        : json(200, await showTask(sources, 'v4', request, found.task, rest === '/taskWithTags'));
    case '/stats': {
      if (found === undefined) return lost('container stats', 'task');
      const use = await useOf(sources, found);
      if (use === undefined) return json(500, `Unable to get container stats for: ${found.container.id}`);
      return json(200, withRate(use));
    }
    case '/task/stats':
      return found === undefined
        ? lost('task stats', 'task')
        : json(200, await taskStats(sources, found.task, (use) => (use === undefined ? {} : withRate(use))));
    default:
      return json(404, undefined);
  }
}

/** `/v3/<id>` and what is below it (`agent/handlers/v3`). */
export async function version3(
  sources: MetadataSources,
  request: MetadataRequest,
  id: string,
  rest: string,
): Promise<Answer> {
  const found = findContainer(sources.installationId, request.own, id);
  const lost = (status: number, handler: string, what: 'container' | 'task'): Answer =>
    json(status, `V3 ${handler} handler: ${notFound(what, id)}`);
  switch (rest) {
    case '':
      return found === undefined
        ? lost(500, 'container metadata', 'container')
        : json(200, await showContainer(sources, 'v3', found));
    case '/task':
    case '/taskWithTags':
      return found === undefined
        ? lost(500, 'task metadata', 'task')
        : json(200, await showTask(sources, 'v3', request, found.task, rest === '/taskWithTags'));
    case '/stats':
      return found === undefined ? lost(400, 'container stats', 'task') : containerStats(sources, found);
    case '/task/stats':
      return found === undefined
        ? lost(400, 'task stats', 'task')
        : json(200, await taskStats(sources, found.task, (use) => use?.docker ?? null));
    default:
      return json(404, undefined);
  }
}

/** `/v2/metadata` and `/v2/stats`: a task is known by its address, a container by the engine's id (`agent/handlers/v2`). */
export async function version2(
  sources: MetadataSources,
  request: MetadataRequest,
  what: 'metadata' | 'metadataWithTags' | 'stats',
  containerId: string,
): Promise<Answer> {
  const [task, ...others] = request.own;
  if (task === undefined || others.length > 0) {
    return json(400, `Unable to get task arn from request: unable to associate '${request.asker.address}' with task`);
  }
  if (containerId === '') {
    return what === 'stats'
      ? json(200, await taskStats(sources, task, (use) => use?.docker ?? null))
      : json(200, await showTask(sources, 'v2', request, task, what === 'metadataWithTags'));
  }
  const container = task.containers.filter(isCreated).find(({ id }) => id === containerId);
  if (what === 'stats') {
    return container === undefined
      ? json(400, `Unable to get container stats for: ${containerId}`)
      : containerStats(sources, { task, container });
  }
  return container === undefined
    ? json(400, `Unable to generate metadata for container '${containerId}'`)
    : json(200, await showContainer(sources, 'v2', { task, container }));
}

function notFound(what: 'container' | 'task', id: string): string {
  return what === 'container'
    ? `unable to get container ID from request: unable to get docker ID from v3 endpoint ID: ${id}`
    : `unable to get task arn from request: unable to get task Arn from v3 endpoint ID: ${id}`;
}

async function showContainer(sources: MetadataSources, version: MetadataVersion, { task, container }: Found) {
  return containerDocument(version, sources.installationId, task, await describe(sources, container));
}

async function showTask(
  sources: MetadataSources,
  version: MetadataVersion,
  { zoneOf }: MetadataRequest,
  task: TaskView,
  withTags: boolean,
) {
  const own = version === 'v4' && task.payload.launchType === 'FARGATE';
  const [containers, pause, tags, storage, drift] = await Promise.all([
    Promise.all(task.containers.map((container) => describe(sources, container))),
    task.payload.launchType === 'FARGATE' ? undefined : detailsOf(sources, task.pause.id),
    withTags ? tagsOf(sources, task) : undefined,
    // What cannot be measured now is not spoken of.
    own ? sources.storage.of(task).catch(() => undefined) : undefined,
    own ? sources.timeSource?.drift() : undefined,
  ]);
  const availabilityZone = zoneOf(task);
  return taskDocument(version, sources.installationId, task, {
    containers,
    ...(pause === undefined ? {} : { pause }),
    ...(tags === undefined ? {} : { tags }),
    ...given('storage', storage),
    ...given('drift', drift),
    ...(availabilityZone === undefined ? {} : { availabilityZone }),
  });
}

async function describe(sources: MetadataSources, view: ContainerView): Promise<DescribedContainer> {
  const details = await detailsOf(sources, view.id);
  const imageDigest = view.imageDigest ?? (await imageDigestOf(sources, view.spec.image, details?.imageId));
  return {
    view,
    ...(details === undefined ? {} : { details }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
  };
}

/** What the engine says of a container; nothing while it does not answer. */
async function detailsOf({ docker }: MetadataSources, id: string | undefined) {
  return id === undefined ? undefined : docker.details(id).catch(() => undefined);
}

async function imageDigestOf(
  { docker }: MetadataSources,
  image: string,
  imageId: string | undefined,
): Promise<string | undefined> {
  if (imageId === undefined) return undefined;
  const found = await docker.image(imageId).catch(() => undefined);
  const pulled = found?.repoDigests.find((each) => each.startsWith(`${repositoryOf(image)}@`));
  return pulled === undefined ? imageId : pulled.slice(pulled.indexOf('@') + 1);
}

async function useOf({ stats }: MetadataSources, found: Found): Promise<ContainerUse | undefined> {
  if (found.container.phase !== 'running') return undefined;
  return stats.of(found).catch(() => undefined);
}

async function containerStats(sources: MetadataSources, found: Found): Promise<Answer> {
  const use = await useOf(sources, found);
  return use === undefined
    ? json(400, `Unable to get container stats for: ${found.container.id}`)
    : json(200, use.docker);
}

/** The stats of each container by the engine's id. */
async function taskStats(
  sources: MetadataSources,
  task: TaskView,
  show: (use: ContainerUse | undefined) => unknown,
): Promise<Record<string, unknown>> {
  const all = task.containers
    .filter(isCreated)
    .map(async (container) => [container.id, show(await useOf(sources, { task, container }))] as const);
  return Object.fromEntries(await Promise.all(all));
}

function withRate({ docker, networkRate }: ContainerUse): Record<string, unknown> {
  return networkRate === undefined ? { ...docker } : { ...docker, network_rate_stats: networkRate };
}

async function tagsOf({ aws }: MetadataSources, { payload }: TaskView): Promise<TagsAnswer> {
  const { region, account } = scopeOfTask(payload.arn);
  // Machines have no identity of their own yet: they speak for the account.
  const machine = { accessKeyId: account, secretAccessKey: account, sessionToken: '' };
  const call = { service: ecs, region, target: `${ecsTarget}.ListTagsForResource` };
  try {
    const { tags = [] } = await aws.json<{ tags?: { key?: string; value?: string }[] }>(
      call,
      { resourceArn: payload.arn },
      machine,
    );
    return { tags: Object.fromEntries(tags.map(({ key = '', value = '' }) => [key, value])) };
  } catch (error) {
    const { code, detail, status, requestId } =
      error instanceof AwsCallError ? error : { code: undefined, detail: messageOf(error), status: 0, requestId: '' };
    return { error: { message: detail, ...given('code', code), ...given('status', status || undefined), requestId } };
  }
}
