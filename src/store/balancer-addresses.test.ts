import { expect, test } from 'vitest';
import type { NetworkInterface } from '../model/ec2/network.ts';
import type { LoadBalancer, TargetGroup } from '../model/elbv2/load-balancing.ts';
import { namedInterfaces } from './balancer-addresses.ts';
import { Store } from './store.ts';
import { instances, networkInterfaces } from './tables/ec2.ts';
import { listeners, loadBalancers, rules, targetGroups, targets } from './tables/elbv2.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const balancer = {
  ...scope,
  arn: 'arn:balancer',
  type: 'network',
  vpcId: 'vpc-1',
  attributes: {},
} as Partial<LoadBalancer> as LoadBalancer;
const group = {
  ...scope,
  arn: 'arn:group',
  protocol: 'TCP',
  targetType: 'ip',
  vpcId: 'vpc-1',
  attributes: {},
} as Partial<TargetGroup> as TargetGroup;

/** The zones that the name leads to, with these targets: a letter for the zone, a capital where it is healthy. */
function zonesOf(of: string, over: { balancer?: LoadBalancer; group?: TargetGroup } = {}): string {
  const store = new Store([instances, networkInterfaces, listeners, loadBalancers, rules, targetGroups, targets]);
  const arn = balancer.arn;
  store.transact((tx) => {
    for (const zone of ['a', 'b']) {
      const owner = { kind: 'load-balancer', arn };
      const row = { ...scope, id: `eni-${zone}`, owner, availabilityZone: zone, vpcId: 'vpc-1', privateIp: zone };
      tx.put(networkInterfaces, { ...row, groups: [] } as Partial<NetworkInterface> as NetworkInterface);
    }
    const listener = { ...scope, arn: 'arn:listener', loadBalancerArn: arn, protocol: 'TCP', port: 80 } as const;
    tx.put(listeners, { ...listener, certificates: [], attributes: {}, tags: [] });
    const rule = { ...scope, arn: 'arn:rule', listenerArn: 'arn:listener', priority: 'default' } as const;
    tx.put(rules, {
      ...rule,
      conditions: [],
      actions: [{ Type: 'forward', TargetGroupArn: group.arn }],
      tags: [],
    });
    tx.put(targetGroups, over.group ?? group);
    for (const [index, letter] of of.split('').entries()) {
      const state = letter === letter.toUpperCase() ? 'healthy' : 'unhealthy';
      const row = { ...scope, targetGroupArn: group.arn, id: `10.0.0.${index}`, port: 80, registeredAt: 0 };
      tx.put(targets, { ...row, availabilityZone: letter.toLowerCase(), health: { state } });
    }
  });
  return namedInterfaces(store, over.balancer ?? balancer)
    .map(({ availabilityZone }) => availabilityZone)
    .toSorted()
    .join('');
}

test.each([
  ['AB', 'ab'],
  ['Ab', 'a'],
  ['B', 'b'],
  ['aB', 'b'],
  ['ab', 'ab'],
  ['', 'ab'],
])('with targets %s the name leads to the zones %s', (of, expected) => {
  expect(zonesOf(of)).toBe(expected);
});

test('it leads to all zones where traffic crosses them, or where it is not to fail over', () => {
  const crossing = { 'load_balancing.cross_zone.enabled': 'true' };
  expect(zonesOf('A', { balancer: { ...balancer, attributes: crossing } })).toBe('ab');
  expect(zonesOf('A', { group: { ...group, attributes: crossing } })).toBe('ab');
  const off = { 'target_group_health.dns_failover.minimum_healthy_targets.count': 'off' };
  expect(zonesOf('A', { group: { ...group, attributes: off } })).toBe('ab');
  expect(zonesOf('A', { balancer: { ...balancer, type: 'application' } })).toBe('ab');
});
