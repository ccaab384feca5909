import type { ContainerDefinition, RegisterTaskDefinitionCommandInput, Volume } from '@aws-sdk/client-ecs';
import { clientException, invalidSetting } from './errors.ts';

/** The rules for a task's volumes and for what mounts them. Throws `ClientException`. */
export function checkVolumes(input: RegisterTaskDefinitionCommandInput): void {
  const containers = input.containerDefinitions ?? [];
  const names = new Set<string>();
  for (const volume of input.volumes ?? []) {
    const { name = '' } = volume;
    if (name === '') throw clientException('Volume.name should not be null or empty.');
    if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name)) throw clientException('Volume.name contains invalid characters.');
    if (names.has(name)) throw clientException('Volume names must be unique within a task definition.');
    names.add(name);
    checkKind(volume);
  }
  for (const container of containers) checkMounts(container, containers, names);
}

/** A volume is of one kind; what a kind needs is there. */
function checkKind({ name = '', ...volume }: Volume): void {
  const invalid = (why: string): never => {
    throw clientException(`Invalid 'volumes' setting for volume '${name}'. ${why}`);
  };
  const { host, dockerVolumeConfiguration: docker } = volume;
  if (host?.sourcePath !== undefined && docker !== undefined) {
    invalid("Specify either 'host' or 'dockerVolumeConfiguration'.");
  }
  if (host?.sourcePath !== undefined && host.sourcePath !== '' && !host.sourcePath.startsWith('/')) {
    invalid("'sourcePath' must be an absolute path.");
  }
  if (docker === undefined) return;
  if (docker.scope !== undefined && !['task', 'shared'].includes(docker.scope)) {
    invalid(`Unknown scope: '${docker.scope}'. Use task or shared.`);
  }
  if (docker.autoprovision === true && docker.scope !== 'shared') {
    invalid("'autoprovision' is only used if the scope is shared.");
  }
}

function checkMounts(
  container: ContainerDefinition,
  containers: readonly ContainerDefinition[],
  volumes: ReadonlySet<string>,
): void {
  const paths = new Set<string>();
  for (const { sourceVolume = '', containerPath = '' } of container.mountPoints ?? []) {
    if (!volumes.has(sourceVolume)) throw clientException(`Unknown volume '${sourceVolume}'.`);
    if (containerPath === '') throw invalidSetting('mountPoints', container.name, "'containerPath' is missing.");
    if (paths.has(containerPath)) {
      throw invalidSetting('mountPoints', container.name, `'${containerPath}' is mounted more than once.`);
    }
    paths.add(containerPath);
  }
  for (const { sourceContainer = '' } of container.volumesFrom ?? []) {
    if (!containers.some(({ name }) => name === sourceContainer) || sourceContainer === container.name) {
      throw clientException(`Invalid 'volumesFrom' setting. Unknown container: '${sourceContainer}'.`);
    }
  }
}
