import { DriverError } from '../../base/errors.ts';
import type { BridgeEndpoint } from './driver.ts';
import {
  bridgeSide,
  changePorts,
  elementsOf,
  endpointLink,
  endpointSide,
  innerBridge,
  innerTable,
  openScript,
  portKey,
} from './inner-bridge.ts';
import { Netns, netnsInode, unlessMissing } from './netns.ts';

/** Makes the network namespace of a process that of an instance. */
export async function openInstance(pid: number): Promise<void> {
  const netns = netnsOf(pid);
  await netns.script(openScript);
  await netns.nft(innerTable);
}

/** Hangs a container on an instance's bridge. */
export async function plug(instancePid: number, endpoint: BridgeEndpoint, mtu: number): Promise<void> {
  const instance = netnsOf(instancePid);
  const container = netnsOf(endpoint.pid);
  // Whatever an earlier attempt left: to this process or to another that had the address.
  await unlessMissing(instance.ip([`link delete ${endpointLink(endpoint.address)}`]));
  await unlessMissing(container.ip(['link delete eth0']));
  await container.ip(endpointSide(endpoint, instancePid, mtu));
  await instance.ip(bridgeSide(endpoint));
  await instance.nft(changePorts(endpoint, await portsTo(instance, endpoint.address)));
}

/** Mends an instance's inside; answers whether one of these containers had lost its link, its place on the bridge or a port. */
export async function verifyInstance(
  instancePid: number,
  endpoints: readonly BridgeEndpoint[],
  mtu: number,
): Promise<boolean> {
  const instance = netnsOf(instancePid);
  // Whether a rule is missing costs as much to find out as to make all of them anew, in one transaction.
  await openInstance(instancePid);
  const links = linksIn(await instance.run('ip', '-o', 'link'));
  const ports = await instance.run('nft', '-j', 'list', 'map', 'ip', 'stowage', 'ports');
  let mended = false;
  for (const endpoint of endpoints) {
    const link = endpointLink(endpoint.address);
    const open = new Set(elementsOf(ports, endpoint.address));
    if (links.get(link) === innerBridge && endpoint.ports.every((port) => open.has(portKey(port)))) continue;
    mended = true;
    if (!links.has(link)) {
      // One that ended meanwhile needs none.
      if (netnsInode(`/proc/${endpoint.pid}/ns/net`) !== undefined) await plug(instancePid, endpoint, mtu);
      continue;
    }
    await instance.ip(bridgeSide(endpoint));
    await instance.nft(changePorts(endpoint, [...open]));
  }
  return mended;
}

/** The links of a namespace with what they hang on, in the output of `ip -o link`. */
function linksIn(output: string): Map<string, string | undefined> {
  const links = new Map<string, string | undefined>();
  for (const line of output.split('\n')) {
    const [, name] = /^\d+: ([^:@]+)/.exec(line) ?? [];
    if (name !== undefined) links.set(name, / master (\S+)/.exec(line)?.[1]);
  }
  return links;
}

/** Takes a container off; an instance that is gone is fine. */
export async function unplug(instancePid: number, address: string): Promise<void> {
  if (netnsInode(`/proc/${instancePid}/ns/net`) === undefined) return;
  const instance = new Netns(`/proc/${instancePid}/ns/net`);
  await instance.nft(changePorts({ address, pid: 0, ports: [] }, await portsTo(instance, address)));
  await unlessMissing(instance.ip([`link delete ${endpointLink(address)}`]));
}

async function portsTo(instance: Netns, address: string): Promise<string[]> {
  return elementsOf(await instance.run('nft', '-j', 'list', 'map', 'ip', 'stowage', 'ports'), address);
}

function netnsOf(pid: number): Netns {
  const path = `/proc/${pid}/ns/net`;
  if (netnsInode(path) === undefined) throw new DriverError('gone', `process ${pid} does not run`);
  return new Netns(path);
}
