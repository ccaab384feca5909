import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { clientException } from './errors.ts';

/** The rules for `dependsOn` ("Container dependency", ECS Developer Guide). Throws `ClientException`. */
export function checkDependencies(containers: readonly ContainerDefinition[]): void {
  const byName = new Map(containers.map((container) => [container.name ?? '', container]));
  for (const container of containers) {
    for (const { containerName = '', condition } of container.dependsOn ?? []) {
      const dependency = byName.get(containerName);
      if (dependency === undefined) {
        throw clientException(`Cannot depend on container '${containerName}' because it does not exist.`);
      }
      if (condition === undefined || !['START', 'COMPLETE', 'SUCCESS', 'HEALTHY'].includes(condition)) {
        throw clientException(`Invalid 'dependsOn' condition for container '${container.name}': '${condition ?? ''}'.`);
      }
      if ((condition === 'SUCCESS' || condition === 'COMPLETE') && (dependency.essential ?? true)) {
        throw clientException(
          'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container.',
        );
      }
      if (condition === 'HEALTHY' && dependency.healthCheck === undefined) {
        throw clientException('A dependency container with HEALTHY condition must have a health check defined.');
      }
    }
  }
  if (hasCycle(containers)) throw clientException('There is a cycle in the container dependencies.');
}

/** Takes away, again and again, the containers whose dependencies are all gone: what is left is a cycle. */
function hasCycle(containers: readonly ContainerDefinition[]): boolean {
  const left = new Map(containers.map((container) => [container.name, container]));
  for (let size = -1; size !== left.size;) {
    size = left.size;
    for (const [name, container] of left) {
      if (!(container.dependsOn ?? []).some(({ containerName }) => left.has(containerName))) left.delete(name);
    }
  }
  return left.size > 0;
}
