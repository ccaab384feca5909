import { describe, expect, test } from 'vitest';
import { changeTunnelEnd, hostTunnel, tunnelTable } from './host-tunnel.ts';
import { hostRoutes } from './host.ts';
import { tableNumber } from './names.ts';
import { replaceTable } from './nft-table.ts';
import { changeForwarding, halvesOf, machineMac } from './overlay.ts';
import { changeRouter, emptyRouter, routerState } from './router.ts';
import { across, balancer, group, rule, task, twoMachines, vpc } from './spec-for-tests.ts';
import { vpcTable } from './vpc-table.ts';

const pool = '100.127.64.0/20';
const { a, b } = twoMachines;
const spec = vpc('vpc-a', {
  natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp: '100.127.64.9' }],
  routeTables: [
    ...vpc('x').routeTables.slice(0, 1),
    {
      routeTableId: 'rtb-private',
      routes: [
        { destinationCidr: '0.0.0.0/0', target: { kind: 'nat-gateway', id: 'nat-1' } },
        { destinationCidr: '192.0.2.0/24', target: { kind: 'network-interface', id: 'eni-router' } },
      ],
    },
  ],
  securityGroups: [group('sg-web', rule('tcp', 80, 'sg-web'))],
  interfaces: [
    balancer('nat', '10.0.1.9', [], '100.127.64.9'),
    balancer('lb', '10.0.1.20', ['sg-web'], '100.127.64.20'),
    task('here', '10.0.1.10', ['sg-web'], '100.127.64.10'),
    task('there', '10.0.2.10', ['sg-web'], '100.127.64.11'),
    { ...task('router', '10.0.3.31', ['sg-web']), sourceDestCheck: false },
  ],
});
const specs = across(spec, ['eni-there', 'eni-router']);

describe('a VPC on two machines', () => {
  test('its tables', async () => {
    await expect(replaceTable(vpcTable(specs.a), 'is-this')).toMatchFileSnapshot('./golden/vpc-of-two.nft');
    const elsewhere = vpcTable(specs.b);
    expect([...(elsewhere.sets.get('senders')?.elements.keys() ?? [])]).toEqual(['10.0.2.10', '10.0.3.31']);
    expect([...(elsewhere.sets.get('members-sg-web')?.elements.keys() ?? [])].sort()).toEqual([
      '10.0.1.10',
      '10.0.1.20',
      '10.0.2.10',
      '10.0.3.31',
    ]);
    // One for this machine and VPC alone, where the NAT gateway is on the other.
    expect(elsewhere.sets.get('gateways')?.elements).toEqual(new Map([['10.0.1.9', '240.0.0.7']]));
    expect(elsewhere.sets.get('private')?.elements).toEqual(new Map([['100.127.64.11', '10.0.2.10']]));
  });

  test("leads to what is on the other machine, and a NAT gateway's way to public addresses over its machine", () => {
    const links = new Set(['up0', 'vx0']);
    const privateTable = tableNumber('rtb-private');
    const onB = routerState(specs.b, pool);
    expect(Object.fromEntries([...onB.routes].filter(([, way]) => way.includes('vx0')))).toEqual({
      'main 10.0.1.10': `via ${a.hostAddress} dev vx0 onlink`,
      'main 10.0.1.20': `via ${a.hostAddress} dev vx0 onlink`,
      [`${privateTable} ${pool}`]: `via ${a.hostAddress} dev vx0 onlink`,
    });
    expect([...onB.addresses]).not.toContain('10.0.1.20');
    const onA = routerState(specs.a, pool);
    expect(onA.routes.get(`${privateTable} 192.0.2.0/24`)).toBe(`via ${b.hostAddress} dev vx0 onlink`);
    expect(onA.routes.has(`${privateTable} ${pool}`)).toBe(false);
    expect(changeRouter(emptyRouter, onA, links)).toContain(
      `neighbour replace ${b.hostAddress} lladdr 0a:58:cb:00:72:01 dev vx0 nud permanent`,
    );
    // What is said to be on a machine that nobody named leads nowhere.
    const lost = { ...specs.a, interfaces: [{ ...task('lost', '10.0.2.99', []), machine: '192.0.2.9' }] };
    expect([...routerState(lost, pool).routes.keys()]).not.toContain('main 10.0.2.99');
  });
});

