import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ScriptedAgent } from '../../../test/simulation/scripted-agent.ts';
import { World } from '../../../test/simulation/world.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { Store } from '../../store/store.ts';
import { networkInterfaces } from '../../store/tables/ec2.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { lostAfterMs } from './plan.ts';

const joined = ['m-1', 'm-2'] as const;

type Happening =
  | { readonly kind: 'lose' | 'return'; readonly machine: (typeof joined)[number] }
  | { readonly kind: 'scale'; readonly desired: number }
  | { readonly kind: 'crash' };

const machine = fc.constantFrom(...joined);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant('lose' as const), machine }),
  fc.record({ kind: fc.constant('lose' as const), machine }),
  fc.record({ kind: fc.constant('return' as const), machine }),
  fc.record({ kind: fc.constant('scale' as const), desired: fc.integer({ min: 1, max: 8 }) }),
  fc.constant({ kind: 'crash' as const }),
);

/** Watches every commit of one control plane for what must never be. */
function guard(world: World, store: Store, faults: string[]): void {
  store.watch([tasks], ({ changes }) => {
    for (const change of changes) {
      const [before, after] = [change.before, change.after] as (Task | undefined)[];
      const { machineId } = after ?? {};
      const there = machineId === undefined ? undefined : store.get(machines, machineId);
      if (before?.machineId === undefined && machineId !== undefined && there?.connected !== true) {
        faults.push(`a task was placed on ${machineId}, which is not there`);
      }
      const isLost = before?.stop === undefined && after?.stop?.reason.includes('was lost') === true;
      const away = there?.connected === false ? world.clock.now() - (there.disconnectedAt ?? Infinity) : 0;
      if (isLost && away < lostAfterMs) faults.push(`${machineId} was given up after ${away} ms`);
    }
  });
}

it('replaces what runs on machines that are lost, in time and not before, and stops it when they return', async () => {
  const history = fc.record({
    seed: fc.nat(),
    desired: fc.integer({ min: 1, max: 8 }),
    happenings: fc.array(
      fc.tuple(happening, fc.constantFrom(0, 1_000, 60_000, lostAfterMs - 1_000, lostAfterMs + 1_000)),
      {
        maxLength: 10,
      },
    ),
  });
  await fc.assert(
    fc.asyncProperty(history, async ({ seed, desired, happenings }) => {
      const world = await World.begin(seed);
      const agents = new Map<string, ScriptedAgent>(joined.map((id) => [id, world.join(id)]));
      const faults: string[] = [];
      guard(world, world.store, faults);
      world.createService({ desired });
      await world.until(() => world.service().steadyAt !== undefined);
      for (const [one, pauseMs] of happenings) {
        switch (one.kind) {
          case 'lose':
            agents.get(one.machine)?.disconnect();
            break;
          case 'return':
            world.join(one.machine, agents.get(one.machine));
            break;
          case 'scale':
            world.update((service) => ({ ...service, desiredCount: one.desired }));
            break;
          case 'crash':
            await world.store.flushed();
            world.crash();
            world.start();
            guard(world, world.store, faults);
            world.connect();
            for (const [id, agent] of agents) world.join(id, agent);
            break;
          default:
            one satisfies never;
        }
        await world.clock.advance(pauseMs);
      }
      for (const [id, agent] of agents) world.join(id, agent);
      const everywhere = [world.agent, ...agents.values()];
      const running = (): string[] => everywhere.flatMap((agent) => agent.running().map(({ payload }) => payload.arn));
      const { desiredCount } = world.service();
      await world.until(() => running().length === desiredCount && world.service().steadyAt !== undefined, 60_000);
      await world.pass(2_000);
      // What runs is what is known to run, once each, wherever it is.
      const known = world.live().filter(({ lastStatus }) => lastStatus === 'RUNNING');
      expect(running().toSorted()).toEqual(known.map(({ arn }) => arn).toSorted());
      expect(known).toHaveLength(desiredCount);
      // Nobody holds an address any more who does not run.
      await world.pass(6 * 60_000);
      const owners = world.store
        .list(networkInterfaces)
        .flatMap(({ owner }) => (owner.kind === 'task' ? [owner.arn] : []));
      expect(owners.toSorted()).toEqual(
        world
          .live()
          .map(({ arn }) => arn)
          .toSorted(),
      );
      expect([...faults, ...everywhere.flatMap((agent) => agent.faults)]).toEqual([]);
      world.crash();
    }),
    { numRuns: Number(process.env['STOWAGE_HISTORIES'] ?? 40) },
  );
});

it('keeps a service at its size while a machine is gone for good', async () => {
  const world = await World.begin();
  const [first, second] = joined.map((id) => world.join(id));
  world.createService({ desired: 6 });
  await world.until(() => world.service().steadyAt !== undefined);
  expect([world.agent, first, second].map((agent) => agent?.running().length)).toEqual([2, 2, 2]);
  first?.disconnect();
  await world.clock.advance(lostAfterMs - 1_000);
  await world.settle();
  expect(world.live().filter(({ connectivity }) => connectivity === 'DISCONNECTED')).toHaveLength(2);
  expect(world.live()).toHaveLength(6);
  await world.until(() => world.agent.running().length + (second?.running().length ?? 0) === 6, 30_000);
  const [lost] = world.store.list(tasks).filter(({ lastStatus }) => lastStatus === 'STOPPED');
  expect(lost?.stop).toMatchObject({ code: 'TerminationNotice' });
  // It still runs what was replaced, at addresses that are nobody else's, and is told so.
  expect(first?.running()).toHaveLength(2);
  const interfaces = () => world.store.list(networkInterfaces).filter(({ owner }) => owner.kind === 'task').length;
  expect(interfaces()).toBe(8);
  if (first !== undefined) world.join('m-1', first);
  await world.until(() => first?.running().length === 0, 10_000);
  expect(first?.running()).toEqual([]);
  await world.until(() => interfaces() === 6, 10_000);
});
