import { DriverError, messageOf } from '../../base/errors.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { taskVolume, volumeLabels } from './names.ts';

type Mount = PayloadContainer['mountPoints'][number];

/** The task cannot have one of its volumes; the message is what ECS says of the task. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/**
 * Makes the Docker volumes that a container mounts and that are not there: those of the task, and shared ones where that
 * is asked for (`autoprovision`). Throws `VolumeError` when there will be none, or a `retryable` `DriverError`.
 */
export async function makeVolumes(
  docker: DockerDriver,
  installationId: string,
  task: PayloadTask,
  { mountPoints }: PayloadContainer,
): Promise<void> {
  for (const name of new Set(mountPoints.map(({ sourceVolume }) => sourceVolume))) {
    const config = volumeOf(task, name)?.dockerVolumeConfiguration;
    if (config === undefined) continue;
    const shared = config.scope === 'shared';
    if (shared && (await docker.hasVolume(name))) continue;
    if (shared && !config.autoprovision) {
      // The words of the genuine agent.
      throw new VolumeError(
        `ResourceInitializationError: resource cannot be initialized for task ${task.arn}: initialize volume: volume detection failed, volume '${name}' does not exist and autoprovision is set to false`,
      );
    }
    try {
      await docker.createVolume({
        name: shared ? name : taskVolume(installationId, task, name),
        labels: { ...config.labels, ...(shared ? {} : volumeLabels(installationId, task)) },
        driver: config.driver,
        driverOptions: config.driverOpts,
      });
    } catch (error) {
      if (error instanceof DriverError && error.kind === 'retryable') throw error;
      throw new VolumeError(`CannotCreateVolumeError: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** What a container mounts, in Docker's words: `Mounts` for volumes, `Binds` for paths, which the engine makes where there are none. */
export function mountsOf(
  installationId: string,
  task: PayloadTask,
  { mountPoints }: PayloadContainer,
): { readonly Mounts: Record<string, unknown>[]; readonly Binds: string[] } {
  const pathOf = ({ sourceVolume }: Mount): string | undefined => volumeOf(task, sourceVolume)?.host?.sourcePath;
  const shared = ({ sourceVolume }: Mount): boolean =>
    volumeOf(task, sourceVolume)?.dockerVolumeConfiguration?.scope === 'shared';
  return {
    Mounts: mountPoints
      .filter((mount) => pathOf(mount) === undefined)
      .map((mount) => ({
        Type: 'volume',
        Source: shared(mount) ? mount.sourceVolume : taskVolume(installationId, task, mount.sourceVolume),
        Target: mount.containerPath,
        ReadOnly: mount.readOnly,
      })),
    Binds: mountPoints.flatMap((mount) => {
      const path = pathOf(mount);
      return path === undefined ? [] : [`${path}:${mount.containerPath}${mount.readOnly ? ':ro' : ''}`];
    }),
  };
}

function volumeOf(task: PayloadTask, volume: string): PayloadTask['volumes'][number] | undefined {
  return task.volumes.find(({ name }) => name === volume);
}
