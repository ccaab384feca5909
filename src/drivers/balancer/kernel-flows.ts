import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '../../base/command.ts';
import { DriverError } from '../../base/errors.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { endingFlows, flowScript, flowsOf, type Flow } from './flows.ts';

/** Where one balancer's flows are: an nftables table in its VPC's network namespace, and a note of it in its directory. */
export interface FlowPlace {
  readonly directory: string;
  readonly table: string;
  /** By name or path; `undefined` where there is no VPC, and nothing can pass by the kernel. */
  readonly namespace: string | undefined;
  /** The link to other machines, by its name. */
  readonly overlayLink: string | undefined;
}

/** What an earlier process left: in which VPC its table is, and which targets were in rotation. */
export interface FlowNote {
  readonly vpcId: string;
  readonly inRotation: readonly string[];
}

const noteFile = 'flows.json';
const scriptFile = 'flows.nft';

/** The note of a balancer that has flows, or had; `undefined` for one that never did. */
export function flowNote(directory: string): FlowNote | undefined {
  const path = join(directory, noteFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FlowNote) : undefined;
}

/** Makes the flows of a balancer as its targets in rotation are; one that never had any is left alone. */
export async function applyFlows(place: FlowPlace, spec: BalancerSpec, inRotation: ReadonlySet<string>): Promise<void> {
  const flows = flowsOf(spec, inRotation);
  if (flows.length === 0 && flowNote(place.directory) === undefined) return;
  if (place.namespace === undefined) {
    throw new DriverError('fatal', "flows that keep their client's address need a VPC");
  }
  const note: FlowNote = { vpcId: spec.vpcId, inRotation: [...inRotation] };
  const path = join(place.directory, noteFile);
  await writeFile(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
  await rename(`${path}.new`, path);
  await load(place, flows);
}

/** Takes a balancer's flows away; in a VPC that is gone there are none. */
export async function removeFlows(place: FlowPlace): Promise<void> {
  if (place.namespace === undefined || !existsSync(pathOf(place.namespace))) return;
  await load(place, []);
}

/** Whether the table of a balancer with flows is still there. */
export async function flowsStand(place: FlowPlace): Promise<boolean> {
  if (place.namespace === undefined || flowNote(place.directory) === undefined) return true;
  return inside(place.namespace, 'nft', 'list', 'chain', 'ip', place.table, 'passing').then(
    () => true,
    () => false,
  );
}

/** Ends what still goes to targets that are no longer registered, where it is to end with them. */
export async function endGone({ namespace }: FlowPlace, spec: BalancerSpec): Promise<void> {
  if (namespace === undefined) return;
  for (const { address, publicAddress, protocol, port, registered } of endingFlows(spec)) {
    for (const asked of [address, ...(publicAddress === undefined ? [] : [publicAddress])]) {
      const flow = ['-p', protocol, '--orig-dst', asked, '--orig-port-dst', String(port)];
      const { stdout } = await conntrack(namespace, '-L', ...flow);
      const gone = new Set([...repliers(stdout)].filter((each) => !registered.has(each)));
      for (const each of gone) await conntrack(namespace, '-D', ...flow, ...fromTarget(each));
    }
  }
}

/** Ends the connections of a balancer to one target. */
export async function endConnections(
  { namespace }: FlowPlace,
  spec: BalancerSpec,
  target: { readonly address: string; readonly port: number },
): Promise<void> {
  if (namespace === undefined) return;
  for (const { address, publicAddress, protocol, port } of flowsOf(spec, new Set())) {
    for (const asked of [address, ...(publicAddress === undefined ? [] : [publicAddress])]) {
      const flow = ['-p', protocol, '--orig-dst', asked, '--orig-port-dst', String(port)];
      await conntrack(namespace, '-D', ...flow, ...fromTarget(`${target.address}:${target.port}`));
    }
  }
}

/** Who answers, as `address:port`: the second source of each line ("conntrack(8)"). */
function repliers(listing: string): Set<string> {
  const found = listing.matchAll(/^.*?src=.*?src=(\S+) dst=\S+ sport=(\d+)/gm);
  return new Set(Array.from(found, ([, address, port]) => `${address}:${port}`));
}

function fromTarget(target: string): string[] {
  const [address = '', port = ''] = target.split(':');
  return ['--reply-src', address, '--reply-port-src', port];
}

/** conntrack(8) in a namespace. It exits with 1 where it finds nothing, and says so on its standard error. */
export async function conntrack(namespace: string, ...args: string[]): Promise<{ stdout: string }> {
  const result = await inside(namespace, 'conntrack', ...args).catch((error: unknown) => {
    if (error instanceof DriverError && /0 flow entries/.test(error.message)) return { stdout: '' };
    throw error;
  });
  return result;
}

async function load(place: FlowPlace, flows: readonly Flow[]): Promise<void> {
  const path = join(place.directory, scriptFile);
  await writeFile(path, flowScript(place.table, flows, place.overlayLink), { mode: 0o600 });
  await inside(place.namespace ?? '', 'nft', '-f', path);
}

/** Runs a program in a network namespace. */
export function inside(namespace: string, ...command: string[]): Promise<{ stdout: string }> {
  return runCommand('nsenter', [`--net=${pathOf(namespace)}`, ...command]);
}

/** The file of a namespace, by its name or path. */
export function pathOf(namespace: string): string {
  return `/run/netns/${basename(namespace)}`;
}
