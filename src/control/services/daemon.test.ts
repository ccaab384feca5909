import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { TaskNeeds } from '../../model/ecs/needs.ts';
import type { Candidate } from '../../model/ecs/placement.ts';
import type { Task } from '../../model/ecs/task.ts';
import { planDaemon, type DaemonInput } from './daemon.ts';
import type { Verdict } from './health.ts';
import { minimumHealthy, type JudgedTask } from './scale.ts';

const verdicts: Record<string, Verdict> = {
  h: { kind: 'healthy' },
  p: { kind: 'pending' },
  u: { kind: 'unhealthy', stop: { code: 'ServiceSchedulerInitiated', reason: 'unwell' }, events: [] },
};
const needs: TaskNeeds = {
  cpu: 0,
  memory: 100,
  ports: [],
  attributes: [{ name: 'disk' }],
  gpu: false,
  ownInterface: false,
};

/** What stands where: on each instance its tasks, one letter each, of the new and of the old deployment (capitals: protected). */
interface Place {
  readonly new?: string;
  readonly old?: string;
  /** Of the service, on their way out. */
  readonly ending?: number;
  readonly is?: 'draining' | 'busy' | 'full' | 'away' | 'other';
}

function inputOf(places: readonly Place[], more: Partial<DaemonInput> = {}): DaemonInput {
  const judged = (deployment: 'new' | 'old'): JudgedTask[] =>
    places.flatMap((place, at) =>
      Array.from(place[deployment] ?? '', (letter, index) => ({
        task: {
          arn: `${deployment[0]}${at}${index === 0 ? '' : `.${index}`}`,
          createdAt: index,
          containerInstanceArn: `i${at}`,
        } as Task,
        verdict: verdicts[letter.toLowerCase()] ?? { kind: 'pending' },
        isProtected: letter !== letter.toLowerCase(),
      })),
    );
  return {
    needs,
    candidates: places.map(({ is, ending = 0, new: fresh = '', old = '' }, at): Candidate => ({
      instance: {
        arn: `i${at}`,
        status: is === 'draining' || is === 'busy' ? 'DRAINING' : 'ACTIVE',
        attributes: is === 'other' ? [] : [{ name: 'disk' }],
        taskInterfaces: 0,
      } as Partial<ContainerInstance> as ContainerInstance,
      connected: is !== 'away',
      remaining: { cpu: 1024, memory: is === 'full' ? 0 : 1000, ports: [] },
      interfacesInUse: 0,
      groups: [],
      runningTasks: 0,
      kin: ending + fresh.length + old.length,
    })),
    busy: new Set(places.flatMap(({ is }, at) => (is === 'busy' ? [`i${at}`] : []))),
    minimumHealthyPercent: 0,
    primary: judged('new'),
    old: judged('old'),
    mayStart: 100,
    failed: false,
    ...more,
  };
}

function decide(places: readonly Place[], more: Partial<DaemonInput> = {}) {
  const { start, stop, failures } = planDaemon(inputOf(places, more));
  return [
    start.map(({ instance }) => instance.arn).join(' '),
    stop
      .map(({ task }) => task.arn)
      .toSorted()
      .join(' '),
    failures.map(({ instance, reason }) => `${instance.arn} ${reason}`).join(' '),
  ];
}

