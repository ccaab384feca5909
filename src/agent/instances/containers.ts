import type { ContainerState, DockerDriver } from '../../drivers/docker/driver.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { taskVolumes } from '../tasks/container-spec.ts';
import { labels, pauseName } from '../tasks/names.ts';

/** Seconds that programs have when their instance goes down, as Docker's own service gives them. */
const goodbyeSeconds = 10;

/** Ends the containers of an instance that goes down: programs first, then what holds their networks. They stay, ended. */
export async function haltContainers(docker: DockerDriver, containers: readonly ContainerState[]): Promise<void> {
  const running = containers.filter(({ status }) => status === 'running');
  const holdsNetwork = ({ labels: own }: ContainerState): boolean =>
    own[labels.container]?.startsWith(pauseName) === true;
  await Promise.all(running.filter((each) => !holdsNetwork(each)).map(({ id }) => docker.stop(id, goodbyeSeconds)));
  await Promise.all(running.filter(holdsNetwork).map(({ id }) => docker.kill(id, 'SIGKILL')));
}

/** Removes containers, and the volumes that lived and died with their tasks. */
export async function removeContainers(
  docker: DockerDriver,
  installationId: string,
  containers: readonly ContainerState[],
): Promise<void> {
  await Promise.all(containers.map(({ id }) => docker.remove(id)));
  const volumes = containers.flatMap(({ labels: own }) => {
    const payload = own[labels.payload];
    if (payload === undefined) return [];
    return taskVolumes(installationId, JSON.parse(payload) as PayloadTask);
  });
  for (const name of new Set(volumes)) await docker.removeVolume(name);
}
