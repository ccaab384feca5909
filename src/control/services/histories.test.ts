import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { World } from '../../../test/simulation/world.ts';
import { atLength } from '../../../test/support/length.ts';
import { shiftsTraffic } from '../../model/ecs/lifecycle.ts';
import { isOver, type ServiceDeployment, type ServiceDeploymentStatus } from '../../model/ecs/service-deployment.ts';
import { reached, type Task } from '../../model/ecs/task.ts';
import type { Store } from '../../store/store.ts';
import { networkInterfaces } from '../../store/tables/ec2.ts';
import { serviceDeployments, services, tasks } from '../../store/tables/ecs.ts';
import { rules } from '../../store/tables/elbv2.ts';
import { maximumTasks, minimumHealthy } from './scale.ts';

type Happening =
  | { readonly kind: 'kill'; readonly which: number }
  | { readonly kind: 'stop'; readonly which: number }
  | { readonly kind: 'deploy'; readonly image: 'ok' | 'crash' | 'missing' | 'sick' }
  | { readonly kind: 'scale'; readonly desired: number }
  /** StopServiceDeployment. */
  | { readonly kind: 'turn-back'; readonly status: 'ROLLBACK_REQUESTED' | 'STOP_REQUESTED' }
  /** UpdateTaskProtection, for a while. */
  | { readonly kind: 'protect'; readonly which: number }
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
  fc.record({
    kind: fc.constant('turn-back'),
    status: fc.constantFrom('ROLLBACK_REQUESTED', 'STOP_REQUESTED'),
  }),
  fc.record({ kind: fc.constant('protect'), which }),
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
  strategy: fc.constantFrom('ROLLING', 'ROLLING', 'ROLLING', 'BLUE_GREEN', 'LINEAR'),
  healthCheck: fc.boolean(),
  rebalanced: fc.boolean(),
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
    // Where traffic is shifted, what no traffic goes to may go.
    const serves = (task: Task): boolean =>
      !shiftsTraffic(service.deploymentConfiguration) || weightOf(store, task.loadBalancers[0]?.targetGroupArn) > 0;
    let started = false;
    let scaledIn = false;
    for (const change of changes) {
      const [before, after] = [change.before, change.after] as (Task | undefined)[];
      if (before === undefined) started = true;
      if (before === undefined || after === undefined) continue;
      if (!reached(after.lastStatus, before.lastStatus)) faults.push(`${before.lastStatus} became ${after.lastStatus}`);
      if (before.stop !== undefined && before.stop !== after.stop) faults.push('the first reason to stop was lost');
      const scaled = after.stop?.reason.startsWith('Scaling activity') === true;
      if (well(before) && serves(before) && !up(after) && scaled) scaledIn = true;
    }
    // Both revisions of a deployment that shifts traffic may have as many.
    const revisions = shiftsTraffic(service.deploymentConfiguration) ? 2 : 1;
    const most = maximumTasks(service.desiredCount, maximumPercent) * revisions;
    if (started && all.filter(up).length > most) faults.push(`${all.filter(up).length} tasks where ${most} may be`);
    const least = minimumHealthy(service.desiredCount, minimumHealthyPercent);
    const healthy = all.filter((task) => well(task) && serves(task)).length;
    if (scaledIn && healthy < least) faults.push(`${healthy} healthy, not ${least}`);
  });
}

/** The share of production traffic of a target group, as the world's rule has it. */
function weightOf(store: Store, targetGroupArn: string | undefined): number {
  const [action] = store.get(rules, 'rule-1')?.actions ?? [];
  const tuples = action?.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: action?.TargetGroupArn, Weight: 1 }];
  return tuples.find(({ TargetGroupArn }) => TargetGroupArn === targetGroupArn)?.Weight ?? 0;
}

const ends = ['ROLLBACK_IN_PROGRESS', 'ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED'] as const;
/** Where a service deployment may go on to from where it is; one plan may take it several steps. */
const ways: Readonly<Record<ServiceDeploymentStatus, readonly ServiceDeploymentStatus[]>> = {
  PENDING: ['IN_PROGRESS', 'ROLLBACK_REQUESTED', 'STOP_REQUESTED', 'SUCCESSFUL', ...ends],
  IN_PROGRESS: ['SUCCESSFUL', 'STOP_REQUESTED', 'STOPPED', 'ROLLBACK_REQUESTED', ...ends],
  STOP_REQUESTED: ['STOPPED', ...ends],
  ROLLBACK_REQUESTED: ['STOP_REQUESTED', ...ends],
  ROLLBACK_IN_PROGRESS: ['ROLLBACK_SUCCESSFUL', 'ROLLBACK_FAILED', 'STOP_REQUESTED'],
  STOPPED: [],
  SUCCESSFUL: [],
  ROLLBACK_SUCCESSFUL: [],
  ROLLBACK_FAILED: [],
};

