import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { UpcomingInterfaces } from './messages.ts';
import { changed, changeOf, inOrder, isNothing } from './network-change.ts';
import type { VpcSpec } from './network-spec.ts';
import { upcomingChangeOf, withUpcoming } from './upcoming-change.ts';

const listOf = <Entry>(key: keyof Entry, rest: fc.Arbitrary<object>): fc.Arbitrary<Entry[]> =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), rest), { selector: ([id]) => id })
    .map((entries) => entries.map(([id, other]) => ({ [key]: id, ...other })) as Entry[]);
const some = fc.record({ value: fc.nat(2) });
const machine = fc.record({ underlay: fc.constantFrom('u1', 'u2'), hostAddress: fc.constant('h') });
const specs: fc.Arbitrary<VpcSpec> = fc.record(
  {
    vpcId: fc.constant('vpc-1'),
    cidr: fc.constantFrom('10.0.0.0/16', '10.1.0.0/16'),
    internetGateway: fc.boolean(),
    subnets: listOf<VpcSpec['subnets'][number]>('subnetId', some),
    routeTables: listOf<VpcSpec['routeTables'][number]>('routeTableId', some),
    natGateways: listOf<VpcSpec['natGateways'][number]>('id', some),
    securityGroups: listOf<VpcSpec['securityGroups'][number]>('groupId', some),
    interfaces: listOf<VpcSpec['interfaces'][number]>('interfaceId', some),
    hosts: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.array(fc.constantFrom('1', '2'))),
    overlay: fc.record({ vni: fc.nat(3), port: fc.nat(3), here: machine, machines: fc.array(machine) }),
  },
  {
    requiredKeys: [
      'vpcId',
      'cidr',
      'internetGateway',
      'subnets',
      'routeTables',
      'natGateways',
      'securityGroups',
      'interfaces',
      'hosts',
    ],
  },
);

it('makes one state of a VPC out of another, to the letter, over the wire', () => {
  fc.assert(
    fc.property(specs, specs, (before, after) => {
      const change = JSON.parse(JSON.stringify(changeOf(inOrder(before), inOrder(after)))) as ReturnType<
        typeof changeOf
      >;
      expect(JSON.stringify(changed(inOrder(before), change))).toBe(JSON.stringify(inOrder(after)));
      expect(isNothing(changeOf(inOrder(before), inOrder(before)))).toBe(true);
      expect(isNothing(change)).toBe(JSON.stringify(inOrder(before)) === JSON.stringify(inOrder(after)));
    }),
  );
});

it('says no more than what is different', () => {
  const before = fc.sample(specs, 1)[0];
  if (before === undefined) throw new Error('no sample');
  const one = {
    interfaceId: 'eni-9',
    kind: 'task',
    subnetId: 's',
    privateIp: '10.0.0.9',
    macAddress: 'm',
    groups: [],
  } as const;
  expect(changeOf(before, { ...before, interfaces: [...before.interfaces, one] })).toEqual({
    vpcId: 'vpc-1',
    lists: { interfaces: { put: [one], gone: [] } },
    hosts: {},
  });
});

const upcoming = fc.uniqueArray(
  fc.record({ subnetId: fc.constantFrom('s1', 's2'), interfaces: fc.uniqueArray(fc.nat(6), { minLength: 1 }) }),
  { selector: ({ subnetId }) => subnetId },
);

it('makes one list of what comes next out of another', () => {
  const named = (list: readonly { subnetId: string; interfaces: readonly number[] }[]): UpcomingInterfaces[] =>
    list.map(({ subnetId, interfaces }) => ({
      subnetId,
      interfaces: interfaces.map((each) => ({ privateDnsName: `ip-${each}` })) as never,
    }));
  const sorted = (list: readonly UpcomingInterfaces[]): unknown =>
    list.toSorted((a, b) => (a.subnetId < b.subnetId ? -1 : 1));
  fc.assert(
    fc.property(upcoming, upcoming, (a, b) => {
      const [before, after] = [named(a), named(b)];
      expect(sorted(withUpcoming(before, upcomingChangeOf(before, after)))).toEqual(sorted(after));
    }),
  );
  const [before, after] = [
    named([{ subnetId: 's1', interfaces: [1, 2, 3] }]),
    named([{ subnetId: 's1', interfaces: [2, 3, 4] }]),
  ];
  expect(upcomingChangeOf(before, after)).toMatchObject([
    { subnetId: 's1', gone: 1, more: [{ privateDnsName: 'ip-4' }] },
  ]);
  expect(upcomingChangeOf(before, before)).toEqual([]);
});