describe("a host's end of the tunnels", () => {
  test('its table', async () => {
    const { overlay } = specs.a;
    if (overlay === undefined) throw new Error('no overlay');
    await expect(replaceTable(tunnelTable('1a2b3c4d', pool, overlay), 'is-this')).toMatchFileSnapshot(
      './golden/tunnels.nft',
    );
  });

  test('the machine of the gateways knows where each public address is, the others that it does', () => {
    const link = 'sw1a2b3c4dwide';
    const far = across(vpc('vpc-b', { interfaces: [task('far', '10.0.1.10', [], '100.127.64.30')] }), ['eni-far'], 9);
    expect(hostTunnel('1a2b3c4d', pool, [vpc('vpc-c')])).toBeUndefined();
    const way = `via ${b.hostAddress} dev ${link} onlink src ${a.hostAddress}`;
    const onA = hostTunnel('1a2b3c4d', pool, [specs.a, vpc('vpc-c'), far.a]);
    expect(Object.fromEntries(onA?.routes ?? [])).toEqual({
      [b.hostAddress]: way,
      '100.127.64.11': way,
      '100.127.64.30': way,
    });
    const back = `via ${a.hostAddress} dev ${link} onlink src ${b.hostAddress}`;
    expect(Object.fromEntries(hostTunnel('1a2b3c4d', pool, [specs.b])?.routes ?? [])).toEqual({
      '100.127.64.0/21': back,
      '100.127.72.0/21': back,
    });
    const plan = { installationId: '1a2b3c4d', publicPool: pool, hostAddress: b.hostAddress };
    expect([...hostRoutes(specs.b, plan, 'sw1a2b3c4dabcde').keys()]).toEqual(['100.127.64.11', '240.0.0.7']);
  });

  test('is made, changed in place, and made anew where it is another one', () => {
    const link = 'sw1a2b3c4dwide';
    const wanted = hostTunnel('1a2b3c4d', pool, [specs.a]);
    if (wanted === undefined) throw new Error('no tunnel');
    const nothing = { end: undefined, routes: new Map(), neighbours: new Map() };
    const alias = `16777215 21000 ${a.underlay} 1450`;
    const tended = [
      `link set ${link} addrgenmode none up alias "${alias}"`,
      `address replace ${a.hostAddress}/32 dev ${link}`,
    ];
    const made = changeTunnelEnd(link, nothing, wanted, 1450, () => true);
    expect(made.slice(0, 3)).toEqual([
      `link add ${link} address 0a:58:cb:00:71:01 mtu 1450 type vxlan id 16777215 dstport 21000 local ${a.underlay} nolearning`,
      ...tended,
    ]);
    expect(made).toHaveLength(6);
    const there = { end: { alias, up: true }, routes: wanted.routes, neighbours: wanted.neighbours };
    expect(changeTunnelEnd(link, there, wanted, 1450, () => true)).toEqual(tended);
    const more = {
      ...there,
      routes: new Map([...wanted.routes, ['100.127.64.99', 'somewhere'], ['100.127.64.98', 'else']]),
    };
    expect(changeTunnelEnd(link, more, wanted, 1450, (address) => address.endsWith('99'))).toEqual([
      ...tended,
      `route delete 100.127.64.99 dev ${link}`,
    ]);
    const other = { ...there, end: { alias: '16777215 21000 192.0.2.1 1450', up: true } };
    expect(changeTunnelEnd(link, other, wanted, 1450, () => true)).toEqual([`link delete ${link}`, ...made]);
  });
});

test('halves, MACs and forwarding tables', () => {
  expect(halvesOf(pool)).toEqual(['100.127.64.0/21', '100.127.72.0/21']);
  expect(halvesOf('192.0.2.1/32')).toEqual(['192.0.2.1/32']);
  expect(machineMac('192.0.2.255')).toBe('0a:58:c0:00:02:ff');
  const before = new Map([
    ['m1', 'u1'],
    ['m2', 'u2'],
  ]);
  expect(
    changeForwarding(
      before,
      new Map([
        ['m2', 'u9'],
        ['m3', 'u3'],
      ]),
      'vx0',
    ),
  ).toEqual([
    'fdb replace m2 dev vx0 dst u9 self permanent',
    'fdb replace m3 dev vx0 dst u3 self permanent',
    'fdb delete m1 dev vx0 dst u1 self',
  ]);
});
