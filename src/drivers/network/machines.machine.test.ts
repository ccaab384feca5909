import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../base/command.ts';
import { twoMachinesConformance } from './conformance-machines.ts';
import { LinuxMachines } from './machines-for-tests.ts';
import { Netns } from './netns.ts';
import type { Packet } from './policy.ts';
import { across, balancer, group, rule, task, twoMachines, vpc } from './spec-for-tests.ts';
import { Prober, worldAddress } from './world-for-tests.ts';

twoMachinesConformance('Linux', () => LinuxMachines.make());

const inA = (address: string): Packet['from'] => ({ vpcId: 'vpc-a', address });
const tcp = (from: Packet['from'], to: string, port = 80): Packet => ({ from, to, protocol: 'tcp', port });
const udp = (from: Packet['from'], to: string, port = 53): Packet => ({ from, to, protocol: 'udp', port });
const host = { outside: twoMachines.a.hostAddress };

const spec = vpc('vpc-a', {
  interfaces: [
    task('here', '10.0.1.10', ['sg-web'], '100.127.64.10'),
    task('there', '10.0.2.10', ['sg-web'], '100.127.64.11'),
    task('second', '10.0.2.11', ['sg-web']),
    balancer('lb', '10.0.1.20', ['sg-web']),
  ],
  securityGroups: [
    group('sg-web', rule('tcp', 80, 'sg-web'), rule('tcp', 80, `${host.outside}/32`), rule('udp', 53, 'sg-web')),
  ],
});
const specs = across(spec, ['eni-there', 'eni-second']);

/** That all of `spec` is in force between the machines, in both directions of what it allows and denies. */
async function stands(machines: LinuxMachines): Promise<void> {
  for (const packet of [
    tcp(inA('10.0.1.10'), '10.0.2.10'),
    tcp(inA('10.0.2.11'), '10.0.1.10'),
    tcp(inA('10.0.2.10'), '10.0.1.20'),
    tcp(inA('10.0.1.20'), '10.0.2.11'),
    tcp(host, '100.127.64.11'),
    tcp(inA('10.0.2.10'), worldAddress, 7),
  ]) {
    expect([packet, await machines.reach(packet, 20_000)]).toEqual([packet, expect.any(String)]);
  }
  const denied = [tcp(inA('10.0.1.10'), '10.0.2.10', 81), tcp(inA('10.0.2.10'), '10.0.1.10', 81)];
  expect(await Promise.all(denied.map((packet) => machines.reach(packet, 300)))).toEqual(denied.map(() => undefined));
}

