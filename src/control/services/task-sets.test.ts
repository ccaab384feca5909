import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alternateTargetGroupArn, targetGroupArn, World, type ServiceOptions } from '../../../test/simulation/world.ts';
import { computedDesiredCount, type TaskSet } from '../../model/ecs/task-set.ts';
import type { Task } from '../../model/ecs/task.ts';
import { drainTaskSet, makePrimary } from '../../store/task-sets.ts';
import { services, tasks, taskSets } from '../../store/tables/ecs.ts';

// Services whose deployments are task sets, in simulated time.

async function begin(options: Partial<ServiceOptions> = {}): Promise<World> {
  const world = await World.begin();
  world.createExternalService({ desired: 4, ...options });
  return world;
}

function row(world: World, { arn }: TaskSet): TaskSet {
  const found = world.store.get(taskSets, arn);
  if (found === undefined) throw new Error(`no task set ${arn}`);
  return found;
}

const change = (world: World, { arn }: TaskSet, to: (row: TaskSet) => TaskSet): void =>
  world.store.transact((tx) => void tx.update(taskSets, arn, to));
const rescale = (world: World, taskSet: TaskSet, value: number): void =>
  change(world, taskSet, (before) => ({ ...before, scale: { value, unit: 'PERCENT' } }));
const steady =
  (world: World, ...sets: TaskSet[]) =>
  (): boolean =>
    sets.every((one) => row(world, one).stabilityStatus === 'STEADY_STATE');
const its = (world: World, { id }: TaskSet): Task[] =>
  world.live().filter(({ deploymentId, desiredStatus }) => deploymentId === id && desiredStatus === 'RUNNING');

describe('computedDesiredCount', () => {
  it.each([
    [1, 120, 2],
    [10, 0, 0],
    [10, 100, 10],
    [10, 25, 3],
    [3, 33.3, 1],
    [3, 33.4, 2],
    [100, 7, 7],
    [100, 0.7, 1],
    [1000, 0.7, 7],
    [0, 100, 0],
  ])('%i desired, %f percent: %i', (desired, value, count) => {
    expect(computedDesiredCount(desired, { value, unit: 'PERCENT' })).toBe(count);
  });
});

