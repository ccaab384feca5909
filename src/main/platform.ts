import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { BalancerDriver } from '../drivers/balancer/driver.ts';
import { HaproxyDriver } from '../drivers/balancer/haproxy.ts';
import { overlayLink } from '../drivers/network/names.ts';
import type { Disk } from '../drivers/disk/disk.ts';
import { linuxDisk } from '../drivers/disk/linux.ts';
import { chrony } from '../drivers/time/chrony.ts';
import type { TimeSource } from '../drivers/time/time-source.ts';
import type { Cgroups } from '../drivers/cgroups/cgroups.ts';
import { linuxCgroups } from '../drivers/cgroups/linux.ts';
import type { DockerDriver } from '../drivers/docker/driver.ts';
import { createDocker } from '../drivers/docker/engine.ts';
import { hostsFile, noHostNames, type HostNames } from '../drivers/names/hosts-file.ts';
import type { NetworkDriver } from '../drivers/network/driver.ts';
import { LinuxNetworkDriver } from '../drivers/network/linux.ts';

/** The drivers of this machine, as one installation uses them. */
export interface Platform {
  readonly installationId: string;
  readonly clock: Clock;
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
  readonly cgroups: Cgroups;
  readonly disk: Disk;
  readonly timeSource: TimeSource;
  readonly balancer: BalancerDriver;
  readonly names: HostNames;
  /** The range of public addresses that is this installation's own. */
  readonly publicPool: string;
  /** Frees what this process holds; everything goes on running. */
  close(): Promise<void>;
}

/** The label that every container of an installation carries. */
export function installationLabel(installationId: string): string {
  return `stowage.installation=${installationId}`;
}

/** Opens the drivers. */
export function openPlatform(options: {
  readonly home: string;
  readonly id: string;
  readonly publicPool: string;
  readonly clock: Clock;
  readonly log: Log;
}): Platform {
  const { home, id, publicPool, clock, log } = options;
  const docker = createDocker({ dockerHost: process.env['DOCKER_HOST'], clock });
  const network = new LinuxNetworkDriver({ installationId: id, publicPool, clock, log });
  const cgroups = linuxCgroups({ installationId: id, kind: async () => (await docker.capacity()).cgroups, log });
  const balancer = new HaproxyDriver({
    stateDirectory: join(home, 'balancers'),
    namespaceOf: (vpcId) => network.namespaceOf(vpcId),
    overlayLink,
    clock,
    log,
  });
  const names = process.env['STOWAGE_HOSTS_FILE'] === 'none' ? noHostNames : hostsFile(id);
  return {
    installationId: id,
    clock,
    docker,
    network,
    cgroups,
    disk: linuxDisk,
    timeSource: chrony(),
    balancer,
    names,
    publicPool,
    async close() {
      await balancer.close();
      await network.close();
      await docker.close();
    },
  };
}

/** How much `removeAll` removed. */
export interface Removed {
  readonly containers: number;
  readonly balancers: number;
  readonly vpcs: number;
}

/** For how long a container is asked to go that the engine cannot remove yet (a mount of it may be in use for a moment). */
const insistMs = 20_000;

/**
 * Removes everything of the installation from this machine: containers first, then what they were attached to. What
 * cannot be removed (the engine may be away) does not keep the rest from going; it is thrown at the end.
 */
export async function removeAll(platform: Platform): Promise<Removed> {
  const { balancer, network, names } = platform;
  const problems: unknown[] = [];
  const attempt = async (remove: () => Promise<number>): Promise<number> => {
    try {
      return await remove();
    } catch (error) {
      problems.push(error);
      return 0;
    }
  };
  const containers = await attempt(() => removeContainers(platform));
  await attempt(() => removeTaskVolumes(platform));
  const balancers = await attempt(async () => {
    const found = await balancer.list();
    await Promise.all(found.map((arn) => balancer.remove(arn)));
    return found.length;
  });
  const vpcs = await attempt(async () => {
    const found = await network.listVpcs();
    await network.removeAll();
    return found.length;
  });
  await attempt(() => removeGroups(platform));
  names.apply({});
  if (problems.length > 0) throw problems[0];
  return { containers, balancers, vpcs };
}

/** Removes the control groups. The engine takes a container's own out of them a moment after the container. */
async function removeGroups({ cgroups, clock }: Platform): Promise<number> {
  const deadline = clock.now() + insistMs;
  for (;;) {
    await cgroups.removeAll();
    const left = await cgroups.list([]).catch(() => []);
    if (left.length === 0 || clock.now() > deadline) return left.length;
    await clock.sleep(100);
  }
}

/** Removes the volumes that live and die with a task; those that tasks share are their user's. */
async function removeTaskVolumes({ docker, installationId }: Platform): Promise<number> {
  const found = await docker.listVolumes([installationLabel(installationId), 'stowage.task']);
  for (const { name } of found) await docker.removeVolume(name);
  return found.length;
}

async function removeContainers({ docker, clock, installationId }: Platform): Promise<number> {
  const removed = new Set<string>();
  const deadline = clock.now() + insistMs;
  for (;;) {
    // What a control plane that was killed had asked for may still be being made: look until there is nothing.
    const found = await docker.list([installationLabel(installationId)]);
    if (found.length === 0) return removed.size;
    let problem: unknown;
    const removing = found.map(async ({ id }) => {
      await docker.remove(id).then(
        () => removed.add(id),
        (error: unknown) => (problem = error),
      );
    });
    await Promise.all(removing);
    if (problem === undefined) continue;
    if (clock.now() > deadline) throw problem;
    await clock.sleep(200);
  }
}
