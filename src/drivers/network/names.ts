import { createHash } from 'node:crypto';

/** Where `ip netns` keeps the namespaces' names. */
export const netnsDirectory = '/run/netns';

/** The link to the host inside a VPC's namespace. */
export const uplink = 'up0';
/** The next hop of routes to the internet gateway: the host's end of the uplink. Every uplink uses the same two addresses. */
export const internetHop = '169.254.200.1';
/** The VPC's end of the uplink, the host's next hop to public addresses. */
export const vpcHop = '169.254.200.2';
/** The link to the VPC's parts on other machines, inside its namespace. */
export const overlayLink = 'vx0';
/** The MAC of the router's end of every link. Links join two ends only, so that one for all is enough. */
export const routerMac = '0a:58:a9:fe:00:01';
/** The MAC of the host's end of every uplink. */
export const hostMac = '0a:58:a9:fe:00:02';

/** The network namespace of a VPC, as `ip netns` lists it. */
export function namespaceName(installationId: string, vpcId: string): string {
  return `${namespacePrefix(installationId)}${vpcId}`;
}

/** What the names of an installation's namespaces begin with. */
export function namespacePrefix(installationId: string): string {
  return `stowage-${installationId}-`;
}

/** The link to a VPC on the host. Link names have at most 15 characters; 60 million VPCs differ in the last five. */
export function hostLink(installationId: string, vpcId: string): string {
  return `${hostLinkPrefix(installationId)}${digest(vpcId, 36).slice(0, 5)}`;
}

/** What an installation's links on the host begin with; nothing else on a host does. */
export function hostLinkPrefix(installationId: string): string {
  return `sw${installationId}`;
}

/** The link to the hosts of the other machines, on the host: one character shorter than every link to a VPC. */
export function tunnelLink(installationId: string): string {
  return `${hostLinkPrefix(installationId)}wide`;
}

/** The router's end of an interface's link. */
export function taskLink(interfaceId: string): string {
  return `t${digest(interfaceId, 16).slice(0, 14)}`;
}

/** Whether a link of a VPC's namespace leads to a task. */
export function isTaskLink(name: string): boolean {
  return /^t[0-9a-f]{14}$/.test(name);
}

/** The kernel's number for a route table, beyond the reserved ones (and below 2³¹, which some tools cannot read). */
export function tableNumber(routeTableId: string): number {
  return 1000 + Number.parseInt(digest(routeTableId, 16).slice(0, 7), 16);
}

/** The nftables table of an installation in the host's namespace. */
export function hostTableName(installationId: string): string {
  return `stowage_${installationId}`;
}

/** The UDP port of an installation's tunnels: below those that the kernel gives out, and seldom the same for two. */
export function tunnelPort(installationId: string): number {
  return 21_000 + (Number.parseInt(digest(installationId, 16).slice(0, 6), 16) % 8_000);
}

/** The nftables table of an installation's tunnels in the host's namespace. */
export function tunnelTableName(installationId: string): string {
  return `${hostTableName(installationId)}_tunnels`;
}

/** A short name that is always the same for the same text. */
export function digest(text: string, radix: 16 | 36): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return radix === 16 ? hex : BigInt(`0x${hex}`).toString(36).padStart(50, '0');
}
