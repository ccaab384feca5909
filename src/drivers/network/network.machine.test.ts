import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atLength } from '../../../test/support/length.ts';
import { runCommand } from '../../base/command.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { networkDriverConformance } from './conformance.ts';
import { taskLink } from './names.ts';
import { Netns } from './netns.ts';
import type { Packet } from './policy.ts';
import { balancer, group, rule, task, vpc } from './spec-for-tests.ts';
import { LinuxWorld, worldAddress, type Firewall } from './world-for-tests.ts';

networkDriverConformance('Linux', () => LinuxWorld.make());

const host = { outside: '100.127.79.255' };
const inA = (address: string): Packet['from'] => ({ vpcId: 'vpc-a', address });
const tcp = (from: Packet['from'], to: string, port = 80): Packet => ({ from, to, protocol: 'tcp', port });

const spec = vpc('vpc-a', {
  interfaces: [
    task('one', '10.0.1.10', ['sg-web'], '100.127.64.10'),
    task('two', '10.0.2.10', ['sg-web']),
    balancer('lb', '10.0.1.20', ['sg-web'], '100.127.64.20'),
  ],
  securityGroups: [group('sg-web', rule('tcp', 80, '0.0.0.0/0'))],
});

/** That all of `spec` is in force, in both directions of what it allows and denies. */
async function stands(world: LinuxWorld): Promise<void> {
  for (const packet of [
    tcp(host, '100.127.64.10'),
    tcp(host, '100.127.64.20'),
    tcp(inA('10.0.1.10'), worldAddress, 7),
    tcp(inA('10.0.2.10'), '10.0.1.20'),
    tcp(inA('10.0.1.10'), '10.0.2.10'),
  ]) {
    expect([packet, await world.reach(packet, 20_000)]).toEqual([packet, expect.any(String)]);
  }
  const denied = [
    tcp(inA('10.0.2.10'), worldAddress, 7),
    tcp(inA('10.0.1.10'), '10.0.2.10', 81),
    tcp(host, '10.0.2.10'),
  ];
  expect(await Promise.all(denied.map((packet) => world.reach(packet, 300)))).toEqual(denied.map(() => undefined));
}

