import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { World } from '../../../test/simulation/world.ts';
import { reached, type Task } from '../../model/ecs/task.ts';
import type { Store } from '../../store/store.ts';
import { networkInterfaces } from '../../store/tables/ec2.ts';
import { services, tasks } from '../../store/tables/ecs.ts';
import { maximumTasks, minimumHealthy } from './scale.ts';

type Happening =
  | { readonly kind: 'kill'; readonly which: number }
  | { readonly kind: 'stop'; readonly which: number }
  | { readonly kind: 'deploy'; readonly image: 'ok' | 'crash' | 'missing' | 'sick' }
  | { readonly kind: 'scale'; readonly desired: number }
  /** kill -9 of the control plane, so many turns of the event loop from now. */
  | { readonly kind: 'crash'; readonly turns: number }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'connect' };

const which = fc.nat(20);
const image = fc.constantFrom('ok', 'ok', 'crash', 'missing', 'sick');
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant('kill'), which }),
  fc.record({ kind: fc.constant('stop'), which }),
  fc.record({ kind: fc.constant('deploy'), image }),
  fc.record({ kind: fc.constant('scale'), desired: fc.nat(6) }),
  fc.record({ kind: fc.constant('crash'), turns: fc.nat(12) }),
  fc.constant({ kind: 'disconnect' } as const),
  fc.constant({ kind: 'connect' } as const),
);

const history = fc.record({
  seed: fc.nat(),
  desired: fc.integer({ min: 1, max: 5 }),
  minimumHealthyPercent: fc.constantFrom(0, 50, 100),
  maximumPercent: fc.constantFrom(100, 150, 200),
  enable: fc.boolean(),
  rollback: fc.boolean(),
  balanced: fc.boolean(),
  healthCheck: fc.boolean(),
  /** What happens, and the milliseconds until the next. */
  happenings: fc.array(fc.tuple(happening, fc.constantFrom(0, 100, 700, 3_000, 9_000)), { maxLength: 12 }),
});

/** Watches every commit of one control plane for what must never be. */
function guard(store: Store, faults: string[]): void {
  const up = (task: Task): boolean => task.desiredStatus === 'RUNNING' && task.lastStatus !== 'STOPPED';
  const well = (task: Task): boolean =>
    up(task) && task.lastStatus === 'RUNNING' && task.scheduling?.healthyAt !== undefined;
  store.watch([tasks], ({ changes }) => {
    const service = store.list(services)[0];
    if (service === undefined) return;
    const { minimumHealthyPercent = 100, maximumPercent = 200 } = service.deploymentConfiguration;
    const all = store.list(tasks);
    let started = false;
    let scaledIn = false;
    for (const change of changes) {
      const [before, after] = [change.before, change.after] as (Task | undefined)[];
      if (before === undefined) started = true;
      if (before === undefined || after === undefined) continue;
      if (!reached(after.lastStatus, before.lastStatus)) faults.push(`${before.lastStatus} became ${after.lastStatus}`);
      if (before.stop !== undefined && before.stop !== after.stop) faults.push('the first reason to stop was lost');
      if (well(before) && !up(after) && after.stop?.reason.startsWith('Scaling activity') === true) scaledIn = true;
    }
    const most = maximumTasks(service.desiredCount, maximumPercent);
    if (started && all.filter(up).length > most) faults.push(`${all.filter(up).length} tasks where ${most} may be`);
    const least = minimumHealthy(service.desiredCount, minimumHealthyPercent);
    if (scaledIn && all.filter(well).length < least) faults.push(`${all.filter(well).length} healthy, not ${least}`);
  });
}

async function happen(
  world: World,
  one: Happening,
  options: { balanced: boolean; healthCheck: boolean },
): Promise<void> {
  switch (one.kind) {
    case 'kill': {
      const running = world.agent.running();
      const victim = running[one.which % Math.max(1, running.length)];
      if (victim !== undefined) world.agent.kill(victim.payload.arn);
      return;
    }
    case 'stop': {
      const live = world.live();
      const victim = live[one.which % Math.max(1, live.length)];
      if (victim !== undefined) world.stopTask(victim.arn);
      return;
    }
    case 'deploy':
      return world.deploy({ desired: world.service().desiredCount, image: one.image, ...options });
    case 'scale':
      return world.update((service) => ({ ...service, desiredCount: one.desired }));
    case 'crash':
      for (let turn = 0; turn < one.turns; turn += 1) await world.clock.advance(0);
      world.crash();
      world.start();
      return world.connect();
    case 'disconnect':
      return world.agent.disconnect();
    case 'connect':
      return world.connect();
    default:
      return one satisfies never;
  }
}

/** Whether the service has come to rest, or has said why it does not. */
function concluded(world: World): boolean {
  const service = world.service();
  const primary = service.deployments[0];
  return (
    service.steadyAt !== undefined ||
    primary?.rolloutState === 'FAILED' ||
    service.events.some(({ message }) =>
      /is unable to consistently start|was unable to|unhealthy in|failed container/.test(message),
    )
  );
}

it('any history of crashes, updates and failures ends well or with a reason, and breaks no promise on the way', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      const { desired, enable, rollback, minimumHealthyPercent, maximumPercent, ...options } = given;
      const world = await World.begin(given.seed);
      const faults = world.agent.faults;
      guard(world.store, faults);
      const deploymentCircuitBreaker = { enable, rollback };
      const configuration = { minimumHealthyPercent, maximumPercent, deploymentCircuitBreaker };
      world.createService({ desired, configuration, ...options });
      await world.store.flushed();
      for (const [one, pauseMs] of given.happenings) {
        await happen(world, one, options);
        // A client is answered once its request is durable.
        if (one.kind === 'deploy' || one.kind === 'scale' || one.kind === 'stop') await world.store.flushed();
        if (one.kind === 'crash') guard(world.store, faults);
        await world.pass(pauseMs);
      }
      world.connect();
      await world.until(() => concluded(world), 60_000);
      expect(concluded(world)).toBe(true);
      if (world.service().steadyAt !== undefined) {
        const { desiredCount } = world.service();
        await world.until(() => world.agent.running().length === desiredCount, 20_000);
        await world.pass(2_000);
        const running = world.agent.running().map(({ payload }) => payload.arn);
        const known = world.live().filter(({ lastStatus }) => lastStatus === 'RUNNING');
        expect(running.toSorted()).toEqual(known.map(({ arn }) => arn).toSorted());
        const addresses = world.store.list(networkInterfaces).map(({ privateIp }) => privateIp);
        const living = world.live().flatMap(({ networkInterface }) => networkInterface?.privateIp ?? []);
        expect(addresses.toSorted()).toEqual(living.toSorted());
        expect(running).toHaveLength(desiredCount);
      }
      expect(faults).toEqual([]);
      world.crash();
    }),
    { numRuns: Number(process.env['STOWAGE_HISTORIES'] ?? 60) },
  );
});