describe('between two machines', () => {
  let machines: LinuxMachines;
  let inside: { a: Netns; b: Netns };
  const mended = async (): Promise<void> => {
    for (const { driver } of [machines.a, machines.b]) await driver.verifyVpc('vpc-a');
  };
  beforeAll(async () => {
    machines = await LinuxMachines.make();
    await machines.apply(specs);
    inside = {
      a: new Netns(machines.a.driver.namespaceOf('vpc-a')),
      b: new Netns(machines.b.driver.namespaceOf('vpc-a')),
    };
    await stands(machines);
  });
  afterAll(() => machines.dispose());

  test('packets of every size pass: the largest that fit whole, larger ones in parts, and much over one connection', async () => {
    const link = JSON.parse(await inside.a.run('ip', '-j', 'link', 'show', 'vx0')) as { mtu: number }[];
    expect(link[0]?.mtu).toBe(1450);
    // A datagram's packet is 28 bytes longer; the kernel sends it undivided as long as it knows of no narrow place.
    for (const size of [1400, 1422, 1472, 8000]) {
      for (const packet of [udp(inA('10.0.1.10'), '10.0.2.10'), udp(inA('10.0.2.10'), '10.0.1.10')]) {
        expect([size, await machines.reach(packet, 20_000, size)]).toEqual([size, expect.any(String)]);
      }
    }
    const sender = await machines.a.prober('vpc-a', '10.0.1.10');
    expect(await sender.ask('hold', { from: '10.0.1.10', address: '10.0.2.10', port: 80 })).toBe(true);
    // There and back.
    expect(await sender.ask('say', { text: 'x'.repeat(4_000_000) })).toBe(true);
  });

  test('who is no machine of the installation is not listened to', async () => {
    const forged = '10.0.2.10';
    const world = new Netns((machines.a.host.path ?? '').replace(/-host$/, '-world'));
    const received = async (): Promise<number> => (await machines.a.driver.counters('vpc-a', 'eni-here')).rxPackets;
    await world.ip([
      `link add vx9 address 0a:58:cb:00:71:07 type vxlan id 7 dstport 21000 local 203.0.113.7 nolearning`,
      `address add ${forged}/32 dev vx9`,
      'link set vx9 up',
      'route add 10.0.1.10/32 dev vx9',
      'neighbour add 10.0.1.10 lladdr 0a:58:cb:00:71:01 dev vx9 nud permanent',
    ]);
    await world.bridge([`fdb add 0a:58:cb:00:71:01 dev vx9 dst ${twoMachines.a.underlay} self permanent`]);
    const forger = new Prober(world);
    await forger.ready;
    const knock = (): Promise<unknown> =>
      forger.ask('connect', { protocol: 'udp', from: forged, address: '10.0.1.10', port: 53, patienceMs: 400 });
    const before = await received();
    await knock();
    expect(await received()).toBe(before);
    // It is for its sender alone: were it a machine, it would be heard.
    const { overlay } = specs.a;
    if (overlay === undefined) throw new Error('no overlay');
    const known = {
      ...overlay,
      machines: [...overlay.machines, { underlay: '203.0.113.7', hostAddress: '100.127.79.201' }],
    };
    await machines.a.driver.applyVpc({ ...specs.a, overlay: known });
    await knock();
    expect(await received()).toBeGreaterThan(before);
    await machines.a.driver.applyVpc(specs.a);
    forger.end();
    await world.ip(['link delete vx9']);
  });

  test('tasks are nobody else over a tunnel either, reach nothing of the other machine, and send no tunnel packets themselves', async () => {
    await machines.a.listenOnHost(8080);
    const there = await machines.b.prober('vpc-a', '10.0.2.10');
    await there.netns.ip(['address add 10.0.2.11/32 dev lo', 'address add 10.0.1.20/32 dev lo']);
    const tries = [
      ...['10.0.2.11', '10.0.1.20'].map((from) => ({ from, address: '10.0.1.10', port: 80 })),
      { address: '169.254.200.1', port: 8080 },
      { address: host.outside, port: 8080 },
      { address: twoMachines.a.underlay, port: 21_000 },
    ].map((each) => there.ask('connect', { protocol: 'tcp', patienceMs: 300, ...each }));
    expect(await Promise.all(tries)).toEqual(tries.map(() => undefined));
    await there.netns.ip(['address delete 10.0.2.11/32 dev lo', 'address delete 10.0.1.20/32 dev lo']);

    // Under the machine's own address, as by way of its gateway.
    const matching = 'udp dport 21000 udp length 9 counter';
    const rules = `table inet counting {\nchain arriving {\ntype filter hook input priority -300;\n${matching}\n}\n}\n`;
    await machines.a.host.nft(rules);
    const counted = async (): Promise<string | undefined> =>
      /packets (\d+)/.exec(await machines.a.host.run('nft', 'list', 'table', 'inet', 'counting'))?.[1];
    const to = { protocol: 'udp', address: twoMachines.a.underlay, port: 21_000, patienceMs: 700 };
    await there.ask('connect', { ...to, from: '10.0.2.10' });
    expect(await counted()).toBe('0');
    const program = new Prober(machines.b.host);
    await program.ready;
    await program.ask('connect', to);
    program.end();
    expect(Number(await counted())).toBeGreaterThan(0);
    await machines.a.host.run('nft', 'delete', 'table', 'inet', 'counting');
  });

  const damages: [string, () => Promise<unknown>][] = [
    ["the VPC's end is deleted", () => inside.a.run('ip', 'link', 'delete', 'vx0')],
    ["the VPC's end is down", () => inside.b.run('ip', 'link', 'set', 'vx0', 'down')],
    [
      'what it knows of others is flushed',
      () =>
        inside.a.script(
          'bridge fdb del 0a:58:cb:00:72:01 dev vx0 self; ip neighbour flush dev vx0 nud permanent; ip route flush dev vx0',
        ),
    ],
    ["the VPC's rules are flushed", () => inside.b.run('nft', 'flush', 'ruleset')],
    ["the hosts' ends are deleted", () => machines.b.host.script(`ip link delete sw${machines.b.installationId}wide`)],
    [
      "the hosts' rules and routes are flushed",
      () => machines.a.host.script(`nft flush ruleset; ip route flush dev sw${machines.a.installationId}wide`),
    ],
  ];
  test.each(damages)('mended: %s', async (_, damage) => {
    await damage();
    await mended();
    await stands(machines);
  });

  test('mended: the namespace is deleted while something listens in it', async () => {
    const server = await machines.a.driver.listenTcp('vpc-a', '169.254.170.2', 80);
    await runCommand('ip', ['netns', 'delete', `stowage-${machines.a.installationId}-vpc-a`]);
    machines.a.forgetRouter('vpc-a');
    await expect
      .poll(async () => {
        await machines.a.driver.verifyVpc('vpc-a');
        return inside.a.run('ip', '-br', 'link', 'show', 'vx0').catch(() => '');
      })
      .toMatch(/vx0/);
    server.close();
    await stands(machines);
  });

  test('another process finds all as it was, and interrupts nothing', async () => {
    const one = await machines.a.prober('vpc-a', '10.0.1.10');
    expect(await one.ask('hold', { from: '10.0.1.10', address: '10.0.2.10', port: 80 })).toBe(true);
    const look = async (): Promise<string> => {
      const script =
        "ip -br link | awk '{print $1, $3}'; ip route show table all | sed 's/ linkdown//'; nft -a list ruleset | sed 's/packets .*//'";
      const parts = [inside.a, machines.a.host, inside.b, machines.b.host].map((netns) =>
        netns.script(`${script}; bridge fdb show`),
      );
      return (await Promise.all(parts)).join('\n');
    };
    const before = await look();
    for (const world of [machines.a, machines.b]) {
      await world.driver.close();
      world.driver = world.restarted();
    }
    await machines.apply(specs);
    expect(await look()).toBe(before);
    expect(await one.ask('say', { text: 'still here' })).toBe(true);
    await stands(machines);
  });
});

