import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSandboxes, type FreeSandbox, type SandboxDemand, type SubnetDemand } from './plan.ts';

const now = 1_000_000;
const places = (count: number, subnet = 'a'): string[] =>
  Array.from({ length: count }, (_, at) => `vpc ${subnet}${at}`);
const subnet = (more: Partial<SubnetDemand> = {}): SubnetDemand => ({
  upcoming: places(100),
  begins: [],
  inUse: false,
  ...more,
});
const free = (count: number, more: Partial<FreeSandbox> = {}, subnetName = 'a'): FreeSandbox[] =>
  places(count, subnetName).map((place) => ({ id: `id of ${place}`, place, ...more }));
const demand = (more: Partial<SandboxDemand>): SandboxDemand => ({
  subnets: [],
  free: [],
  most: 100,
  quietSince: 0,
  ...more,
});
const burst = (count: number, at: number, everyMs = 100): number[] =>
  Array.from({ length: count }, (_, index) => at + index * everyMs);

describe('how many sandboxes there should be', () => {
  it.each<[string, Partial<SandboxDemand>, number]>([
    ['nothing ever ran', { subnets: [subnet()] }, 0],
    ['tasks run, none begins', { subnets: [subnet({ inUse: true })] }, 1],
    [
      'tasks run in two of three subnets',
      { subnets: [subnet({ inUse: true }), subnet(), subnet({ inUse: true, upcoming: places(9, 'b') })] },
      2,
    ],
    ['one task began', { subnets: [subnet({ begins: [now - 5_000] })] }, 1],
    ['ten began at once', { subnets: [subnet({ begins: burst(10, now - 9_000), inUse: true })] }, 10],
    ['ten, one a minute', { subnets: [subnet({ begins: burst(10, now - 595_000, 60_001) })] }, 1],
    [
      'two bursts, the larger one long ago',
      { subnets: [subnet({ begins: [...burst(9, now - 500_000), ...burst(4, now - 5_000)] })] },
      9,
    ],
    ['the burst is forgotten', { subnets: [subnet({ begins: burst(10, now - 700_000) })] }, 0],
    ['part of the burst is forgotten', { subnets: [subnet({ begins: burst(10, now - 605_000, 1_000) })] }, 4],
    ['more than there may be', { subnets: [subnet({ begins: burst(80, now - 9_000) })], most: 20 }, 20],
    ['none may be', { subnets: [subnet({ begins: burst(8, now - 9_000) })], most: 0 }, 0],
    ['no more addresses are left', { subnets: [subnet({ begins: burst(8, now - 900), upcoming: places(3) })] }, 3],
    [
      'two subnets share what may be',
      {
        subnets: [
          subnet({ begins: burst(30, now - 9_000) }),
          subnet({ begins: burst(10, now - 9_000), upcoming: places(50, 'b') }),
        ],
        most: 20,
      },
      20,
    ],
  ])('%s', (_case, more, size) => {
    const { make, discard } = planSandboxes(demand(more), now);
    expect(make).toHaveLength(size);
    expect(new Set(make).size).toBe(size);
    expect(discard).toEqual([]);
  });

  it('shares in proportion', () => {
    const subnets = [
      subnet({ begins: burst(30, now - 9_000) }),
      subnet({ begins: burst(10, now - 9_000), upcoming: places(50, 'b') }),
    ];
    const { make } = planSandboxes(demand({ subnets, most: 20 }), now);
    expect(make).toEqual([...places(15), ...places(5, 'b')]);
  });
});

describe('when they are made and given up', () => {
  const subnets = [subnet({ begins: burst(4, now - 5_000) })];

  it('makes those that are missing, in the order of the addresses', () => {
    const { make } = planSandboxes(demand({ subnets, free: free(2) }), now);
    expect(make).toEqual(places(4).slice(2));
  });

  it('makes none while tasks are being started, nor right after, and looks again', () => {
    expect(planSandboxes(demand({ subnets, quietSince: undefined }), now)).toMatchObject({
      make: [],
      lookAt: now + 2_000,
    });
    expect(planSandboxes(demand({ subnets, quietSince: now - 500 }), now)).toMatchObject({
      make: [],
      lookAt: now + 1_500,
    });
  });

  it('keeps one whose address was given out for a while: its task is on its way', () => {
    const passed = [{ id: 'passed', place: 'vpc z' }];
    expect(planSandboxes(demand({ subnets, free: [...free(4), ...passed] }), now)).toMatchObject({
      make: [],
      discard: [],
      lookAt: now + 30_000,
    });
    const since = (unwantedSince: number) => passed.map((each) => ({ ...each, unwantedSince }));
    expect(planSandboxes(demand({ subnets, free: since(now - 29_000) }), now).discard).toEqual([]);
    expect(planSandboxes(demand({ subnets, free: since(now - 30_000) }), now).discard).toEqual(['passed']);
  });

  it('gives up all when nothing happens any more, and then has nothing to look at', () => {
    const before = free(3, { unwantedSince: now - 60_000 });
    const over = planSandboxes(demand({ subnets: [subnet()], free: before }), now);
    expect(over.discard).toEqual(before.map(({ id }) => id));
    expect(planSandboxes(demand({ subnets: [subnet()] }), now)).toEqual({ make: [], discard: [], wanted: new Set() });
  });

  it('looks whether demand has faded', () => {
    expect(planSandboxes(demand({ subnets, free: free(4) }), now).lookAt).toBe(now + 60_000);
  });
});

it('never has more than it may, asks for no place twice, and always looks again while something is to be done', () => {
  const arbitrary = fc.record({
    begins: fc.array(fc.array(fc.integer({ min: 0, max: now }), { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
    there: fc.nat({ max: 30 }),
    most: fc.nat({ max: 25 }),
    quietSince: fc.option(fc.integer({ min: 0, max: now }), { nil: undefined }),
  });
  fc.assert(
    fc.property(arbitrary, ({ begins, there, most, quietSince }) => {
      const subnets = begins.map((each, at) =>
        subnet({ begins: each.toSorted((a, b) => a - b), upcoming: places(20, `s${at}-`) }),
      );
      const { make, discard, wanted, lookAt } = planSandboxes(
        { subnets, free: free(there, {}, 's0-'), most, quietSince },
        now,
      );
      expect(wanted.size).toBeLessThanOrEqual(most);
      expect(make.length + there).toBeLessThanOrEqual(Math.max(most, there));
      expect(new Set(make).size).toBe(make.length);
      const missing = [...wanted].filter((place) => !free(there, {}, 's0-').some((each) => each.place === place));
      if (missing.length > 0 && make.length === 0 && there < most) expect(lookAt).toBeGreaterThan(now);
      expect(discard).toEqual([]);
    }),
  );
});
