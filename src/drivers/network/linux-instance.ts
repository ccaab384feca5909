import { DriverError } from '../../base/errors.ts';
import type { BridgeEndpoint } from './driver.ts';
import {
  bridgeSide,
  changePorts,
  elementsOf,
  endpointLink,
  endpointSide,
  innerTable,
  openScript,
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