describe('what somebody breaks is mended', () => {
  let world: LinuxWorld;
  let inside: Netns;
  beforeAll(async () => {
    world = await LinuxWorld.make();
    await world.apply(spec);
    inside = new Netns(world.driver.namespaceOf('vpc-a'));
    await stands(world);
  });
  afterAll(() => world.dispose());

  const hostLinkName = async (): Promise<string> =>
    (JSON.parse(await world.host.run('ip', '-j', 'link')) as { ifname: string }[])
      .map(({ ifname }) => ifname)
      .find((name) => name.startsWith(`sw${world.installationId}`)) ?? '';
  const damages: [string, () => Promise<unknown>][] = [
    ["the VPC's rules are flushed", () => inside.run('nft', 'flush', 'ruleset')],
    ["the VPC's uplink is deleted", () => inside.run('ip', 'link', 'delete', 'up0')],
    [
      "the host's end is down and bare",
      async () =>
        world.host.script(`ip link set ${await hostLinkName()} down; ip address flush dev ${await hostLinkName()}`),
    ],
    ["a task's link is deleted", () => inside.run('ip', 'link', 'delete', taskLink('eni-one'))],
    ["a task's link is down", () => inside.run('ip', 'link', 'set', taskLink('eni-two'), 'down')],
    [
      'addresses, routes and policy rules are flushed',
      () =>
        inside.script(
          'ip address flush dev lo; ip route flush table main; ip rule flush; ip route flush table all scope global',
        ),
    ],
    ["Docker's chain is made anew", () => world.host.run('iptables', '-F', 'DOCKER-USER')],
    ["the host's rules are flushed", () => world.host.run('nft', 'flush', 'ruleset')],
    [
      "the host's routes are flushed",
      () => world.host.script('ip route flush type unreachable; ip route flush root 100.127.0.0/16'),
    ],
    ['forwarding is turned off', () => world.host.script('echo 0 > /proc/sys/net/ipv4/ip_forward')],
  ];
  test.each(damages)('%s', async (what, damage) => {
    await damage();
    // Either way leads back: being told the same, or looking by itself.
    if (what.length % 2 === 0) await world.driver.applyVpc(spec);
    else await world.driver.verifyVpc('vpc-a');
    await stands(world);
  });

  test('the namespace is deleted: made anew, tasks attached, listeners opened again', async () => {
    const server = await world.driver.listenTcp('vpc-a', '169.254.170.2', 80);
    const seen: (string | undefined)[] = [];
    server.on('connection', (socket) => {
      seen.push(socket.remoteAddress);
      socket.end('metadata\n');
    });
    const resolver = await world.driver.bindUdp('vpc-a', '169.254.169.253', 53);
    resolver.on('message', (data, from) => resolver.send(`answer to ${data.toString()}`, from.port, from.address));
    const asks = async (): Promise<void> => {
      const one = await world.prober('vpc-a', '10.0.1.10');
      const two = await world.prober('vpc-a', '10.0.2.10');
      const patienceMs = 20_000;
      expect(await one.ask('connect', { protocol: 'tcp', address: '169.254.170.2', port: 80, patienceMs })).toBe(
        'metadata',
      );
      expect(await two.ask('connect', { protocol: 'udp', address: '169.254.169.253', port: 53, patienceMs })).toBe(
        'answer to ?',
      );
    };
    await asks();
    await runCommand('ip', ['netns', 'delete', `stowage-${world.installationId}-vpc-a`]);
    await world.driver.applyVpc(spec);
    world.forgetRouter('vpc-a');
    await asks();
    expect(seen).toEqual(['10.0.1.10', '10.0.1.10']);
    await stands(world);
    server.close();
    resolver.close();
  });

  test('another process finds all as it was, and interrupts nothing', async () => {
    const one = await world.prober('vpc-a', '10.0.1.10');
    expect(await world.reach(tcp(inA('10.0.1.10'), '10.0.2.10'), 20_000)).toBeDefined();
    expect(await one.ask('hold', { from: '10.0.1.10', address: '10.0.2.10', port: 80 })).toBe(true);
    const look = (): Promise<string> =>
      inside.script(
        "ip -br link | awk '{print $1, $3}'; ip route show table all | sed 's/ linkdown//'; nft -a list ruleset",
      );
    const before = await look();
    await world.driver.close();
    world.driver = world.restarted();
    expect(await world.driver.listVpcs()).toEqual(['vpc-a']);
    expect((await world.driver.listAttached('vpc-a')).sort()).toEqual(['eni-one', 'eni-two']);
    await world.apply(spec);
    expect(await look()).toBe(before);
    expect(await one.ask('say', { text: 'still here' })).toBe(true);
    await stands(world);
  });
});

describe('a process that is killed half-way', () => {
  test('leaves nothing that the next one cannot put right', async () => {
    const world = await LinuxWorld.make();
    try {
      const pids: Record<string, number> = {};
      for (const each of spec.interfaces) {
        if (each.kind === 'task') pids[each.interfaceId] = await world.pidOf('vpc-a', each);
      }
      for (let round = 0; round < 5; round += 1) {
        // Anything from before the namespace is there until after all is attached.
        await world.killedWhile(spec, pids, 20 + round * 55);
        await world.apply(spec);
        await stands(world);
        if (round % 2 === 0) {
          await world.driver.removeVpc('vpc-a');
          world.forgetRouter('vpc-a');
        }
      }
    } finally {
      await world.dispose();
    }
  });
});

