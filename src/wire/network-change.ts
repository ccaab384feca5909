import type { VpcSpec } from './network-spec.ts';

/** The parts of a spec that are lists, and what tells the entries of each apart. */
const keys = {
  subnets: 'subnetId',
  routeTables: 'routeTableId',
  natGateways: 'id',
  securityGroups: 'groupId',
  interfaces: 'interfaceId',
} as const;
type ListName = keyof typeof keys;

const listNames = Object.keys(keys) as ListName[];

/** What changed of a list: entries that are new or different, and the keys of those that are gone. */
interface ListChange {
  readonly put: readonly unknown[];
  readonly gone: readonly string[];
}

/** What is to be done to one state of a VPC to make it another. */
export interface VpcChange {
  readonly vpcId: string;
  readonly cidr?: string;
  readonly internetGateway?: boolean;
  /** `null` takes it away. */
  readonly overlay?: NonNullable<VpcSpec['overlay']> | null;
  readonly lists: { readonly [Name in ListName]?: ListChange };
  /** Names with their new addresses; `null` for those that are gone. */
  readonly hosts: Readonly<Record<string, readonly string[] | null>>;
}

/** A spec with every list in the order of its keys: the same however it came about. */
export function inOrder(spec: VpcSpec): VpcSpec {
  const lists = Object.fromEntries(listNames.map((name) => [name, sorted(name, spec[name])]));
  const hosts = Object.fromEntries(Object.entries(spec.hosts).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...spec, ...(lists as unknown as Pick<VpcSpec, ListName>), hosts };
}

/** What makes `after` of `before`. */
export function changeOf(before: VpcSpec, after: VpcSpec): VpcChange {
  const lists: { -readonly [Name in ListName]?: ListChange } = {};
  for (const name of listNames) {
    const change = listChange(name, before[name], after[name]);
    if (change.put.length + change.gone.length > 0) lists[name] = change;
  }
  const hosts: Record<string, readonly string[] | null> = {};
  for (const [name, addresses] of Object.entries(after.hosts)) {
    if (!same(before.hosts[name], addresses)) hosts[name] = addresses;
  }
  for (const name of Object.keys(before.hosts)) if (after.hosts[name] === undefined) hosts[name] = null;
  return {
    vpcId: after.vpcId,
    ...(before.cidr === after.cidr ? {} : { cidr: after.cidr }),
    ...(before.internetGateway === after.internetGateway ? {} : { internetGateway: after.internetGateway }),
    ...(same(before.overlay, after.overlay) ? {} : { overlay: after.overlay ?? null }),
    lists,
    hosts,
  };
}

/** Whether a change changes nothing. */
export function isNothing({ lists, hosts, ...single }: VpcChange): boolean {
  // The VPC's id is always said.
  return Object.keys(single).length === 1 && [lists, hosts].every((part) => Object.keys(part).length === 0);
}

/** The state that a change makes of `before`. */
export function changed(before: VpcSpec, change: VpcChange): VpcSpec {
  const { overlay: former, ...rest } = before;
  const overlay = change.overlay === undefined ? former : (change.overlay ?? undefined);
  const lists = listNames.map((name) => {
    const { put, gone } = change.lists[name] ?? { put: [], gone: [] };
    const left = new Map((before[name] as readonly object[]).map((entry) => [keyOf(name, entry), entry]));
    for (const key of gone) left.delete(key);
    for (const entry of put as readonly object[]) left.set(keyOf(name, entry), entry);
    return [name, [...left.values()]];
  });
  const hosts = Object.entries({ ...before.hosts, ...change.hosts }).filter(([, addresses]) => addresses !== null);
  return inOrder({
    ...rest,
    ...(Object.fromEntries(lists) as Pick<VpcSpec, ListName>),
    hosts: Object.fromEntries(hosts) as VpcSpec['hosts'],
    cidr: change.cidr ?? before.cidr,
    internetGateway: change.internetGateway ?? before.internetGateway,
    ...(overlay === undefined ? {} : { overlay }),
  });
}

function listChange(name: ListName, before: readonly object[], after: readonly object[]): ListChange {
  const known = new Map(before.map((entry) => [keyOf(name, entry), entry]));
  const put = after.filter((entry) => !same(known.get(keyOf(name, entry)), entry));
  for (const entry of after) known.delete(keyOf(name, entry));
  return { put, gone: [...known.keys()] };
}

function sorted(name: ListName, list: readonly object[]): object[] {
  return list.toSorted((a, b) => (keyOf(name, a) < keyOf(name, b) ? -1 : 1));
}

function keyOf(name: ListName, entry: object): string {
  return (entry as Record<string, string>)[keys[name]] ?? '';
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
