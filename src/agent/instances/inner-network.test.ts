import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import { InnerNetwork, type Binding } from './inner-network.ts';

const make = (): InnerNetwork => new InnerNetwork(new FakeNetworkDriver(), { containerId: 'instance', pid: 1 });
const tcp = (containerPort: number, hostPort = 0) => ({ containerPort, hostPort, protocol: 'tcp' as const });
const range = (containerPortRange: string) => ({ ...tcp(0), containerPortRange });

describe('leases', () => {
  it('have the host port that is named, or a free one', () => {
    const inner = make();
    expect(inner.lease('a', [tcp(80, 80), tcp(81)])).toEqual({
      address: '172.17.0.2',
      bindings: [
        { bindIP: '0.0.0.0', protocol: 'tcp', containerPort: 80, hostPort: 80 },
        { bindIP: '0.0.0.0', protocol: 'tcp', containerPort: 81, hostPort: 32_768 },
      ],
    });
    expect(inner.lease('b', [range('90-92')])).toEqual({
      address: '172.17.0.3',
      bindings: [{ bindIP: '0.0.0.0', protocol: 'tcp', containerPortRange: '90-92', hostPortRange: '32769-32771' }],
    });
  });

  it('are the same when asked for again, and after a restart', () => {
    const inner = make();
    const lease = inner.lease('a', [tcp(80)]);
    expect(inner.lease('a', [tcp(80)])).toBe(lease);
    const restarted = make();
    restarted.restore('a', lease);
    expect(restarted.lease('a', [tcp(80)])).toBe(lease);
    expect(restarted.lease('b', [tcp(80)]).bindings[0]?.hostPort).not.toBe(lease.bindings[0]?.hostPort);
    expect(restarted.lease('c', []).address).not.toBe(lease.address);
  });

  it('wait while another has the port', () => {
    const inner = make();
    inner.lease('a', [tcp(80, 80)]);
    expect(() => inner.lease('b', [tcp(8080, 80)])).toThrow('Bind for 0.0.0.0:80 failed: port is already allocated');
    expect(inner.lease('u', [{ ...tcp(80, 80), protocol: 'udp' }]).bindings[0]?.hostPort).toBe(80);
    inner.release('a');
    expect(inner.lease('b', [tcp(8080, 80)]).bindings[0]?.hostPort).toBe(80);
  });

  it('never share an address or a port, whatever comes and goes', () => {
    const mapping = fc.oneof(
      fc.constant(tcp(80)),
      fc.integer({ min: 1, max: 20 }).map((size) => range(`100-${100 + size}`)),
      fc.integer({ min: 32_760, max: 32_800 }).map((port) => tcp(90, port)),
    );
    const act = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.option(fc.array(mapping, { maxLength: 3 })));
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const inner = make();
        const held = new Map<string, { address: string; bindings: readonly Binding[] }>();
        for (const [key, wanted] of acts) {
          const name = String(key);
          if (wanted === null) {
            inner.release(name);
            held.delete(name);
            continue;
          }
          try {
            held.set(name, inner.lease(name, wanted));
          } catch {
            // A port that another has; what was held stays as it was.
          }
        }
        const addresses = [...held.values()].map(({ address }) => address);
        expect(new Set(addresses).size).toBe(addresses.length);
        const ports = [...held.values()].flatMap(({ bindings }) => bindings.flatMap(portsOf));
        expect(new Set(ports).size).toBe(ports.length);
      }),
    );
  });
});

function portsOf({ hostPort, hostPortRange }: Binding): number[] {
  if (hostPort !== undefined) return [hostPort];
  const [from = 0, to = 0] = (hostPortRange ?? '').split('-').map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
