import type { InterfaceSpec } from '../../wire/network-spec.ts';
import { routerMac, taskLink } from './names.ts';

/** The device group of tasks' links in the VPC's namespace: all of it is deleted at once, which takes no longer than one. */
export const taskLinkGroup = 7;

/**
 * The `ip -batch` lines, run in the task's namespace, that make its `eth0` with the other end in the VPC's. Everything is
 * routed: the address stands alone, and the gateway is the only neighbour.
 */
export function taskSide(spec: InterfaceSpec, gateway: string, namespace: string, mtu: number): string[] {
  const { interfaceId, macAddress, privateIp } = spec;
  return [
    `link add eth0 address ${macAddress} mtu ${mtu} type veth peer name ${taskLink(interfaceId)} address ${routerMac} mtu ${mtu} netns ${namespace}`,
    // No IPv6 address either: the VPC has none.
    'link set eth0 addrgenmode none',
    `address add ${privateIp}/32 dev eth0`,
    'link set lo up',
    'link set eth0 up',
    `neighbour replace ${gateway} lladdr ${routerMac} dev eth0 nud permanent`,
    `route replace ${gateway} dev eth0 scope link`,
    `route replace default via ${gateway} dev eth0 src ${privateIp}`,
  ];
}

/** The lines, run in the VPC's namespace, that take the link up and route the address to it. The alias comes last: it says that all is done. */
export function routerSide(spec: InterfaceSpec, alias: string): string[] {
  const link = taskLink(spec.interfaceId);
  return [...tendTask(spec), `link set ${link} alias "${alias}"`];
}

/** What makes an attached link pass packets. */
export function tendTask({ interfaceId, privateIp, macAddress }: InterfaceSpec): string[] {
  const link = taskLink(interfaceId);
  return [
    `link set ${link} group ${taskLinkGroup} up`,
    `neighbour replace ${privateIp} lladdr ${macAddress} dev ${link} nud permanent`,
    `route replace ${privateIp} dev ${link}`,
  ];
}

/** Whose link it is and where it leads: the interface, and the process and network namespace it is attached to. */
export interface Attachment {
  readonly interfaceId: string;
  readonly pid: number;
  /** The inode of the process's network namespace: process ids come back, and so do these, but hardly both. */
  readonly netns: number;
}

/** The alias of a finished link. */
export function aliasOf({ interfaceId, pid, netns }: Attachment): string {
  return `${interfaceId} ${pid} ${netns}`;
}

/** What a link was finished for; `undefined` when it was not. */
export function parseAlias(alias: string): Attachment | undefined {
  const [interfaceId, pid, netns] = alias.split(' ');
  if (interfaceId === undefined || pid === undefined || netns === undefined) return undefined;
  return { interfaceId, pid: Number(pid), netns: Number(netns) };
}