describe('a change of rules', () => {
  let world: LinuxWorld;
  beforeAll(async () => {
    world = await LinuxWorld.make('none');
    await world.apply(spec);
  });
  afterAll(() => world.dispose());

  test('leaves established connections alone, through translation too, and stops new ones', async () => {
    await stands(world);
    const one = await world.prober('vpc-a', '10.0.1.10');
    const two = await world.prober('vpc-a', '10.0.2.10');
    expect(await one.ask('hold', { from: '10.0.1.10', address: worldAddress, port: 7 })).toBe(true);
    expect(await two.ask('hold', { from: '10.0.2.10', address: '10.0.1.20', port: 80 })).toBe(true);
    const closed = { ...spec, securityGroups: [{ groupId: 'sg-web', ingress: [], egress: [] }] };
    await world.apply(closed);
    const refused = [
      tcp(inA('10.0.2.10'), '10.0.1.20'),
      tcp(host, '100.127.64.10'),
      tcp(inA('10.0.1.10'), worldAddress, 7),
    ];
    expect(await Promise.all(refused.map((packet) => world.reach(packet, 300)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await one.ask('say', { text: 'after the change' })).toBe(true);
    expect(await two.ask('say', { text: 'after the change' })).toBe(true);
    // Also when the whole table is replaced.
    await new Netns(world.driver.namespaceOf('vpc-a')).run('nft', 'flush', 'ruleset');
    await world.apply(closed);
    expect(await one.ask('say', { text: 'after the replacement' })).toBe(true);
    expect(await two.ask('say', { text: 'after the replacement' })).toBe(true);
    await world.apply(spec);
    await stands(world);
  });

  test('tasks reach nothing of the host and no metadata of its cloud, and pretend to be nobody else', async () => {
    await world.apply(spec);
    const one = await world.prober('vpc-a', '10.0.1.10');
    const two = await world.prober('vpc-a', '10.0.2.10');
    await world.listenOnHost(8080);
    const tries = [
      ['198.51.100.1', 8080],
      ['100.127.79.255', 8080],
      ['169.254.200.1', 8080],
      ['169.254.169.254', 80],
      ['10.0.1.1', 8080],
      ['10.0.1.20', 22],
    ].map(([address, port]) => one.ask('connect', { protocol: 'tcp', address, port, patienceMs: 300 }));
    expect(await Promise.all(tries)).toEqual(tries.map(() => undefined));

    await two.netns.run('ip', 'address', 'add', '10.0.1.10/32', 'dev', 'lo');
    await two.netns.run('ip', 'address', 'add', '203.0.113.9/32', 'dev', 'lo');
    const asOther = ['10.0.1.10', '203.0.113.9'].map((from) =>
      two.ask('connect', { protocol: 'tcp', from, address: '10.0.1.20', port: 80, patienceMs: 300 }),
    );
    expect(await Promise.all(asOther)).toEqual([undefined, undefined]);
    expect(await world.reach(tcp(inA('10.0.2.10'), '10.0.1.20'), 20_000)).toBeDefined();
  });

  test('a route may lead to a task that forwards', async () => {
    const through: VpcSpec = {
      ...spec,
      interfaces: [
        ...spec.interfaces,
        { ...task('forwarder', '10.0.1.30', ['sg-web']), sourceDestCheck: false },
        task('behind', '10.0.3.10', ['sg-web']),
      ],
      routeTables: [
        ...spec.routeTables.slice(0, 1),
        {
          routeTableId: 'rtb-private',
          routes: [{ destinationCidr: '192.0.2.0/24', target: { kind: 'network-interface', id: 'eni-forwarder' } }],
        },
      ],
    };
    await world.apply(through);
    const forwarder = await world.prober('vpc-a', '10.0.1.30');
    await forwarder.netns.ip(['address add 192.0.2.7/32 dev lo']);
    expect(await forwarder.ask('listen', { protocol: 'tcp', address: '192.0.2.7', port: 80 })).toBe(true);
    expect(await world.reach(tcp(inA('10.0.3.10'), '192.0.2.7'), 20_000)).toBe('10.0.3.10');
  });
});

describe('two installations on one host', () => {
  test.each(atLength<readonly Firewall[]>(['docker'], ['docker', 'drop', 'none']))(
    'same ids, same addresses; each leaves no trace (firewall: %s)',
    async (firewall) => {
      const first = await LinuxWorld.make(firewall);
      const dump = (): Promise<string> =>
        first.host.script(
          'ip -br link | cut -d" " -f1; ip -4 route show table all; nft list ruleset | sed "s/packets .* bytes [0-9]*//"; iptables -S',
        );
      const second = first.another();
      try {
        const before = await dump();
        await first.apply(spec);
        const moved = (each: VpcSpec['interfaces'][number]): VpcSpec['interfaces'][number] =>
          each.publicIp === undefined ? each : { ...each, publicIp: each.publicIp.replace('127.64', '127.80') };
        await second.apply({ ...spec, interfaces: spec.interfaces.map(moved) });
        await stands(first);
        expect(await second.reach(tcp(host, '100.127.80.10'), 20_000)).toBeDefined();
        // From one installation to a public address of the other, as over the internet.
        expect(await second.reach(tcp(inA('10.0.1.10'), '100.127.80.20'), 20_000)).toBe('100.127.80.10');

        await second.driver.removeAll();
        await stands(first);
        await first.driver.removeAll();
        expect(await dump()).toBe(before);
        expect(await first.driver.listVpcs()).toEqual([]);
      } finally {
        await second.dispose();
        await first.dispose();
      }
    },
  );
});
