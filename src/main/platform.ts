import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { runCommand } from '../base/command.ts';
import type { Log } from '../base/log.ts';
import type { BalancerDriver } from '../drivers/balancer/driver.ts';
import { HaproxyDriver } from '../drivers/balancer/haproxy.ts';
import type { DockerDriver } from '../drivers/docker/driver.ts';
import { createDocker } from '../drivers/docker/engine.ts';
import { hostsFile, noHostNames, type HostNames } from '../drivers/names/hosts-file.ts';
import type { NetworkDriver } from '../drivers/network/driver.ts';
import { LinuxNetworkDriver } from '../drivers/network/linux.ts';
import { parseRoutedBlocks, routesCommand } from '../drivers/network/observe.ts';
import { choosePublicPool } from '../drivers/network/public-pool.ts';

/** The drivers of this machine, as one installation uses them. */
export interface Platform {
  readonly installationId: string;
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
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
export async function openPlatform(options: { home: string; id: string; clock: Clock; log: Log }): Promise<Platform> {
  const { home, id, clock, log } = options;
  const publicPool = await publicPoolOf(home, id);
  const docker = createDocker({ dockerHost: process.env['DOCKER_HOST'], clock });
  const network = new LinuxNetworkDriver({ installationId: id, publicPool, clock, log });
  const balancer = new HaproxyDriver({
    stateDirectory: join(home, 'balancers'),
    namespaceOf: (vpcId) => network.namespaceOf(vpcId),
    clock,
    log,
  });
  const names = process.env['STOWAGE_HOSTS_FILE'] === 'none' ? noHostNames : hostsFile(id);
  return {
    installationId: id,
    docker,
    network,
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

/** The range chosen at the first start, which is kept in the home; `STOWAGE_PUBLIC_RANGE` says where to choose from. */
async function publicPoolOf(home: string, id: string): Promise<string> {
  const file = join(home, 'public-pool');
  let recorded: string | undefined;
  try {
    recorded = readFileSync(file, 'utf8').trim();
    return recorded;
  } catch {
    // The first start.
  }
  const [program, ...args] = routesCommand;
  const { stdout } = await runCommand(program, args);
  const taken = parseRoutedBlocks(stdout).map(({ cidr }) => cidr);
  const chosen = choosePublicPool(id, taken, process.env['STOWAGE_PUBLIC_RANGE']);
  writeFileSync(file, `${chosen}\n`);
  return chosen;
}

/** How much `removeAll` removed. */
export interface Removed {
  readonly containers: number;
  readonly balancers: number;
  readonly vpcs: number;
}

/** Removes everything of the installation from this machine: containers first, then what they were attached to. */
export async function removeAll(platform: Platform): Promise<Removed> {
  const { docker, network, balancer, names, installationId } = platform;
  let containers = 0;
  for (;;) {
    // What a control plane that was killed had asked for may still be being made: look until there is nothing.
    const found = await docker.list([installationLabel(installationId)]);
    if (found.length === 0) break;
    await Promise.all(found.map(({ id }) => docker.remove(id)));
    containers += found.length;
  }
  const balancers = await balancer.list();
  await Promise.all(balancers.map((arn) => balancer.remove(arn)));
  const vpcs = await network.listVpcs();
  await network.removeAll();
  names.apply({});
  return { containers, balancers: balancers.length, vpcs: vpcs.length };
}
