import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atLength } from '../../../test/support/length.ts';
import { LinuxMachines } from './machines-for-tests.ts';
import { packetOf, vpcOf } from './policies-for-tests.ts';
import { judge, type Packet } from './policy.ts';
import { across } from './spec-for-tests.ts';
import { LinuxWorld } from './world-for-tests.ts';

const packets = fc.array(packetOf, { minLength: 24, maxLength: 24 });

/** The kernel and `judge` must agree on any packet in any VPC. */
async function agree(
  spec: Parameters<typeof judge>[0][number],
  sent: readonly Packet[],
  world: { readonly publicPool: string; reach(packet: Packet, patienceMs: number): Promise<string | undefined> },
): Promise<void> {
  const results = await Promise.all(
    sent.map(async (packet) => {
      const verdict = judge([spec], packet, world.publicPool);
      // Where it should pass there is all the time in the world; where not, long enough to notice that it does.
      const seen = await world.reach(packet, verdict.passes ? 20_000 : 250);
      return { packet, verdict, passed: seen !== undefined, seen };
    }),
  );
  for (const { packet, verdict, passed, seen } of results) {
    expect({ packet, verdict, passed }).toEqual({ packet, verdict, passed: verdict.passes });
    // Out in the world the host's own address is seen.
    if (verdict.passes && verdict.receiver !== 'internet')
      expect({ packet, seen }).toEqual({ packet, seen: verdict.seenFrom });
  }
}

describe('the kernel does what the policy says', () => {
  let world: LinuxWorld;
  beforeAll(async () => {
    world = await LinuxWorld.make();
  });
  afterAll(() => world.dispose());

  test('on a machine', async () => {
    await fc.assert(
      fc.asyncProperty(vpcOf, packets, async (spec, sent) => {
        await world.apply(spec);
        await agree(spec, sent, world);
      }),
      { numRuns: atLength(8, 100), endOnFailure: true },
    );
  });
});

describe('the kernels do what the policy says', () => {
  let machines: LinuxMachines;
  beforeAll(async () => {
    machines = await LinuxMachines.make();
  });
  afterAll(() => machines.dispose());

  test('on two machines', async () => {
    const { publicPool } = machines.a;
    const reach = machines.reach.bind(machines);
    // Balancers, and so NAT gateways, are where the control plane is.
    const onB = fc.subarray(['eni-a', 'eni-b', 'eni-c'], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(vpcOf, onB, packets, async (spec, names, sent) => {
        await machines.apply(across(spec, names));
        await agree(spec, sent, { publicPool, reach });
      }),
      { numRuns: atLength(4, 60), endOnFailure: true },
    );
  });
});
