import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VpcSpec } from '../../wire/network-spec.ts';
import type { NetworkDriver } from './driver.ts';
import type { Packet } from './policy.ts';
import { across, anywhere, balancer, group, rule, task, twoMachines, vpc } from './spec-for-tests.ts';

/** Networks on two machines, those of `twoMachines`. */
export interface TwoMachines {
  readonly drivers: { readonly a: NetworkDriver; readonly b: NetworkDriver };
  /** Tells each machine what is its own, and attaches its tasks. */
  apply(specs: { readonly a: VpcSpec; readonly b: VpcSpec }): Promise<void>;
  /** Sends a packet; answers the address its receiver saw it come from (empty: unknown), `undefined` when none came back in time. */
  reach(packet: Packet, patienceMs: number): Promise<string | undefined>;
  dispose(): Promise<void>;
}

const out = '100.127.64';
const hosts = { a: { outside: twoMachines.a.hostAddress }, b: { outside: twoMachines.b.hostAddress } };
const world = '198.51.100.7';
/** Long enough for any machine; what passes ends it at once. */
const long = 20_000;
const short = 300;

/** What the network drivers of two machines do for a VPC that is on both, on the real ones and the fakes alike. */
export function twoMachinesConformance(name: string, make: () => Promise<TwoMachines>): void {
  describe(`a VPC on two machines: ${name}`, () => {
    let machines: TwoMachines;
    beforeAll(async () => {
      machines = await make();
    });
    afterAll(() => machines.dispose());

    const from = (address: string, vpcId = 'vpc-a'): Packet['from'] => ({ vpcId, address });
    const tcp = (sender: Packet['from'], to: string, port = 80): Packet => ({
      from: sender,
      to,
      protocol: 'tcp',
      port,
    });
    const passes = async (packet: Packet): Promise<string> => {
      const seen = await machines.reach(packet, long);
      if (seen === undefined) expect.fail(`should pass: ${JSON.stringify(packet)}`);
      return seen;
    };
    const blocked = async (...packets: readonly Packet[]): Promise<void> => {
      const seen = await Promise.all(packets.map((packet) => machines.reach(packet, short)));
      expect(packets.filter((_, index) => seen[index] !== undefined)).toEqual([]);
    };

    test('tasks reach each other; groups hold across machines, and a change of them at once', async () => {
      const interfaces = [
        task('here', '10.0.1.10', ['sg-web']),
        task('there', '10.0.1.11', ['sg-web']),
        task('other', '10.0.2.10', ['sg-other']),
      ];
      const apply = (...securityGroups: VpcSpec['securityGroups']): Promise<void> =>
        machines.apply(across(vpc('vpc-a', { interfaces, securityGroups }), ['eni-there', 'eni-other']));
      await apply(group('sg-web'), group('sg-other'));
      await blocked(
        tcp(from('10.0.1.10'), '10.0.1.11'),
        tcp(from('10.0.1.11'), '10.0.1.10'),
        tcp(from('10.0.2.10'), '10.0.1.10'),
      );
      // By group: its members on the other machine are known here.
      await apply(group('sg-web', rule('-1', -1, 'sg-web')), group('sg-other'));
      expect(await passes(tcp(from('10.0.1.10'), '10.0.1.11'))).toMatch(/^$|10\.0\.1\.10/);
      expect(await passes(tcp(from('10.0.1.11'), '10.0.1.10'))).toMatch(/^$|10\.0\.1\.11/);
      await passes({ from: from('10.0.1.10'), to: '10.0.1.11', protocol: 'udp', port: 53 });
      await passes({ from: from('10.0.1.11'), to: '10.0.1.10', protocol: 'icmp', port: 8 });
      await blocked(tcp(from('10.0.2.10'), '10.0.1.10'), tcp(from('10.0.1.10'), '10.0.2.10'));
      // By block; what the sender's own groups do not let out does not leave its machine.
      const silent = {
        ...group('sg-other', rule('tcp', 80, '10.0.1.0/24')),
        egress: [rule('tcp', 8080, '10.0.1.10/32')],
      };
      await apply(group('sg-web', rule('tcp', [80, 9000], '10.0.2.10/32')), silent);
      await passes(tcp(from('10.0.1.10'), '10.0.2.10'));
      await passes(tcp(from('10.0.2.10'), '10.0.1.10', 8080));
      await blocked(tcp(from('10.0.2.10'), '10.0.1.10'), tcp(from('10.0.2.10'), '10.0.1.11', 8080));
    });

    test('a balancer on one machine: its clients and targets on the other', async () => {
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
      await machines.apply(across(spec, ['eni-client', 'eni-target']));
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

    test('VPCs with the same block and the same addresses stay apart', async () => {
      const spec = (vpcId: string, port: number): VpcSpec =>
        vpc(vpcId, {
          interfaces: [task('one', '10.0.1.20', ['sg-web']), task('two', '10.0.2.20', ['sg-web'])],
          securityGroups: [group('sg-web', rule('tcp', port, '0.0.0.0/0'))],
        });
      await machines.apply(across(spec('vpc-a', 80), ['eni-two'], 7));
      await machines.apply(across(spec('vpc-b', 81), ['eni-one'], 8));
      await passes(tcp(from('10.0.1.20'), '10.0.2.20', 80));
      await passes(tcp(from('10.0.1.20', 'vpc-b'), '10.0.2.20', 81));
      await blocked(tcp(from('10.0.1.20'), '10.0.2.20', 81), tcp(from('10.0.1.20', 'vpc-b'), '10.0.2.20', 80));
      await passes(tcp(from('10.0.2.20', 'vpc-b'), '10.0.1.20', 81));
      // What is told of `b` goes nowhere once it is gone there.
      await machines.drivers.b.removeVpc('vpc-b');
      await blocked(tcp(from('10.0.2.20', 'vpc-b'), '10.0.1.20', 81));
      await machines.drivers.a.removeVpc('vpc-b');
      await passes(tcp(from('10.0.1.20'), '10.0.2.20', 80));
    });

    test('public addresses of tasks on either machine, from either host, the world and each other', async () => {
      const securityGroups = [group('sg-web', rule('tcp', 80, '0.0.0.0/0')), group('sg-out')];
      const nat: Partial<VpcSpec> = {
        natGateways: [{ id: 'nat-1', privateIp: '10.0.1.9', publicIp: `${out}.9` }],
        routeTables: [
          ...vpc('x').routeTables.slice(0, 1),
          {
            routeTableId: 'rtb-private',
            routes: [{ destinationCidr: '0.0.0.0/0', target: { kind: 'nat-gateway', id: 'nat-1' } }],
          },
        ],
      };
      const a = vpc('vpc-a', {
        ...nat,
        securityGroups,
        interfaces: [
          balancer('nat', '10.0.1.9', [], `${out}.9`),
          task('here', '10.0.1.40', ['sg-web'], `${out}.40`),
          task('there', '10.0.1.41', ['sg-web'], `${out}.41`),
          task('inner', '10.0.3.41', ['sg-out']),
          task('near', '10.0.3.40', ['sg-out']),
        ],
      });
      const b = vpc('vpc-b', {
        securityGroups: [...securityGroups, group('sg-nat', rule('tcp', 80, `${out}.9/32`))],
        interfaces: [
          task('far', '10.0.1.41', ['sg-web'], `${out}.141`),
          task('nat', '10.0.2.41', ['sg-nat'], `${out}.142`),
        ],
      });
      await machines.apply(across(a, ['eni-there', 'eni-inner'], 7));
      await machines.apply(across(b, ['eni-far', 'eni-nat'], 8));
      for (const host of [hosts.a, hosts.b]) {
        expect(await passes(tcp(host, `${out}.40`))).toMatch(/^$|100\.127\.79/);
        expect(await passes(tcp(host, `${out}.41`))).toMatch(/^$|100\.127\.79/);
      }
      await blocked(tcp(hosts.a, `${out}.41`, 81), tcp(hosts.b, `${out}.40`, 81), tcp(hosts.a, `${out}.44`));
      for (const sender of ['10.0.1.40', '10.0.1.41', '10.0.3.41']) await passes(tcp(from(sender), world, 7));
      // From machine to machine and VPC to VPC, under their public addresses.
      expect(await passes(tcp(from('10.0.1.40'), `${out}.141`))).toMatch(new RegExp(`^$|${out}\\.40`));
      expect(await passes(tcp(from('10.0.1.41', 'vpc-b'), `${out}.40`))).toMatch(new RegExp(`^$|${out}\\.141`));
      expect(await passes(tcp(from('10.0.1.41', 'vpc-b'), `${out}.41`))).toMatch(new RegExp(`^$|${out}\\.141`));
      // By way of the NAT gateway, which is on the one machine: from both, to both.
      for (const sender of ['10.0.3.40', '10.0.3.41']) {
        expect(await passes(tcp(from(sender), `${out}.40`))).toMatch(new RegExp(`^$|${out}\\.9`));
        expect(await passes(tcp(from(sender), `${out}.142`))).toMatch(new RegExp(`^$|${out}\\.9`));
      }
      await blocked(tcp(from('10.0.1.40'), `${out}.142`), tcp(hosts.b, `${out}.9`));
      // A public address moves from one machine to the other, and back.
      const moved = {
        ...b,
        interfaces: [task('far', '10.0.1.41', ['sg-web']), task('nat', '10.0.2.41', ['sg-web'], `${out}.141`)],
      };
      await machines.apply(across(moved, ['eni-far'], 8));
      expect(await passes(tcp(hosts.a, `${out}.141`))).toMatch(/^$|100\.127\.79/);
      await passes(tcp(hosts.b, `${out}.141`));
      await machines.apply(across(b, ['eni-far'], 8));
      await passes(tcp(hosts.a, `${out}.141`));
      for (const driver of [machines.drivers.a, machines.drivers.b]) await driver.removeVpc('vpc-b');
      await blocked(tcp(hosts.a, `${out}.141`), tcp(hosts.b, `${out}.141`));
    });

    test('interfaces come and go, and with them the other machine', async () => {
      const spec = (...interfaces: VpcSpec['interfaces']): VpcSpec =>
        vpc('vpc-a', {
          interfaces,
          securityGroups: [{ ...group('sg-web', rule('-1', -1, 'sg-web')), egress: [anywhere] }],
        });
      const [one, two, three] = [
        task('one', '10.0.1.60', ['sg-web']),
        task('two', '10.0.1.61', ['sg-web']),
        task('three', '10.0.1.62', ['sg-web']),
      ];
      await machines.apply(across(spec(one, two), ['eni-two']));
      await passes(tcp(from('10.0.1.60'), '10.0.1.61'));
      await machines.apply(across(spec(one, two, three), ['eni-two', 'eni-three']));
      await passes(tcp(from('10.0.1.60'), '10.0.1.62'));
      await passes(tcp(from('10.0.1.62'), '10.0.1.60'));
      expect((await machines.drivers.a.listAttached('vpc-a')).sort()).toEqual(['eni-one']);
      expect((await machines.drivers.b.listAttached('vpc-a')).sort()).toEqual(['eni-three', 'eni-two']);
      await expect(machines.drivers.a.attach('vpc-a', 'eni-two', process.pid)).rejects.toMatchObject({ kind: 'gone' });
      // The last one elsewhere is gone: the VPC is on one machine, as before there were two.
      await machines.drivers.b.removeVpc('vpc-a');
      await machines.drivers.a.applyVpc(spec(one));
      await blocked(tcp(from('10.0.1.60'), '10.0.1.62'));
      expect(await machines.drivers.b.listVpcs()).toEqual([]);
      await machines.apply(across(spec(one, two), ['eni-two']));
      await passes(tcp(from('10.0.1.60'), '10.0.1.61'));
    });
  });
}
