import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DriverError } from '../../base/errors.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { NetworkDriver } from './driver.ts';
import type { Packet } from './policy.ts';
import { anywhere, balancer, group, rule, task, vpc } from './spec-for-tests.ts';

/** Networks to try things in. */
export interface World {
  readonly driver: NetworkDriver;
  /** Applies a spec and attaches its tasks. */
  apply(spec: VpcSpec): Promise<void>;
  /** Sends a packet; answers the address its receiver saw it come from (empty: unknown), `undefined` when none came back in time. */
  reach(packet: Packet, patienceMs: number): Promise<string | undefined>;
  /** A process in a network namespace of its own, which serves on a TCP port once it has a network. */
  container(port: number): Promise<number>;
  /** The process that an interface is attached to. */
  pidOf(vpcId: string, interfaceId: string): Promise<number>;
  /** As `reach`, to whoever serves there already. */
  knock(packet: Packet, patienceMs: number): Promise<string | undefined>;
  /** Takes a part of an instance's inside away, behind the driver's back. */
  ruin(instancePid: number, part: (typeof innerParts)[number]): Promise<void>;
  dispose(): Promise<void>;
}

/** What somebody may take away inside an instance: its rules, all rules there, its bridge, or a container's cable. */
export const innerParts = ['table', 'ruleset', 'bridge', 'cable'] as const;

/** The host, by its address among public ones. */
const outside = { outside: '100.127.79.255' };
const out = '100.127.64';
/** Long enough for any machine; what passes ends it at once. */
const long = 20_000;
const short = 300;

