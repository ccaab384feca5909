import { DriverError, messageOf } from '../../base/errors.ts';
import type { DockerDriver } from '../../drivers/docker/driver.ts';
import { tarOf } from '../../drivers/docker/tar.ts';
import type { PayloadContainer, PayloadTask } from '../../wire/acs.ts';
import { volumeLabels } from '../tasks/names.ts';
import { firelensOptions, ownConfigFile, routerConfig, routerOf, routerVolumes } from './firelens.ts';

/**
 * Makes the volumes that a task's router shares with the engine, for it and for those who log through it; answers where its
 * socket will lie on the machine, `undefined` for a container that has nothing to do with a router.
 */
export async function makeRouterVolumes(
  docker: DockerDriver,
  installationId: string,
  task: PayloadTask,
  container: PayloadContainer,
): Promise<string | undefined> {
  const router = routerOf(task);
  const isRouter = router?.container.name === container.name;
  if (router === undefined || !(isRouter || firelensOptions(container) !== undefined)) return undefined;
  const own = volumeLabels(installationId, task);
  const { socket, config } = routerVolumes(installationId, task);
  if (config !== undefined && isRouter) await docker.createVolume({ name: config, labels: own });
  return (await docker.createVolume({ name: socket, labels: own })).mountpoint;
}

/**
 * Writes a router's configuration into its container before it starts, and beside it the `own` one that its user keeps in
 * S3; done again it writes the same. Options that no configuration can be made of are a `fatal` `DriverError`.
 */
export async function writeRouterConfig(
  docker: DockerDriver,
  id: string,
  task: PayloadTask,
  container: PayloadContainer,
  own: string | undefined,
): Promise<void> {
  const router = routerOf(task);
  if (router === undefined || router.container.name !== container.name) return;
  let text: string;
  try {
    text = routerConfig(task, router);
  } catch (error) {
    throw new DriverError('fatal', messageOf(error), { cause: error });
  }
  // A read-only root file system takes no files; the volume mounted in it does, and holds what the image has there.
  const [directory, prefix] =
    routerVolumes('', task).config === undefined
      ? ['/', `${router.configDirectory.slice(1)}/`]
      : [router.configDirectory, ''];
  const file = (name: string, content: string) => ({ path: prefix + name, data: Buffer.from(content), mode: 0o644 });
  const files = [file(router.configFile, text), ...(own === undefined ? [] : [file(ownConfigFile, own)])];
  await docker.putArchive(id, directory, tarOf(files));
}
