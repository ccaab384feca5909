import type { VpcSpec } from '../../wire/network-spec.ts';

/** Seconds that our own answers may be kept: those of Route 53 Resolver for private names. */
const ttlSeconds = 60;

/** A question as `dns-packet` decodes it. */
export interface Question {
  readonly name: string;
  readonly type: string;
}

export interface AddressRecord {
  readonly type: 'A' | 'PTR';
  readonly name: string;
  readonly ttl: number;
  readonly data: string;
}

/** What the VPC itself knows: records (none for a name that has no address of that type), or nothing of that name. */
export type OwnAnswer =
  | { readonly kind: 'records'; readonly records: readonly AddressRecord[] }
  | { readonly kind: 'unknown' };

/**
 * Answers from the VPC's own knowledge: names in `hosts`, the private names of its interfaces (`ip-10-0-0-5.ec2.internal`,
 * `ip-10-0-0-5.<region>.compute.internal`) and their addresses backwards ("DNS attributes for your VPC", Amazon VPC User Guide).
 */
export function ownAnswer(spec: VpcSpec, question: Question): OwnAnswer {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const backwards = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (backwards !== null) return pointer(spec, question, backwards.slice(1).reverse().join('.'));
  const addresses = Object.hasOwn(spec.hosts, name) ? spec.hosts[name] : internalAddress(spec, name);
  if (addresses === undefined) return { kind: 'unknown' };
  if (question.type !== 'A' && question.type !== 'ANY') return { kind: 'records', records: [] };
  const records = addresses.map((data) => ({ type: 'A' as const, name: question.name, ttl: ttlSeconds, data }));
  return { kind: 'records', records };
}

function internalAddress(spec: VpcSpec, name: string): readonly string[] | undefined {
  const match = /^ip-(\d+)-(\d+)-(\d+)-(\d+)\.(?:ec2|[a-z0-9-]+\.compute)\.internal$/.exec(name);
  if (match === null) return undefined;
  const address = match.slice(1).join('.');
  return spec.interfaces.some(({ privateIp }) => privateIp === address) ? [address] : undefined;
}

function pointer(spec: VpcSpec, question: Question, address: string): OwnAnswer {
  if (!spec.interfaces.some(({ privateIp }) => privateIp === address)) return { kind: 'unknown' };
  if (question.type !== 'PTR' && question.type !== 'ANY') return { kind: 'records', records: [] };
  const data = `ip-${address.replaceAll('.', '-')}.ec2.internal`;
  return { kind: 'records', records: [{ type: 'PTR', name: question.name, ttl: ttlSeconds, data }] };
}