/** What every network driver does, on the real one and the fake alike. */
export function networkDriverConformance(name: string, make: () => Promise<World>): void {
  describe(`network driver: ${name}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await make();
    });
    afterAll(() => world.dispose());

    const from = (address: string, vpcId = 'vpc-a'): Packet['from'] => ({ vpcId, address });
    const tcp = (sender: Packet['from'], to: string, port = 80): Packet => ({
      from: sender,
      to,
      protocol: 'tcp',
      port,
    });
    const passes = async (packet: Packet): Promise<string> => {
      const seen = await world.reach(packet, long);
      if (seen === undefined) expect.fail(`should pass: ${JSON.stringify(packet)}`);
      return seen;
    };
    const blocked = async (...packets: readonly Packet[]): Promise<void> => {
      const seen = await Promise.all(packets.map((packet) => world.reach(packet, short)));
      expect(packets.filter((_, index) => seen[index] !== undefined)).toEqual([]);
    };

    test('what no group allows is dropped; changes hold at once', async () => {
      const interfaces = [
        task('one', '10.0.1.10', ['sg-web']),
        task('two', '10.0.2.10', ['sg-web', 'sg-extra']),
        task('three', '10.0.3.10', ['sg-none']),
      ];
      const none = { groupId: 'sg-none', ingress: [], egress: [anywhere] };
      const base = vpc('vpc-a', { interfaces, securityGroups: [group('sg-web'), group('sg-extra'), none] });
      await world.apply(base);
      await blocked(
        tcp(from('10.0.1.10'), '10.0.2.10'),
        tcp(from('10.0.2.10'), '10.0.3.10'),
        tcp(from('10.0.3.10'), '10.0.1.10'),
      );

      // A group that names itself lets its members talk to each other.
      await world.apply({
        ...base,
        securityGroups: [group('sg-web', rule('-1', -1, 'sg-web')), group('sg-extra'), none],
      });
      expect(await passes(tcp(from('10.0.1.10'), '10.0.2.10'))).toMatch(/^$|10\.0\.1\.10/);
      await passes(tcp(from('10.0.2.10'), '10.0.1.10', 8080));
      await blocked(tcp(from('10.0.3.10'), '10.0.1.10'), tcp(from('10.0.1.10'), '10.0.3.10'));

      // Any of an interface's groups may allow.
      await world.apply({
        ...base,
        securityGroups: [group('sg-web'), group('sg-extra', rule('tcp', 80, 'sg-none')), none],
      });
      await passes(tcp(from('10.0.3.10'), '10.0.2.10'));
      await blocked(tcp(from('10.0.3.10'), '10.0.1.10'), tcp(from('10.0.1.10'), '10.0.2.10'));

      // Nothing is allowed out either without a rule.
      const silent = { ...none, egress: [rule('tcp', 8080, '10.0.2.0/24')] };
      await world.apply({
        ...base,
        securityGroups: [group('sg-web'), group('sg-extra', rule('-1', -1, '0.0.0.0/0')), silent],
      });
      await passes(tcp(from('10.0.3.10'), '10.0.2.10', 8080));
      await blocked(tcp(from('10.0.3.10'), '10.0.2.10'), tcp(from('10.0.3.10'), '10.0.1.10', 8080));
    });

    test('rules by protocol, port range, block and ICMP type', async () => {
      const sends = task('sends', '10.0.1.20', ['sg-client']);
      const takes = (...rules: Parameters<typeof group>[1][]): VpcSpec =>
        vpc('vpc-a', {
          interfaces: [sends, task('takes', '10.0.2.20', ['sg-server'])],
          securityGroups: [group('sg-client'), group('sg-server', ...rules.flatMap((each) => each ?? []))],
        });
      const to = (protocol: Packet['protocol'], port: number): Packet => ({
        from: from('10.0.1.20'),
        to: '10.0.2.20',
        protocol,
        port,
      });
      await world.apply(takes(rule('tcp', [8000, 8010], '10.0.1.0/24'), rule('17', 53, '10.0.1.20/32')));
      for (const packet of [to('tcp', 8000), to('tcp', 8010), to('udp', 53)]) await passes(packet);
      await blocked(to('tcp', 7999), to('tcp', 8011), to('udp', 8000), to('tcp', 53), to('icmp', 8));

      await world.apply(
        takes(
          rule('icmp', [8, -1], '10.0.0.0/16'),
          rule('udp', [0, 65_535], 'sg-client'),
          rule('6', 80, '10.9.0.0/16'),
        ),
      );
      for (const packet of [to('icmp', 8), to('udp', 7777)]) await passes(packet);
      await blocked(to('tcp', 80), to('tcp', 7777));

      await world.apply(takes(rule('icmp', [0, 0], '0.0.0.0/0'), rule('tcp', -1, '10.0.1.16/28')));
      await passes(to('tcp', 4242));
      await blocked(to('icmp', 8), to('udp', 53));
    });

    test('a balancer on the router: its groups, and the groups of its targets', async () => {
      const spec = vpc('vpc-a', {
        interfaces: [
          task('client', '10.0.1.30', ['sg-client']),
          task('target', '10.0.2.30', ['sg-target']),
          balancer('lb', '10.0.1.31', ['sg-lb']),
          balancer('open', '10.0.2.31', []),
        ],
        securityGroups: [
          group('sg-client'),
          group('sg-target', rule('tcp', 8080, 'sg-lb')),
          { ...group('sg-lb', rule('tcp', 80, '0.0.0.0/0')), egress: [rule('tcp', 8080, 'sg-target')] },
        ],
      });
      await world.apply(spec);
      await passes(tcp(from('10.0.1.30'), '10.0.1.31'));
      await passes(tcp(from('10.0.1.31'), '10.0.2.30', 8080));
      await passes(tcp(from('10.0.1.30'), '10.0.2.31', 9999));
      await blocked(
        tcp(from('10.0.1.30'), '10.0.1.31', 443),
        tcp(from('10.0.1.30'), '10.0.2.30', 8080),
        tcp(from('10.0.1.31'), '10.0.2.30', 80),
        tcp(from('10.0.2.31'), '10.0.2.30', 8080),
      );
    });

    test('public addresses: reached from outside, private ones never; route tables and gateways mean what they say', async () => {
      const interfaces = [
        task('public', '10.0.1.40', ['sg-web'], `${out}.40`),
        task('bare', '10.0.1.41', ['sg-web']),
        task('unrouted', '10.0.3.40', ['sg-web'], `${out}.43`),
        balancer('lb', '10.0.2.40', ['sg-web'], `${out}.42`),
      ];
      const spec = vpc('vpc-a', { interfaces, securityGroups: [group('sg-web', rule('tcp', 80, '0.0.0.0/0'))] });
      await world.apply(spec);
      await passes(tcp(outside, `${out}.40`));
      await passes(tcp(outside, `${out}.42`));
      await passes(tcp(from('10.0.1.40'), '198.51.100.7', 7));
      await blocked(
        tcp(outside, '10.0.1.40'),
        tcp(outside, '10.0.1.41'),
        tcp(outside, `${out}.43`),
        tcp(outside, `${out}.44`),
        tcp(outside, `${out}.40`, 81),
        tcp(from('10.0.1.41'), '198.51.100.7', 7),
        tcp(from('10.0.3.40'), '198.51.100.7', 7),
      );
      // Without the gateway nothing enters or leaves; with it again, all is as before.
      await world.apply({ ...spec, internetGateway: false });
      await blocked(tcp(outside, `${out}.40`), tcp(from('10.0.1.40'), '198.51.100.7', 7));
      await passes(tcp(from('10.0.1.41'), '10.0.1.40'));
      await world.apply(spec);
      await passes(tcp(outside, `${out}.40`));

      // The public subnets lose their route.
      await world.apply({ ...spec, routeTables: spec.routeTables.map((table) => ({ ...table, routes: [] })) });
      await blocked(tcp(outside, `${out}.40`), tcp(outside, `${out}.42`), tcp(from('10.0.1.40'), '198.51.100.7', 7));
      // An address moves to another interface.
      await world.apply({
        ...spec,
        interfaces: [task('public', '10.0.1.40', ['sg-web']), task('bare', '10.0.1.41', ['sg-web'], `${out}.40`)],
      });
      await passes(tcp(outside, `${out}.40`));
      await passes(tcp(from('10.0.1.41'), '198.51.100.7', 7));
      await blocked(tcp(from('10.0.1.40'), '198.51.100.7', 7));
    });

    test('NAT gateways let private subnets out and nobody in; public addresses lead back in', async () => {
      const nat = (publicIp: string): Partial<VpcSpec> => ({
        natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp }],
        routeTables: [
          ...vpc('x').routeTables.slice(0, 1),
          {
            routeTableId: 'rtb-private',
            routes: [{ destinationCidr: '0.0.0.0/0', target: { kind: 'nat-gateway', id: 'nat-1' } }],
          },
        ],
      });
      const gateway = balancer('nat', '10.0.1.9', [], `${out}.59`);
      const a = vpc('vpc-a', {
        ...nat(`${out}.59`),
        interfaces: [
          gateway,
          task('inner', '10.0.3.50', ['sg-web']),
          task('outer', '10.0.1.50', ['sg-web'], `${out}.50`),
          balancer('lb5', '10.0.2.50', ['sg-lb'], `${out}.52`),
        ],
        securityGroups: [group('sg-web'), group('sg-lb', rule('tcp', 80, '0.0.0.0/0'))],
      });
      // The same block and the same addresses in another VPC.
      const b = vpc('vpc-b', {
        interfaces: [
          task('inner', '10.0.3.50', ['sg-b'], undefined),
          task('outer', '10.0.1.50', ['sg-b'], `${out}.150`),
        ],
        securityGroups: [group('sg-b', rule('tcp', 80, `${out}.59/32`), rule('tcp', 8080, `${out}.50/32`))],
      });
      await world.apply(a);
      await world.apply(b);
      await passes(tcp(from('10.0.3.50'), '198.51.100.7', 7));
      await blocked(tcp(outside, `${out}.59`), tcp(from('10.0.3.50', 'vpc-b'), '198.51.100.7', 7));
      // To a public address of the same VPC and back in.
      expect(await passes(tcp(from('10.0.1.50'), `${out}.52`))).toMatch(new RegExp(`^$|${out}\\.50`));
      expect(await passes(tcp(from('10.0.3.50'), `${out}.52`))).toMatch(new RegExp(`^$|${out}\\.59`));
      // To another VPC, which sees the public address and knows nothing of the other's groups.
      await passes(tcp(from('10.0.3.50'), `${out}.150`));
      await passes(tcp(from('10.0.1.50'), `${out}.150`, 8080));
      await blocked(
        tcp(from('10.0.1.50'), `${out}.150`),
        tcp(from('10.0.3.50'), `${out}.150`, 8080),
        tcp(from('10.0.1.50', 'vpc-b'), '10.0.3.50'),
      );
      // A gateway whose own subnet has no way out is none.
      const swapped = a.subnets.map((each) => ({ ...each, routeTableId: 'rtb-private' }));
      await world.apply({ ...a, subnets: swapped });
      await blocked(tcp(from('10.0.3.50'), '198.51.100.7', 7), tcp(outside, `${out}.52`));
      await world.driver.removeVpc('vpc-b');
    });

    test('interfaces come and go', async () => {
      const { driver } = world;
      const spec = vpc('vpc-a', {
        interfaces: [task('one', '10.0.1.60', ['sg-web']), task('two', '10.0.1.61', ['sg-web'])],
        securityGroups: [group('sg-web', rule('-1', -1, 'sg-web'))],
      });
      await world.apply(spec);
      expect((await driver.listAttached('vpc-a')).sort()).toEqual(['eni-one', 'eni-two']);
      await passes(tcp(from('10.0.1.60'), '10.0.1.61'));
      const counted = await driver.counters('vpc-a', 'eni-two');
      for (const count of [counted.rxPackets, counted.rxBytes, counted.txPackets, counted.txBytes]) {
        expect(count).toBeGreaterThan(0);
      }
      await driver.detach('vpc-a', 'eni-two');
      await expect(driver.counters('vpc-a', 'eni-two')).rejects.toMatchObject({ kind: 'gone' });
      await driver.detach('vpc-a', 'eni-two');
      expect(await driver.listAttached('vpc-a')).toEqual(['eni-one']);
      await world.apply(spec);
      await passes(tcp(from('10.0.1.60'), '10.0.1.61'));

      // What is no longer said is taken away.
      await driver.applyVpc({ ...spec, interfaces: spec.interfaces.slice(0, 1) });
      expect(await driver.listAttached('vpc-a')).toEqual(['eni-one']);
      const refused = await driver.attach('vpc-a', 'eni-two', process.pid).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(DriverError);
      expect(refused).toMatchObject({ kind: 'gone' });
    });

    test('injures the network of one task, and heals it', async () => {
      const { driver } = world;
      const spec = vpc('vpc-a', {
        interfaces: [task('hurt', '10.0.1.70', ['sg-web']), task('whole', '10.0.1.71', ['sg-web'])],
        securityGroups: [group('sg-web', rule('-1', -1, 'sg-web'))],
      });
      await world.apply(spec);
      const there = tcp(from('10.0.1.70'), '10.0.1.71', 8080);
      const back = tcp(from('10.0.1.71'), '10.0.1.70', 8080);
      const drop = { kind: 'blackhole', protocol: 'tcp', port: 8080 } as const;
      expect(await driver.faults('vpc-a', 'eni-hurt')).toEqual({ blackholes: [] });

      await driver.startFault('vpc-a', 'eni-hurt', { ...drop, direction: 'egress', spared: [] });
      await driver.startFault('vpc-a', 'eni-hurt', { ...drop, direction: 'egress', spared: [] });
      await blocked(there);
      await passes(back);
      await passes(tcp(from('10.0.1.70'), '10.0.1.71', 8081));
      await driver.startFault('vpc-a', 'eni-hurt', { ...drop, direction: 'ingress', spared: [] });
      await blocked(back);
      const both = await driver.faults('vpc-a', 'eni-hurt');
      expect(both.blackholes.toSorted()).toEqual(['egress-tcp-8080', 'ingress-tcp-8080']);
      expect(await driver.faults('vpc-a', 'eni-whole')).toEqual({ blackholes: [] });
      await driver.stopFault('vpc-a', 'eni-hurt', 'egress-tcp-8080');
      await driver.stopFault('vpc-a', 'eni-hurt', 'egress-tcp-8080');
      await driver.stopFault('vpc-a', 'eni-hurt', 'ingress-tcp-8080');
      expect(await driver.faults('vpc-a', 'eni-hurt')).toEqual({ blackholes: [] });
      await passes(there);
      await passes(back);
      await driver.startFault('vpc-a', 'eni-whole', { ...drop, direction: 'ingress', spared: ['10.0.1.70'] });
      await passes(there);
      await driver.stopFault('vpc-a', 'eni-whole', 'ingress-tcp-8080');

      const slow = {
        kind: 'latency',
        delayMs: 20,
        jitterMs: 0,
        lossPercent: 0,
        sources: ['10.0.1.71'],
        spared: [],
        flowsPercent: 100,
      } as const;
      const refused = await driver.startFault('vpc-a', 'eni-hurt', slow).catch((error: unknown) => error);
      // A kernel without it says so, and nothing is left of the attempt.
      if (refused === undefined) {
        expect(await driver.faults('vpc-a', 'eni-hurt')).toEqual({ blackholes: [], shaping: 'latency' });
        await driver.stopFault('vpc-a', 'eni-hurt', 'latency');
      } else expect(refused).toMatchObject({ name: 'DriverError', kind: 'fatal' });
      expect(await driver.faults('vpc-a', 'eni-hurt')).toEqual({ blackholes: [] });
      await passes(there);
      await driver.detach('vpc-a', 'eni-whole');
      await expect(driver.faults('vpc-a', 'eni-whole')).rejects.toMatchObject({ kind: 'gone' });
    });

    test('instances have a bridge inside: host ports lead to containers, each instance has its own', async () => {
      const { driver } = world;
      const spec = vpc('vpc-a', {
        interfaces: [
          task('i1', '10.0.1.70', ['sg-open']),
          task('i2', '10.0.2.70', ['sg-open']),
          task('client', '10.0.1.71', ['sg-client']),
        ],
        securityGroups: [group('sg-open', rule('tcp', [80, 90], '0.0.0.0/0')), group('sg-client')],
      });
      await world.apply(spec);
      const knock = (to: string, port: number, patienceMs = long) =>
        world.knock(tcp(from('10.0.1.71'), to, port), patienceMs);
      const first = await world.pidOf('vpc-a', 'eni-i1');
      const second = await world.pidOf('vpc-a', 'eni-i2');
      const [web, other] = [await world.container(8080), await world.container(8080)];
      for (const [instance, pid] of [
        [first, web],
        [second, other],
      ] as const) {
        await driver.openInstance(instance);
        await driver.openInstance(instance);
        const ports = [{ protocol: 'tcp' as const, hostPort: 80, containerPort: 8080 }];
        await driver.plug(instance, { address: '172.17.0.2', pid, ports });
      }
      // The same port and the same address inside, twice; the sender's address is what the container sees.
      expect(await knock('10.0.1.70', 80)).toMatch(/^$|10\.0\.1\.71/);
      expect(await knock('10.0.2.70', 80)).toMatch(/^$|10\.0\.1\.71/);
      expect(await knock('10.0.1.70', 8080, short)).toBeUndefined();
      expect(await knock('10.0.1.70', 81, short)).toBeUndefined();

      // Plugging again replaces the ports; the groups of the instance decide over them.
      const moved = [81, 91].map((hostPort) => ({ protocol: 'tcp' as const, hostPort, containerPort: 8080 }));
      await driver.plug(first, { address: '172.17.0.2', pid: web, ports: moved });
      expect(await knock('10.0.1.70', 81)).toBeDefined();
      expect(await knock('10.0.1.70', 80, short)).toBeUndefined();
      expect(await knock('10.0.1.70', 91, short)).toBeUndefined();

      // What somebody takes away is mended, and what is there is left alone.
      const endpoint = { address: '172.17.0.2', pid: web, ports: moved };
      expect(await driver.verifyInstance(first, [endpoint])).toBe(false);
      for (const part of innerParts) {
        await world.ruin(first, part);
        expect(await knock('10.0.1.70', 81, short)).toBeUndefined();
        expect(await driver.verifyInstance(first, [endpoint])).toBe(true);
        expect(await knock('10.0.1.70', 81)).toBeDefined();
        expect(await driver.verifyInstance(first, [endpoint])).toBe(false);
      }

      await driver.unplug(first, '172.17.0.2');
      await driver.unplug(first, '172.17.0.2');
      expect(await knock('10.0.1.70', 81, short)).toBeUndefined();
      expect(await knock('10.0.2.70', 80)).toBeDefined();
      // An instance or a container that is gone.
      await driver.unplug(2 ** 30, '172.17.0.2');
      const lost = await driver
        .plug(2 ** 30, { address: '172.17.0.3', pid: web, ports: [] })
        .catch((error: unknown) => error);
      expect(lost).toMatchObject({ kind: 'gone' });
    });

    test('networks come and go', async () => {
      const { driver } = world;
      await world.apply(vpc('vpc-a'));
      await world.apply(vpc('vpc-c'));
      expect((await driver.listVpcs()).sort()).toEqual(['vpc-a', 'vpc-c']);
      const server = await driver.listenTcp('vpc-c', '169.254.170.2', 80);
      const socket = await driver.bindUdp('vpc-c', '169.254.169.253', 53);
      await driver.verifyVpc('vpc-c');
      server.close();
      socket.close();
      await driver.removeVpc('vpc-c');
      await driver.removeVpc('vpc-c');
      expect(await driver.listVpcs()).toEqual(['vpc-a']);
      expect(await driver.listAttached('vpc-c')).toEqual([]);
      await expect(driver.listenTcp('vpc-c', '169.254.170.2', 80)).rejects.toMatchObject({ kind: 'gone' });
    });

    test('connects to a port as a process would', async () => {
      const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      // In a task's namespace: test/exec.
      const socket = await world.driver.connectTcp(process.pid, 'localhost', port);
      let heard = '';
      for await (const chunk of socket) heard += String(chunk);
      expect(heard).toBe('hello');
      await new Promise((resolve) => server.close(resolve));
      const refused = world.driver.connectTcp(process.pid, '127.0.0.1', port);
      await expect(refused).rejects.toMatchObject({
        kind: 'retryable',
        message: expect.stringMatching(/ECONNREFUSED/) as string,
      });
    });
  });
}
