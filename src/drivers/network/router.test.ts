import { describe, expect, test } from 'vitest';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { tableNumber, taskLink } from './names.ts';
import { changeRouter, emptyRouter, possibleRouter, routerState } from './router.ts';
import { balancer, task, vpc } from './spec-for-tests.ts';

const all = new Set(['lo', 'up0']);
const publicTable = tableNumber('rtb-public');
const privateTable = tableNumber('rtb-private');
const nat: Partial<VpcSpec> = {
  natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp: '100.127.0.9' }],
  interfaces: [balancer('nat', '10.0.1.9', [], '100.127.0.9'), balancer('lb', '10.0.2.7', [])],
};
const to = (destinationCidr: string, id: string): VpcSpec['routeTables'][number] => ({
  routeTableId: 'rtb-private',
  routes: [
    { destinationCidr, target: id.startsWith('nat') ? { kind: 'nat-gateway', id } : { kind: 'network-interface', id } },
  ],
});

describe('the router of a VPC', () => {
  test('is made from nothing', () => {
    const spec = vpc('v', { ...nat, routeTables: [...vpc('v').routeTables.slice(0, 1), to('0.0.0.0/0', 'nat-1')] });
    expect(changeRouter(emptyRouter, routerState(spec), all)).toEqual([
      'address replace 169.254.170.2/32 dev lo',
      'address replace 169.254.169.253/32 dev lo',
      'address replace 10.0.1.1/32 dev lo',
      'address replace 10.0.2.1/32 dev lo',
      'address replace 10.0.3.1/32 dev lo',
      'address replace 10.0.2.7/32 dev lo',
      'neighbour replace 169.254.200.1 lladdr 0a:58:a9:fe:00:02 dev up0 nud permanent',
      'neighbour replace 10.0.1.9 lladdr 0a:58:a9:fe:00:02 dev up0 nud permanent',
      'route replace blackhole 10.0.0.0/16 table main',
      'route replace unreachable 169.254.0.0/16 table main',
      `route replace default via 169.254.200.1 dev up0 onlink table ${publicTable}`,
      `route replace default via 10.0.1.9 dev up0 onlink table ${privateTable}`,
      'rule add priority 100 from all lookup main',
      `rule add priority 1000 from 10.0.1.0/24 lookup ${publicTable}`,
      `rule add priority 1000 from 10.0.2.0/24 lookup ${publicTable}`,
      `rule add priority 1000 from 10.0.3.0/24 lookup ${privateTable}`,
      'rule delete priority 32766 from all lookup main',
      'rule delete priority 32767 from all lookup default',
    ]);
  });

  test('changes only what differs', () => {
    const before = routerState(vpc('v', nat));
    expect(changeRouter(before, routerState(vpc('v', nat)), all)).toEqual([]);
    const after = routerState(vpc('v', { subnets: vpc('v').subnets.slice(0, 2) }));
    expect(changeRouter(before, after, all)).toEqual([
      `rule delete priority 1000 from 10.0.3.0/24 lookup ${privateTable}`,
      'neighbour delete 10.0.1.9 dev up0',
      'address delete 10.0.3.1/32 dev lo',
      'address delete 10.0.2.7/32 dev lo',
    ]);
  });

  test.each([
    ['to a NAT gateway that is gone', { routeTables: [to('0.0.0.0/0', 'nat-2')] }, 'default', 'blackhole'],
    ['to one without a way out', { ...nat, routeTables: [to('0.0.0.0/0', 'nat-1')] }, 'default', 'blackhole'],
    [
      'to an interface that checks',
      { interfaces: [task('n', '10.0.1.8', [])], routeTables: [to('10.9.0.0/16', 'eni-n')] },
      '10.9.0.0/16',
      'blackhole',
    ],
    [
      'to an interface that forwards',
      {
        interfaces: [{ ...task('n', '10.0.1.8', []), sourceDestCheck: false }],
        routeTables: [to('10.9.9.9/32', 'eni-n')],
      },
      '10.9.9.9',
      `via 10.0.1.8 dev ${taskLink('eni-n')} onlink`,
    ],
  ])('a route %s', (_, parts, destination, way) => {
    expect(routerState(vpc('v', parts)).routes.get(`${privateTable} ${destination}`)).toBe(way);
  });

  test('without a link its routes lead nowhere', () => {
    const spec = vpc('v', {
      interfaces: [{ ...task('n', '10.0.1.8', []), sourceDestCheck: false }],
      routeTables: [to('10.9.0.0/16', 'eni-n')],
    });
    const key = `${privateTable} 10.9.0.0/16`;
    expect(possibleRouter(routerState(spec), all).routes.get(key)).toBe('blackhole');
    expect(possibleRouter(routerState(spec), new Set([taskLink('eni-n')])).routes.get(key)).toContain('via 10.0.1.8');
    expect(possibleRouter(routerState(spec), new Set()).neighbours.size).toBe(0);
  });
});
