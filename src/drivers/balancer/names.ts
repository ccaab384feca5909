import { createHash } from 'node:crypto';
import type { TargetSpec } from '../../wire/balancer-spec.ts';

/** The name of a target group's backend: readable, and as unique as the ARN's own id. */
export function backendName(targetGroupArn: string): string {
  const tail = targetGroupArn.slice(targetGroupArn.lastIndexOf(':') + 1);
  return `tg_${tail.replace(/^targetgroup\//, '').replaceAll(/[^\w.-]/g, '_')}`;
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