describe('a service of task sets', () => {
  it('rests without any', async () => {
    const world = await begin();
    await world.pass(5_000);
    expect(world.events()).toEqual([]);
    expect(world.service().steadyAt).toBeUndefined();
  });

  it('brings each to its share, tells when it is there, and says so as ECS does', async () => {
    const world = await begin();
    const [blue, green] = [world.createTaskSet('ok', 100), world.createTaskSet('ok', 30)];
    await world.pass(100);
    expect(row(world, blue)).toMatchObject({ computedDesiredCount: 4, stabilityStatus: 'STABILIZING' });
    expect(await world.until(steady(world, blue, green))).toBe(true);
    expect(row(world, blue)).toMatchObject({ runningCount: 4, pendingCount: 0, status: 'ACTIVE' });
    expect(row(world, green)).toMatchObject({ runningCount: 2, computedDesiredCount: 2 });
    const since = row(world, blue).stabilityStatusAt;
    expect(since).toBeGreaterThan(blue.createdAt);
    expect(its(world, green)).toMatchObject([
      { group: 'service:web', startedBy: green.id, taskDefinitionArn: green.taskDefinitionArn },
      { startedBy: green.id },
    ]);
    await world.pass(3_000);
    expect(row(world, blue).stabilityStatusAt).toBe(since);
    const told = world.events().map((event) => event.replaceAll(/\(task \w+\)/g, '(task)'));
    expect(told).toEqual([
      'updated computedDesiredCount for taskSet ecs-svc/1 to 4.',
      '(service web, taskSet ecs-svc/1) has started 4 tasks: (task) (task) (task) (task).',
      'updated computedDesiredCount for taskSet ecs-svc/2 to 2.',
      '(service web, taskSet ecs-svc/2) has started 2 tasks: (task) (task).',
      expect.stringMatching(/^\(service web, taskSet ecs-svc\/[12]\) updated state to STEADY_STATE\.$/),
      expect.stringMatching(/^\(service web, taskSet ecs-svc\/[12]\) updated state to STEADY_STATE\.$/),
      'has reached a steady state.',
    ]);
    expect(world.agent.faults).toEqual([]);
  });

  it('keeps two sets in two target groups, and moves them about as they are scaled', async () => {
    const world = await begin({ desired: 2 });
    const blue = world.createTaskSet('ok', 100, targetGroupArn);
    const green = world.createTaskSet('ok', 0, alternateTargetGroupArn);
    expect(await world.until(steady(world, blue, green))).toBe(true);
    expect(its(world, blue).map(({ loadBalancers }) => loadBalancers[0]?.targetGroupArn)).toEqual([
      targetGroupArn,
      targetGroupArn,
    ]);
    rescale(world, green, 100);
    await world.pass(100);
    expect(row(world, green).stabilityStatus).toBe('STABILIZING');
    expect(await world.until(steady(world, blue, green))).toBe(true);
    expect(its(world, green).map(({ loadBalancers }) => loadBalancers[0]?.targetGroupArn)).toEqual([
      alternateTargetGroupArn,
      alternateTargetGroupArn,
    ]);
    // What the service desires is shared by all.
    world.update((service) => ({ ...service, desiredCount: 3 }));
    expect(await world.until(() => its(world, blue).length === 3 && its(world, green).length === 3)).toBe(true);
    expect(await world.until(steady(world, blue, green))).toBe(true);
    rescale(world, blue, 0);
    expect(await world.until(() => its(world, blue).length === 0)).toBe(true);
    expect(world.events()).toContain('(service web, taskSet ecs-svc/1) has begun draining connections on 3 tasks.');
    expect(await world.until(steady(world, blue, green))).toBe(true);
    expect(world.agent.faults).toEqual([]);
  });

  it('has one PRIMARY set, whose spec is the service`s; deleted, it drains and is gone', async () => {
    const world = await begin({ desired: 1 });
    const blue = world.createTaskSet('ok', 100, targetGroupArn);
    const green = world.createTaskSet('ok', 100, alternateTargetGroupArn);
    const promote = (one: TaskSet): void =>
      world.store.transact((tx) => void makePrimary(tx, row(world, one), world.clock.now()));
    promote(blue);
    promote(green);
    expect([row(world, blue).status, row(world, green).status]).toEqual(['ACTIVE', 'PRIMARY']);
    expect(world.service().primaryTaskSet?.taskDefinitionArn).toBe(green.taskDefinitionArn);
    expect(await world.until(steady(world, blue, green))).toBe(true);
    world.store.transact((tx) => void drainTaskSet(tx, row(world, green), world.clock.now()));
    expect(world.service()).not.toHaveProperty('primaryTaskSet');
    await world.pass(100);
    expect(row(world, green)).toMatchObject({ status: 'DRAINING', stabilityStatus: 'STABILIZING' });
    expect(await world.until(() => world.store.get(taskSets, green.arn) === undefined)).toBe(true);
    expect(await world.until(() => world.live().length === 1)).toBe(true);
    expect(its(world, blue)).toHaveLength(1);
  });

  it('deletes a set that never had a task at once', async () => {
    const world = await begin();
    const taskSet = world.createTaskSet('ok', 0);
    await world.pass(100);
    world.store.transact((tx) => void drainTaskSet(tx, row(world, taskSet), world.clock.now()));
    await world.settle();
    expect(world.store.get(taskSets, taskSet.arn)).toBeUndefined();
  });

  it('replaces what fails, and slows down for the set that fails alone', async () => {
    const world = await begin({ desired: 2 });
    const [good, bad] = [world.createTaskSet('ok', 100), world.createTaskSet('missing', 50)];
    expect(await world.until(() => row(world, bad).throttle.consecutiveFailures > 3, 60_000)).toBe(true);
    expect(world.events()).toContain('is unable to consistently start tasks successfully.');
    expect(row(world, good)).toMatchObject({ stabilityStatus: 'STEADY_STATE', throttle: { consecutiveFailures: 0 } });
    expect(world.service().steadyAt).toBeUndefined();
    const [victim] = its(world, good);
    world.agent.kill(victim?.arn ?? '');
    await world.pass(300);
    expect(row(world, good).stabilityStatus).toBe('STABILIZING');
    expect(await world.until(steady(world, good))).toBe(true);
    expect(its(world, good)).toHaveLength(2);
  });

  it('scales in none that is protected, and says so', async () => {
    const world = await begin({ desired: 2 });
    const taskSet = world.createTaskSet('ok', 100);
    expect(await world.until(steady(world, taskSet))).toBe(true);
    const protectedUntil = world.clock.now() + 20_000;
    for (const { arn } of its(world, taskSet)) {
      world.store.transact((tx) => void tx.update(tasks, arn, (task): Task => ({ ...task, protectedUntil })));
    }
    rescale(world, taskSet, 0);
    await world.pass(1_000);
    expect(its(world, taskSet)).toHaveLength(2);
    expect(world.events()).toContain(
      'was unable to reach steady state because (taskSet ecs-svc/1) was unable to scale in due to (reason 2 tasks under protection)',
    );
    expect(await world.until(() => its(world, taskSet).length === 0, 30_000)).toBe(true);
  });

  it('takes its task sets along when it is deleted', async () => {
    const world = await begin({ desired: 2 });
    const taskSet = world.createTaskSet('ok', 100);
    expect(await world.until(steady(world, taskSet))).toBe(true);
    world.update((service) => ({ ...service, status: 'DRAINING', desiredCount: 0 }));
    expect(await world.until(() => world.service().status === 'INACTIVE')).toBe(true);
    expect(world.store.list(taskSets)).toEqual([]);
    expect(world.live()).toEqual([]);
  });

  const happening = fc.oneof(
    fc.record({ kind: fc.constant('create' as const), percent: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ kind: fc.constant('scale' as const), which: fc.nat(4), percent: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ kind: fc.constant('drain' as const), which: fc.nat(4) }),
    fc.record({ kind: fc.constant('desire' as const), desired: fc.nat(5) }),
    fc.record({ kind: fc.constant('kill' as const), which: fc.nat(10) }),
    fc.record({ kind: fc.constant('crash' as const) }),
  );
  it('comes to what every set is to have, whatever happens in between', async () => {
    const history = fc.array(fc.tuple(happening, fc.constantFrom(0, 200, 3_000)), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), history, async (seed, happenings) => {
        const world = await World.begin(seed);
        world.createExternalService({ desired: 3 });
        await world.store.flushed();
        for (const [one, pauseMs] of happenings) {
          const sets = world.store.list(taskSets).filter(({ status }) => status !== 'DRAINING');
          const chosen = 'which' in one ? sets[one.which % Math.max(1, sets.length)] : undefined;
          if (one.kind === 'create' && world.store.count(taskSets) < 5) world.createTaskSet('ok', one.percent);
          if (one.kind === 'scale' && chosen !== undefined) rescale(world, chosen, one.percent);
          if (one.kind === 'drain' && chosen !== undefined) {
            world.store.transact((tx) => void drainTaskSet(tx, chosen, world.clock.now()));
          }
          if (one.kind === 'desire') world.update((service) => ({ ...service, desiredCount: one.desired }));
          if (one.kind === 'kill') {
            const running = world.agent.running();
            const victim = running[one.which % Math.max(1, running.length)];
            if (victim !== undefined) world.agent.kill(victim.payload.arn);
          }
          await world.store.flushed();
          if (one.kind === 'crash') {
            world.crash();
            world.start();
            world.connect();
          }
          await world.pass(pauseMs);
        }
        const left = (): TaskSet[] => world.store.list(taskSets);
        expect(await world.until(() => left().every((one) => one.stabilityStatus === 'STEADY_STATE'))).toBe(true);
        const { desiredCount } = world.service();
        const wanted = left().map(({ scale }) => computedDesiredCount(desiredCount, scale));
        expect(left().map((one) => its(world, one).length)).toEqual(wanted);
        const all = wanted.reduce((sum, count) => sum + count, 0);
        expect(await world.until(() => world.agent.running().length === all, 30_000)).toBe(true);
        expect(world.agent.faults).toEqual([]);
        world.crash();
      }),
      { numRuns: 25 },
    );
  });

  it('leaves services of ECS`s own controller alone', async () => {
    const world = await World.begin();
    world.createService({ desired: 1 });
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    expect(world.store.list(taskSets)).toEqual([]);
    expect(world.store.list(services)).toHaveLength(1);
  });
});
