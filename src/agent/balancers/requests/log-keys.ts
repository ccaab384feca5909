import { createHash } from 'node:crypto';
import { parseArn } from '../../../base/arn.ts';
import { isoOf } from '../../../base/clock.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';

/** Where ELB puts the file with which it tries a bucket, when logs are switched on. */
export function testFileKey({ loadBalancerArn }: BalancerSpec, prefix: string, name: string): string {
  return `${folderOf(prefix, parseArn(loadBalancerArn)?.account ?? '')}/${name}`;
}

/**
 * Where the log of a node and a period goes ("Access log files", "Connection log files", ELB User Guides); `random` tells several of them
 * apart. Network load balancers do not tell the node's address, and Classic ones do not compress.
 */
export function logKey(
  { loadBalancerArn, type, addresses }: BalancerSpec,
  file: { readonly prefix: string; readonly begin: string; readonly endAt: number; readonly random: string },
): string {
  const { account = '', region = '', resource = '' } = parseArn(loadBalancerArn) ?? {};
  const id = resource.replace(/^loadbalancer\//, '').replaceAll('/', '.');
  const time = isoOf(file.endAt).replaceAll(/[-:]/g, '').slice(0, 13);
  const day = isoOf(file.endAt).slice(0, 10).replaceAll('-', '/');
  const folder = `${folderOf(file.prefix, account)}/elasticloadbalancing/${region}/${day}`;
  const suffix = createHash('sha256').update(file.random).digest('hex').slice(0, 8);
  const node = type === 'network' ? '' : `_${addresses[0] ?? ''}`;
  return `${folder}/${file.begin}${account}_elasticloadbalancing_${region}_${id}_${time}Z${node}_${suffix}.log${type === 'classic' ? '' : '.gz'}`;
}

function folderOf(prefix: string, account: string): string {
  return `${prefix === '' ? '' : `${prefix}/`}AWSLogs/${account}`;
}

/** Epoch microseconds as ISO 8601 writes them. */
export function isoOfUs(us: number): string {
  return isoOf(Math.floor(us / 1000)).replace('Z', `${String(Math.floor(us % 1000)).padStart(3, '0')}Z`);
}
