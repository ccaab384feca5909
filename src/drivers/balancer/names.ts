import { createHash } from 'node:crypto';
import type { TargetGroupSpec, TargetSpec } from '../../wire/balancer-spec.ts';

/** The name of a target group's backend: readable, and as unique as the ARN's own id. */
export function backendName(targetGroupArn: string): string {
  const tail = targetGroupArn.slice(targetGroupArn.lastIndexOf(':') + 1);
  return `tg_${tail.replace(/^targetgroup\//, '').replaceAll(/[^\w.-]/g, '_')}`;
}

/** The backends of a target group: one, or one for each zone where traffic stays in its zone. */
export function backendsOf({
  targetGroupArn,
  zones,
}: TargetGroupSpec): { readonly name: string; readonly zone?: string }[] {
  const name = backendName(targetGroupArn);
  return zones === undefined ? [{ name }] : zones.map((zone) => ({ name: zonalName(name, zone), zone }));
}

/** A backend of one zone. */
export function zonalName(backend: string, zone: string): string {
  return `${backend}.${zone}`;
}

/** The servers that a target is, by their backends: in each zone's one if it has no zone of its own, and none in another zone. */
export function placesOf(
  group: TargetGroupSpec,
  target: TargetSpec,
): { readonly backend: string; readonly server: string }[] {
  const server = serverName(target);
  return backendsOf(group)
    .filter(({ zone }) => zone === undefined || target.zone === undefined || zone === target.zone)
    .map(({ name }) => ({ backend: name, server }));
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
