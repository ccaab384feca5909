import type { Deployment } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';

/**
 * The digests of a deployment's images, by container, once its tasks have pulled them: the first task's stand for all
 * that follow, so that a tag that moves changes nothing until the next deployment ("Container image resolution", ECS
 * Developer Guide). The object itself when there is nothing new.
 */
export function resolvedImages(
  { id, imageDigests = {} }: Pick<Deployment, 'id' | 'imageDigests'>,
  definition: TaskDefinition | undefined,
  tasks: readonly Task[],
): Readonly<Record<string, string>> {
  const open = (definition?.document.containerDefinitions ?? []).filter(
    ({ name = '', image = '', versionConsistency }) =>
      versionConsistency !== 'disabled' && !image.includes('@') && imageDigests[name] === undefined,
  );
  if (open.length === 0) return imageDigests;
  const own = tasks.filter(({ deploymentId }) => deploymentId === id);
  const found = open.flatMap(({ name = '' }) => {
    const pulled = own.map((task) => task.containers.find((container) => container.name === name)?.imageDigest);
    const first = pulled.find((digest) => digest !== undefined);
    return first === undefined ? [] : [[name, first] as const];
  });
  return found.length === 0 ? imageDigests : { ...imageDigests, ...Object.fromEntries(found) };
}
