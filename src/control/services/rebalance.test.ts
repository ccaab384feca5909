import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import { countsOf, rebalance, zoneOf, type Rebalance } from './rebalance.ts';
import type { JudgedTask } from './scale.ts';

const unhealthy = {
  kind: 'unhealthy',
  stop: { code: 'ServiceSchedulerInitiated', reason: 'unwell' },
  events: [],
} as const;

/** A task for each letter, in the zone of that letter; capitals are protected, what follows `+` pends, what follows `!` is unwell. */
function tasks(text: string): JudgedTask[] {
  return [...text.matchAll(/([+!]?)([a-zA-Z])/g)].map(([, mark, letter = ''], index) => ({
    task: { arn: `${letter}${index}`, createdAt: index, availabilityZone: letter.toLowerCase() } as Task,
    verdict: mark === '+' ? { kind: 'pending' } : mark === '!' ? unhealthy : { kind: 'healthy' },
    isProtected: letter !== letter.toLowerCase(),
  }));
}

const zones = ['a', 'b', 'c'];

function said(step: Rebalance): string {
  if (step.kind === 'start') return `start ${step.zones.map(([zone, count]) => `${count}${zone}`).join(' ')}`;
  if (step.kind === 'stop') return `stop ${step.tasks.map(({ task }) => task.arn).join(' ')} held ${step.held}`;
  return step.kind === 'blocked' ? `blocked ${step.held}` : step.kind;
}

describe('rebalance', () => {
  it.each([
    ['one in each zone is balanced', 'abc', 3, 6, 'balanced'],
    ['a remainder may be anywhere', 'aabbc', 5, 10, 'balanced'],
    ['a zone without any gets its share', 'aab', 3, 6, 'start 1c'],
    ['two in one zone', 'aa', 2, 4, 'balanced'],
    ['the poorest come first', 'aaaaab', 6, 12, 'start 2c 1b'],
    ['never above the maximum', 'aaaaab', 6, 7, 'start 1c'],
    ['no room at all', 'aaa', 3, 3, 'blocked 0'],
    ['what was started is waited for', 'aab+c', 3, 6, 'wait'],
    ['the newest in the richest zone goes', 'aabc', 3, 6, 'stop a1 held 0'],
    ['none protected goes', 'aAbc', 3, 6, 'stop a0 held 0'],
    ['what is all protected stays', 'AAbc', 3, 6, 'stop  held 1'],
    ['nothing is started for what cannot go', 'AAb', 3, 6, 'blocked 1'],
    ['what is missing comes first', 'aa', 3, 6, 'interrupted'],
    ['what is unwell comes first', 'aa!b', 3, 6, 'interrupted'],
    ['a zone that is none of its own counts', 'zzb', 3, 6, 'start 1a'],
  ])('%s', (_, text, desired, most, expected) => {
    expect(
      said(rebalance({ zones: text === 'aa' ? ['a'] : zones, desired, most, tasks: tasks(text), mayStart: 100 })),
    ).toBe(expected);
  });

  it('comes to an even spread, never below what is desired nor above the maximum', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(letters, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), (all, spare, mayStart) => {
        const own = ['a', 'b', 'c', 'd'];
        const desired = all.length;
        const most = desired + spare;
        let now = tasks(all.join(''));
        for (let round = 0; ; round += 1) {
          expect(round).toBeLessThan(100);
          const step = rebalance({ zones: own, desired, most, tasks: now, mayStart });
          if (step.kind === 'balanced') break;
          if (step.kind === 'wait') now = now.map((one) => ({ ...one, verdict: { kind: 'healthy' } }));
          else if (step.kind === 'start') {
            const started = step.zones.flatMap(([zone, count]) => tasks(`+${zone}`.repeat(count)));
            expect(started.length).toBeGreaterThan(0);
            now = [...now, ...started];
          } else if (step.kind === 'stop') {
            expect(step.tasks.length).toBeGreaterThan(0);
            now = now.filter((one) => !step.tasks.includes(one));
          } else throw new Error(`it came to ${said(step)}`);
          expect(now.length).toBeLessThanOrEqual(most);
          expect(now.filter(({ verdict }) => verdict.kind === 'healthy').length).toBeGreaterThanOrEqual(desired);
        }
        const counts = countsOf(own, now).map(([, count]) => count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(now.every((one) => own.includes(zoneOf(one)))).toBe(true);
      }),
    );
  });
});