describe('the end of a VPC on two machines', () => {
  test('leaves nothing; a process that is killed half-way leaves nothing that the next one cannot put right', async () => {
    const machines = await LinuxMachines.make();
    const look = (): Promise<string[]> =>
      Promise.all(
        [machines.a.host, machines.b.host].map((netns) =>
          netns.script('ip -br link | cut -d" " -f1; ip -4 route show table all; nft list tables; iptables -S'),
        ),
      );
    try {
      const before = await look();
      const pids: Record<string, number> = {};
      for (const id of ['eni-there', 'eni-second']) pids[id] = await machines.b.pidOf('vpc-a', id);
      for (let round = 0; round < 4; round += 1) {
        await machines.b.killedWhile(specs.b, pids, 30 + round * 60);
        await machines.apply(specs);
        await stands(machines);
        if (round % 2 === 1) continue;
        await machines.b.driver.removeVpc('vpc-a');
        machines.b.forgetRouter('vpc-a');
      }
      await machines.a.driver.removeAll();
      await machines.b.driver.removeAll();
      expect(await look()).toEqual(before);
      const links = await runCommand('sh', ['-c', `ip netns | grep -c ${machines.a.installationId} || true`]);
      expect(links.stdout.trim()).toBe('0');
    } finally {
      await machines.dispose();
    }
  });
});