describe('a daemon', () => {
  it.each<[string, readonly Place[], string, string, string]>([
    ['starts one on each instance', [{}, {}, { new: 'h' }], 'i0 i1', '', ''],
    ['has nothing to do', [{ new: 'h' }, { new: 'p' }], '', '', ''],
    ['waits until the one before is gone', [{ ending: 1 }], '', '', ''],
    ['stops a second one', [{ new: 'ph' }], '', 'n0', ''],
    ['stops what is unhealthy first', [{ new: 'u' }], '', 'n0', ''],
    ['says where there is no room', [{ is: 'full' }, { is: 'away' }], '', '', 'i0 RESOURCE:MEMORY'],
    ['leaves alone what is not what it asks for', [{ is: 'other' }], '', '', ''],
    ['leaves an instance that is no more what it asks for', [{ new: 'h', is: 'other' }], '', 'n0', ''],
    ['leaves a drained instance', [{ new: 'h', is: 'draining' }], '', 'n0', ''],
    ['leaves it last', [{ new: 'h', old: 'h', is: 'busy' }], '', '', ''],
    ['starts nothing there', [{ is: 'draining' }, { is: 'busy' }], '', '', ''],
    ['stops older ones', [{ old: 'h' }, { old: 'u' }, {}], 'i2', 'o0 o1', ''],
    ['stops none that is protected', [{ old: 'H' }, { old: 'U' }, { new: 'H', is: 'draining' }], '', 'o1', ''],
  ])('%s', (_, places, start, stop, failures) => {
    expect(decide(places)).toEqual([start, stop, failures]);
  });

  it('keeps the healthy ones that the minimum asks for', () => {
    const places: Place[] = [{ old: 'h' }, { old: 'h' }, { new: 'h' }, { old: 'u' }];
    expect(decide(places, { minimumHealthyPercent: 50 })).toEqual(['', 'o0 o3', '']);
    expect(decide(places, { minimumHealthyPercent: 75 })).toEqual(['', 'o3', '']);
  });

  it('starts no more than it may, and leaves the old ones alone once it failed', () => {
    expect(decide([{}, {}], { mayStart: 1 })).toEqual(['i0', '', '']);
    expect(decide([{ old: 'h' }], { failed: true, mayStart: 0 })).toEqual(['', '', '']);
  });

  const letters = fc.array(fc.constantFrom('h', 'p', 'u', 'H', 'P'), { maxLength: 2 }).map((all) => all.join(''));
  const place = fc.record(
    {
      new: letters,
      old: letters,
      ending: fc.nat(1),
      is: fc.constantFrom('draining' as const, 'busy' as const, 'full' as const, 'away' as const, 'other' as const),
    },
    { requiredKeys: [] },
  );
  it('never starts a second one, nor one elsewhere, and never stops healthy ones below the minimum', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 8 }), fc.nat(100), fc.nat(8), (places, minimum, mayStart) => {
        const input = inputOf(places, { minimumHealthyPercent: minimum, mayStart });
        const { start, stop } = planDaemon(input);
        expect(start.length).toBeLessThanOrEqual(mayStart);
        expect(new Set(start.map(({ instance }) => instance)).size).toBe(start.length);
        for (const { arn, status, attributes } of start.map(({ instance }) => instance)) {
          expect(input.candidates.find(({ instance }) => instance.arn === arn)?.kin).toBe(0);
          expect([status, attributes.length]).toEqual(['ACTIVE', 1]);
        }
        expect(stop.filter((one) => one.isProtected === true && one.verdict.kind !== 'unhealthy')).toEqual([]);
        // Second ones of the same deployment aside: those are too many whatever the minimum.
        const wanted = places.flatMap(({ is }, at) =>
          is === undefined || is === 'full' || is === 'away' ? [`i${at}`] : [],
        );
        const least = minimumHealthy(wanted.length, minimum);
        const healthy = (all: readonly JudgedTask[]) =>
          all.filter(
            ({ task, verdict }) => verdict.kind === 'healthy' && wanted.includes(task.containerInstanceArn ?? ''),
          );
        const left = healthy([...input.primary, ...input.old]).length - healthy(stop).length;
        const oldStopped = healthy(stop.filter((one) => input.old.includes(one))).length;
        expect(oldStopped === 0 || left >= least).toBe(true);
      }),
    );
  });

  it('comes to rest with one on each instance that ought to have one', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 8 }), (places) => {
        // Nothing is protected or away for ever, and what is started becomes healthy.
        let now: Place[] = places.map(({ is, new: fresh = '', old = '', ending = 0 }) => ({
          ...(is === 'draining' || is === 'other' ? { is } : {}),
          new: fresh.toLowerCase(),
          old: old.toLowerCase(),
          ending,
        }));
        for (let round = 0; round < 6; round += 1) {
          const { start, stop } = planDaemon(inputOf(now));
          const gone = new Set(stop.map(({ task }) => task.arn));
          const begun = new Set(start.map(({ instance }) => instance.arn));
          const rest = (deployment: 'new' | 'old', at: number): string =>
            Array.from(now[at]?.[deployment] ?? '')
              .filter((_, index) => !gone.has(`${deployment[0]}${at}${index === 0 ? '' : `.${index}`}`))
              .map((letter) => (letter === 'p' ? 'h' : letter))
              .join('');
          now = now.map((each, at) => ({
            ...(each.is === undefined ? {} : { is: each.is }),
            new: `${rest('new', at)}${begun.has(`i${at}`) ? 'h' : ''}`,
            old: rest('old', at),
            ending: 0,
          }));
        }
        for (const each of now) expect([each.old, each.new]).toEqual(['', each.is === undefined ? 'h' : '']);
      }),
    );
  });
});
