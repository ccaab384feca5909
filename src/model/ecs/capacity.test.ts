import { assert, integer, property } from 'fast-check';
import { expect, it } from 'vitest';
import { nextProvider } from './capacity.ts';

/** How `count` tasks are shared out between two providers, the first with a base. */
function share(count: number, base: number, weights: readonly [number, number]): [number, number] {
  const strategy = [
    { capacityProvider: 'FARGATE', base, weight: weights[0] },
    { capacityProvider: 'FARGATE_SPOT', weight: weights[1] },
  ];
  const placed = new Map<string, number>();
  for (let n = 0; n < count; n++) {
    const provider = nextProvider(strategy, placed) ?? '';
    placed.set(provider, (placed.get(provider) ?? 0) + 1);
  }
  return [placed.get('FARGATE') ?? 0, placed.get('FARGATE_SPOT') ?? 0];
}

it('fills the base, then shares out by weight to within one task', () => {
  const weight = integer({ min: 1, max: 10 });
  assert(
    property(integer({ min: 0, max: 60 }), integer({ min: 0, max: 10 }), weight, weight, (count, base, a, b) => {
      const [first, second] = share(count, base, [a, b]);
      expect(first + second).toBe(count);
      expect(first).toBeGreaterThanOrEqual(Math.min(base, count));
      const rest = Math.max(0, count - base);
      expect(Math.abs(second - (rest * b) / (a + b))).toBeLessThanOrEqual(1);
    }),
  );
});

it('gives nothing to a provider without a weight, and knows none where nobody has one', () => {
  expect(share(5, 2, [0, 1])).toEqual([2, 3]);
  expect(nextProvider([{ capacityProvider: 'FARGATE', base: 1 }], new Map([['FARGATE', 1]]))).toBeUndefined();
  expect(nextProvider([], new Map())).toBeUndefined();
});