/** Watches that no service deployment goes a way that there is not, and that all of production goes somewhere. */
function guardRollouts(store: Store, faults: string[]): void {
  store.watch([serviceDeployments], ({ changes }) => {
    for (const change of changes) {
      const [before, after] = [change.before, change.after] as (ServiceDeployment | undefined)[];
      if (after === undefined) continue;
      if (before !== undefined && before.status !== after.status && !ways[before.status].includes(after.status)) {
        faults.push(`a service deployment that was ${before.status} became ${after.status}`);
      }
      if (isOver(after) && after.finishedAt === undefined) faults.push(`${after.status}, but not finished`);
      const { primary, alternate } = after.lifecycle?.production ?? { primary: 100, alternate: 0 };
      if (Math.abs(primary + alternate - 100) > 1e-6) faults.push(`${primary} and ${alternate} percent of traffic`);
    }
  });
}

async function happen(
  world: World,
  one: Happening,
  options: { balanced: boolean; healthCheck: boolean; shifting: boolean },
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
    case 'turn-back': {
      const arn = world.service().currentServiceDeployment;
      world.store.transact((tx) => {
        const row = arn === undefined ? undefined : tx.get(serviceDeployments, arn);
        if (row?.status === 'PENDING' || row?.status === 'IN_PROGRESS') {
          tx.put(serviceDeployments, { ...row, status: one.status });
        }
      });
      return;
    }
    case 'protect': {
      const live = world.live().filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
      const chosen = live[one.which % Math.max(1, live.length)];
      const protectedUntil = world.clock.now() + 5_000;
      if (chosen !== undefined) {
        world.store.transact((tx) => tx.update(tasks, chosen.arn, (task): Task => ({ ...task, protectedUntil })));
      }
      return;
    }
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

/** A task that was to start while its machine was away, and for too long: it is over, and its address still its own. */
const heldAddress: Parameters<Parameters<typeof history.map>[0]>[0] = {
  seed: 0,
  desired: 2,
  minimumHealthyPercent: 0,
  maximumPercent: 100,
  enable: false,
  rollback: false,
  balanced: false,
  strategy: 'ROLLING',
  healthCheck: false,
  rebalanced: false,
  happenings: [
    [{ kind: 'disconnect' }, 9_000],
    [{ kind: 'disconnect' }, 9_000],
    [{ kind: 'stop', which: 0 }, 9_000],
    [{ kind: 'kill', which: 0 }, 9_000],
    [{ kind: 'scale', desired: 0 }, 0],
  ],
};

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

it(
  'any history of crashes, updates and failures ends well or with a reason, and breaks no promise on the way',
  async () => {
    await fc.assert(
      fc.asyncProperty(history, async (given) => {
        const { desired, enable, rollback, minimumHealthyPercent, maximumPercent, strategy, ...rest } = given;
        const options = { ...rest, shifting: strategy !== 'ROLLING' };
        const world = await World.begin(given.seed);
        const faults = world.agent.faults;
        guard(world.store, faults);
        guardRollouts(world.store, faults);
        const deploymentCircuitBreaker = { enable, rollback };
        const configuration: DeploymentConfiguration = {
          minimumHealthyPercent,
          maximumPercent,
          deploymentCircuitBreaker,
          strategy,
          ...(strategy === 'LINEAR' ? { linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 0 } } : {}),
        };
        world.createService({ desired, configuration, ...options });
        await world.store.flushed();
        for (const [one, pauseMs] of given.happenings) {
          await happen(world, one, options);
          // A client is answered once its request is durable.
          if (one.kind === 'deploy' || one.kind === 'scale' || one.kind === 'stop' || one.kind === 'turn-back')
            await world.store.flushed();
          if (one.kind === 'crash') {
            guard(world.store, faults);
            guardRollouts(world.store, faults);
          }
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
          // What may still run where a machine was cut off keeps its address until that machine had its time to say so.
          const keepers = [...world.live(), ...world.store.by(tasks, 'holding', 'machine-1')];
          const living = keepers.flatMap(({ networkInterface }) => networkInterface?.privateIp ?? []);
          expect(addresses.toSorted()).toEqual(living.toSorted());
          expect(running).toHaveLength(desiredCount);
        }
        expect(faults).toEqual([]);
        world.crash();
      }),
      {
        examples: [[heldAddress]],
        numRuns: Number(process.env['STOWAGE_HISTORIES'] ?? atLength(60, 10_000)),
        // What fast-check printed of a failure replays it.
        ...(process.env['STOWAGE_HISTORY_SEED'] === undefined
          ? {}
          : { seed: Number(process.env['STOWAGE_HISTORY_SEED']) }),
        ...(process.env['STOWAGE_HISTORY_PATH'] === undefined ? {} : { path: process.env['STOWAGE_HISTORY_PATH'] }),
      },
    );
  },
  atLength(900_000, 4 * 3_600_000),
);
