import type { PlacementStrategy } from '@aws-sdk/client-ecs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Task } from '../../model/ecs/task.ts';
import { victims, type ScaleInRules } from './scale-in.ts';
import type { JudgedTask } from './scale.ts';

/** Instances by letter: their zone, their stack, and the CPU and memory that they have left. */
const instances: Readonly<Record<string, readonly [zone: string, stack: string, cpu: number, memory: number]>> = {
  a: ['one', 'prod', 100, 1000],
  b: ['one', 'test', 200, 900],
  c: ['two', 'prod', 300, 800],
  d: ['two', 'prod', 400, 700],
};

function rules(strategy: readonly PlacementStrategy[], random: () => number = () => 0): ScaleInRules {
  return {
    strategy,
    instanceOf: ({ containerInstanceArn: arn = '' }) =>
      ({ arn, attributes: [{ name: 'stack', value: instances[arn]?.[1] }] }) as unknown as ContainerInstance,
    remainingOn: ({ arn }) => ({ cpu: instances[arn]?.[2] ?? 0, memory: instances[arn]?.[3] ?? 0 }),
    random,
  };
}

/** A task on the instance of each letter, the first the oldest; capitals pend. */
function tasks(letters: string): JudgedTask[] {
  return Array.from(letters, (letter, index) => {
    const arn = letter.toLowerCase();
    return {
      task: {
        arn: `${letter}${index}`,
        createdAt: index,
        availabilityZone: instances[arn]?.[0],
        containerInstanceArn: arn,
        reservation: { cpu: 10, memory: 20, ports: [] },
      } as unknown as Task,
      verdict: letter === arn ? { kind: 'healthy' } : { kind: 'pending' },
    };
  });
}

const named = (chosen: readonly JudgedTask[]): string => chosen.map(({ task }) => task.arn).join(' ');
const zones: PlacementStrategy = { type: 'spread', field: 'attribute:ecs.availability-zone' };
const hosts: PlacementStrategy = { type: 'spread', field: 'instanceId' };
const stacks: PlacementStrategy = { type: 'spread', field: 'attribute:stack' };
const cpu: PlacementStrategy = { type: 'binpack', field: 'CPU' };
const memory: PlacementStrategy = { type: 'binpack', field: 'MEMORY' };

describe('victims', () => {
  it.each<[string, PlacementStrategy[], string, number, string]>([
    ['without a strategy: the fullest zone, and there the fullest instance', [], 'aabc', 1, 'a1'],
    ['and so on, as they go', [], 'aabbc', 2, 'b3 a1'],
    ['the newest among equals', [], 'abcd', 1, 'd3'],
    ['pending ones first', [], 'aaaC', 1, 'C3'],
    ['spread over zones alone', [zones], 'aabc', 2, 'b2 a1'],
    ['spread over instances, whatever their zones', [hosts], 'abbcd', 1, 'b2'],
    ['spread over an attribute', [stacks], 'abcd', 1, 'd3'],
    ['spread over an attribute, then over instances', [stacks, hosts], 'accbd', 1, 'c2'],
    ['packed by CPU: from whom that leaves most', [cpu], 'abcd', 2, 'd3 c2'],
    ['packed by memory', [memory], 'abcd', 2, 'a0 b1'],
    ['packed: an instance that gave one up has more left', [memory], 'aabc', 2, 'a1 a0'],
    ['spread over zones, then packed', [zones, memory], 'abcd', 2, 'a0 c2'],
  ])('%s', (_, strategy, letters, count, expected) => {
    expect(named(victims(tasks(letters), count, rules(strategy)))).toBe(expected);
  });

  it('draws lots for each task once', () => {
    const draws = [0.1, 0.9, 0.5];
    const drawn = victims(
      tasks('abc'),
      2,
      rules([{ type: 'random' }], () => draws.shift() ?? 1),
    );
    expect(drawn).toHaveLength(2);
    expect(new Set(drawn).size).toBe(2);
  });

  it('counts those that may not go, too', () => {
    const [first, second, ...rest] = tasks('aacd');
    const all = [first, second, ...rest].filter((one) => one !== undefined);
    // Zone one has as many as two: of the free ones the newest goes.
    expect(named(victims(rest, 1, rules([zones]), all))).toBe('d3');
  });

  it('leaves what is spread as even as it can be', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 20 });
    fc.assert(
      fc.property(letters, fc.nat(20), fc.constantFrom([], [zones]), (all, count, strategy) => {
        const before = tasks(all.join(''));
        const gone = victims(before, count, rules(strategy));
        expect(gone).toHaveLength(Math.min(count, before.length));
        const inZone = (some: readonly JudgedTask[]): number[] =>
          ['one', 'two'].map((zone) => some.filter(({ task }) => task.availabilityZone === zone).length);
        const [one = 0, two = 0] = inZone(before);
        const [oneLeft = 0, twoLeft = 0] = inZone(before.filter((task) => !gone.includes(task)));
        // Never further apart than before, and level as soon as there were enough to go.
        expect(Math.abs(oneLeft - twoLeft)).toBeLessThanOrEqual(Math.max(1, Math.abs(one - two) - gone.length));
      }),
    );
  });
});
