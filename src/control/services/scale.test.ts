import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import type { Verdict } from './health.ts';
import { maximumTasks, minimumHealthy, scale, type JudgedTask, type ScaleInput } from './scale.ts';

const verdicts: Record<string, Verdict> = {
  h: { kind: 'healthy' },
  p: { kind: 'pending' },
  u: { kind: 'unhealthy', stop: { code: 'ServiceSchedulerInitiated', reason: 'unwell' }, events: [] },
};

/** Tasks by one letter each: healthy, pending, unhealthy (capitals: and protected); the first is the oldest. */
function tasks(letters: string, deployment: string): JudgedTask[] {
  return Array.from(letters, (letter, index) => ({
    task: { arn: `${deployment}${index}`, createdAt: index, availabilityZone: `z${index % 2}` } as Task,
    verdict: verdicts[letter.toLowerCase()] ?? { kind: 'pending' },
    isProtected: letter !== letter.toLowerCase(),
  }));
}

function decide(spec: {
  desired: number;
  min?: number;
  max?: number;
  new: string;
  old?: string;
  drained?: string;
  may?: number;
  failed?: true;
}) {
  const decision = scale({
    desired: spec.desired,
    minimumHealthyPercent: spec.min ?? 100,
    maximumPercent: spec.max ?? 200,
    primary: tasks(spec.new, 'n'),
    old: tasks(spec.old ?? '', 'o'),
    draining: tasks(spec.drained ?? '', 'd'),
    mayStart: spec.may ?? 100,
    failed: spec.failed ?? false,
  });
  const stop = decision.stop.map(({ task }) => task.arn).sort();
  return { start: decision.start, stop: stop.join(' '), stuck: decision.stuck };
}

describe('scale', () => {
  it.each([
    ['starts what is missing', { desired: 3, new: 'h' }, 2, ''],
    ['has nothing to do', { desired: 2, new: 'hh' }, 0, ''],
    ['counts pending tasks as coming', { desired: 2, new: 'hp' }, 0, ''],
    ['scales in pending ones first, then the newest of the fullest zone', { desired: 2, new: 'hhhp' }, 0, 'n2 n3'],
    ['scales in to nothing', { desired: 0, new: 'hp' }, 0, 'n0 n1'],
    ['starts replacements before it stops unhealthy tasks', { desired: 2, new: 'hu' }, 1, ''],
    ['stops unhealthy tasks once replaced', { desired: 2, new: 'huh' }, 0, 'n1'],
    ['makes room for a replacement where the maximum leaves none', { desired: 2, max: 100, new: 'hu' }, 0, 'n1'],
    ['keeps no more unhealthy tasks than are missing', { desired: 2, new: 'uuu' }, 1, 'n2'],
    ['starts a new deployment beside the old one', { desired: 2, new: '', old: 'hh' }, 2, ''],
    ['stops old tasks as new ones become healthy', { desired: 2, new: 'hp', old: 'hh' }, 0, 'o1'],
    ['stops the last old tasks', { desired: 2, new: 'hh', old: 'hh' }, 0, 'o0 o1'],
    ['does not stop old ones below the minimum', { desired: 4, min: 100, max: 125, new: 'p', old: 'hhhh' }, 0, ''],
    [
      'stops old ones first where only the minimum leaves room',
      { desired: 4, min: 50, max: 100, new: '', old: 'hhhh' },
      0,
      'o2 o3',
    ],
    ['rounds the minimum up', { desired: 3, min: 50, max: 100, new: '', old: 'hhh' }, 0, 'o2'],
    ['rounds the maximum down', { desired: 3, max: 150, new: '', old: 'hhh' }, 1, ''],
    ['gives up unhealthy old tasks first', { desired: 2, min: 50, max: 100, new: '', old: 'hu' }, 0, 'o1'],
    ['dismisses unhealthy new tasks while the old ones serve', { desired: 2, new: 'uu', old: 'hh' }, 0, 'n0 n1'],
    ['replaces what is drained before it stops it', { desired: 2, new: 'h', drained: 'h' }, 1, ''],
    ['stops what is drained once replaced', { desired: 2, new: 'hh', drained: 'h' }, 0, 'd0'],
    [
      'drains down to the minimum without a replacement',
      { desired: 2, min: 50, new: '', drained: 'hh', may: 0 },
      0,
      'd1',
    ],
    ['drains before older deployments', { desired: 2, min: 50, new: 'h', old: 'h', drained: 'h', may: 0 }, 0, 'd0'],
    ['scales in none that is protected', { desired: 1, new: 'hHh' }, 0, 'n0 n2'],
    ['keeps more than it wants while they are protected', { desired: 1, new: 'HHP' }, 0, ''],
    ['replaces protected tasks of an older deployment later', { desired: 2, new: 'hh', old: 'Hh' }, 0, 'o1'],
    ['drains protected tasks later', { desired: 1, new: 'h', drained: 'H' }, 0, ''],
    ['protects none that is unhealthy', { desired: 1, new: 'hU' }, 0, 'n1'],
    ['starts nothing while it rests', { desired: 2, new: '', old: 'hh', may: 0 }, 0, ''],
    [
      'leaves the old tasks alone when the deployment failed',
      { desired: 2, new: '', old: 'hh', may: 0, failed: true },
      0,
      '',
    ],
  ] as const)('%s', (_, input, start, stop) => {
    expect(decide(input)).toMatchObject({ start, stop });
  });

  it('knows when the configuration leaves no way', () => {
    expect(decide({ desired: 1, min: 100, max: 100, new: '', old: 'h' }).stuck).toBe(true);
    expect(decide({ desired: 1, min: 100, max: 100, new: '', old: 'p' }).stuck).toBe(false);
    expect(decide({ desired: 1, min: 0, max: 100, new: '', old: 'h' }).stuck).toBe(false);
  });

  const letters = fc.array(fc.constantFrom('h', 'p', 'u', 'H', 'P', 'U'), { maxLength: 12 }).map((all) => all.join(''));
  const input = fc.record({
    desired: fc.nat(8),
    min: fc.integer({ min: 0, max: 100 }),
    max: fc.integer({ min: 100, max: 300 }),
    new: letters,
    old: letters,
    may: fc.nat(10),
  });

  it('never goes above the maximum and never stops healthy tasks below the minimum', () => {
    fc.assert(
      fc.property(input, (spec) => {
        const primary = tasks(spec.new, 'n');
        const old = tasks(spec.old, 'o');
        const scaled: ScaleInput = {
          desired: spec.desired,
          minimumHealthyPercent: spec.min,
          maximumPercent: spec.max,
          primary,
          old,
          mayStart: spec.may,
          failed: false,
        };
        const { start, stop } = scale(scaled);
        const before = primary.length + old.length;
        const most = maximumTasks(spec.desired, spec.max);
        expect(start === 0 || before + start <= most).toBe(true);
        expect(stop.filter((one) => one.isProtected === true && one.verdict.kind !== 'unhealthy')).toEqual([]);
        const healthy = (all: readonly JudgedTask[]): number =>
          all.filter(({ verdict }) => verdict.kind === 'healthy').length;
        const left = healthy([...primary, ...old]) - healthy(stop);
        const least = Math.min(minimumHealthy(spec.desired, spec.min), healthy([...primary, ...old]));
        expect(left).toBeGreaterThanOrEqual(least);
        expect(new Set(stop).size).toBe(stop.length);
      }),
    );
  });
});
