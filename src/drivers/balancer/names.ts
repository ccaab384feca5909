import { createHash } from 'node:crypto';
import { given } from '../../base/given.ts';
import type { TargetGroupSpec, TargetSpec, WaySpec } from '../../wire/balancer-spec.ts';

/** The name of a target group's backend: readable, and as unique as the ARN's own id. */
export function backendName(targetGroupArn: string): string {
  const tail = targetGroupArn.slice(targetGroupArn.lastIndexOf(':') + 1);
  return `tg_${tail.replace(/^targetgroup\//, '').replaceAll(/[^\w.-]/g, '_')}`;
}

/** A backend of a target group. */
export interface Backend {
  readonly name: string;
  /** The zone whose targets it has. */
  readonly zone?: string;
  /** How it goes on to them, of a Classic Load Balancer. */
  readonly way?: WaySpec;
}

/** The backends of a target group: one, or one for each way to its targets, and of each one for each zone where traffic stays in its zone. */
export function backendsOf({ targetGroupArn, zones, ways }: TargetGroupSpec): Backend[] {
  const name = backendName(targetGroupArn);
  const all: Backend[] = ways?.map((way) => ({ name: wayName(name, way), way })) ?? [{ name }];
  if (zones === undefined) return all;
  return all.flatMap((each) => zones.map((zone) => ({ ...each, name: zonalName(each.name, zone), zone })));
}

/** The backend of a listener of a Classic Load Balancer. */
export function wayName(backend: string, { listenerPort }: WaySpec): string {
  return `${backend}.${listenerPort}`;
}

/** A backend of one zone. */
export function zonalName(backend: string, zone: string): string {
  return `${backend}.${zone}`;
}

/** The servers that a target is, by their backends: in each zone's one if it has no zone of its own, and none in another zone. */
export function placesOf(
  group: TargetGroupSpec,
  target: TargetSpec,
): { readonly backend: string; readonly server: string; readonly way?: WaySpec }[] {
  const server = serverName(target);
  return backendsOf(group)
    .filter((backend) => isIn(backend, target))
    .map(({ name, way }) => ({ backend: name, server, ...given('way', way) }));
}

/** Whether a target is of a backend's zone; one without a zone is of all. */
export function isIn({ zone }: Backend, target: TargetSpec): boolean {
  return zone === undefined || target.zone === undefined || zone === target.zone;
}

/** The name of a target's server; it changes with the address, so that a server's address never does. */
export function serverName(target: Pick<TargetSpec, 'id' | 'address' | 'port'>): string {
  const id = target.id.replaceAll(/[^\w.-]/g, '_');
  return target.id === target.address ? `${id}:${target.port}` : `${id}:${target.port}:${target.address}`;
}

/** The directory of a balancer under the state directory: short, because a socket's path may have 107 bytes only. */
export function directoryName(loadBalancerArn: string): string {
  return createHash('sha256').update(loadBalancerArn).digest('hex').slice(0, 12);
}
