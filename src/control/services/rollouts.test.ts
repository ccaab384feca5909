import { describe, expect, it } from 'vitest';
import { setAlarm } from '../../../test/simulation/alarms.ts';
import { World } from '../../../test/simulation/world.ts';
import { breakerThreshold, isOver, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import { serviceDeployments, serviceRevisions, services } from '../../store/tables/ecs.ts';

// Service deployments in simulated time: how each way to end one shows in its row.

const breaker = (rollback: boolean, more = {}) => ({
  deploymentCircuitBreaker: { enable: true, rollback, ...more },
});

function rollouts(world: World): ServiceDeployment[] {
  return world.store.list(serviceDeployments).toSorted((a, b) => a.createdAt - b.createdAt);
}

/** A world whose service runs two tasks, steadily. */
async function steadyWorld(configuration = {}): Promise<World> {
  const world = await World.begin();
  world.createService({ desired: 2, configuration });
  expect(await world.until(() => rollouts(world).every(isOver))).toBe(true);
  return world;
}

const over = (world: World) => (): boolean => rollouts(world).every(isOver);

describe('a service deployment', () => {
  it('is SUCCESSFUL once the service is steady', async () => {
    const world = await steadyWorld(breaker(true));
    const [row] = rollouts(world);
    expect(row).toMatchObject({
      status: 'SUCCESSFUL',
      sources: [],
      target: { requestedTaskCount: 2, runningTaskCount: 2, pendingTaskCount: 0 },
      circuitBreaker: { status: 'MONITORING_COMPLETE', failureCount: 0, threshold: 3 },
    });
    expect(row?.startedAt).toBeGreaterThanOrEqual(row?.createdAt ?? Infinity);
    expect(row?.finishedAt).toBeGreaterThan(row?.startedAt ?? Infinity);
    expect(row?.stoppedAt).toBeUndefined();
    expect(world.service().currentServiceDeployment).toBeUndefined();
  });

  it('counts the tasks of what it replaces down to nothing', async () => {
    const world = await steadyWorld();
    world.deploy({ desired: 2 });
    await world.pass(100);
    expect(rollouts(world)[1]).toMatchObject({ status: 'IN_PROGRESS', sources: [{ runningTaskCount: 2 }] });
    expect(await world.until(over(world))).toBe(true);
    const [first, second] = rollouts(world);
    expect(second?.sources).toEqual([
      { arn: first?.target.arn, requestedTaskCount: 0, runningTaskCount: 0, pendingTaskCount: 0 },
    ]);
  });

  it('is STOPPED by the next one', async () => {
    const world = await steadyWorld();
    world.deploy({ desired: 2, image: 'missing' });
    await world.pass(1_000);
    world.deploy({ desired: 2 });
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world).map(({ status }) => status)).toEqual(['SUCCESSFUL', 'STOPPED', 'SUCCESSFUL']);
    expect(rollouts(world)[2]?.sources.map(({ arn }) => arn)).toEqual(
      [rollouts(world)[1], rollouts(world)[0]].map((row) => row?.target.arn),
    );
  });

  it('is rolled back by the circuit breaker, to the last one that was completed', async () => {
    const world = await steadyWorld(breaker(true));
    world.deploy({ desired: 2, image: 'missing' });
    expect(await world.until(over(world))).toBe(true);
    const [first, second] = rollouts(world);
    const reason = 'Service deployment rolled back because the circuit breaker threshold was exceeded.';
    expect(second).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      statusReason: reason,
      rollback: { reason, serviceRevisionArn: first?.target.arn },
      circuitBreaker: { status: 'TRIGGERED', failureCount: 3, threshold: 3 },
    });
    expect(world.service().deployments.map(({ id }) => id)).toEqual([world.deploymentIds[0]]);
    expect(world.service().currentServiceDeployment).toBeUndefined();
  });

  it('fails to roll back where nothing was completed before', async () => {
    const world = await World.begin();
    world.createService({ desired: 1, image: 'crash', configuration: breaker(true) });
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[0]).toMatchObject({
      status: 'ROLLBACK_FAILED',
      statusReason: 'No rollback candidate was found to run the rollback.',
    });
    expect(world.service().deployments[0]?.rolloutState).toBe('FAILED');
  });

  it('is STOPPED by the circuit breaker where no rollback is asked for', async () => {
    const world = await steadyWorld(breaker(false));
    world.deploy({ desired: 2, image: 'crash' });
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[1]).toMatchObject({ status: 'STOPPED', circuitBreaker: { status: 'TRIGGERED' } });
    expect(rollouts(world)[1]?.stoppedAt).toBeDefined();
    expect(world.agent.running()).toHaveLength(2);
  });

  it.each([
    ['ROLLBACK_REQUESTED', 'ROLLBACK_SUCCESSFUL', 'COMPLETED', 0],
    ['STOP_REQUESTED', 'STOPPED', 'FAILED', 1],
  ] as const)('is stopped by the user: %s ends in %s', async (asked, status, rolloutState, primary) => {
    const world = await steadyWorld();
    world.deploy({ desired: 2, image: 'sick', balanced: true });
    await world.pass(1_000);
    const arn = rollouts(world)[1]?.arn ?? '';
    world.store.transact((tx) => tx.update(serviceDeployments, arn, (row) => ({ ...row, status: asked })));
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[1]).toMatchObject({ status, circuitBreaker: { status: 'DISABLED' } });
    expect(world.service().deployments[0]).toMatchObject({ id: world.deploymentIds[primary], rolloutState });
  });

  it('is forgotten with its service', async () => {
    const world = await steadyWorld();
    world.update((service) => ({ ...service, status: 'DRAINING', desiredCount: 0 }));
    expect(await world.until(() => world.service().status === 'INACTIVE')).toBe(true);
    expect([world.store.count(serviceDeployments), world.store.count(serviceRevisions)]).toEqual([0, 0]);
  });

  it('outlives the control plane at any moment', async () => {
    const world = await steadyWorld(breaker(true));
    world.deploy({ desired: 2, image: 'missing' });
    await world.store.flushed();
    for (let turns = 0; turns < 12 && !over(world)(); turns += 1) {
      await world.pass(300);
      world.crash();
      world.start();
      world.connect();
    }
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[1]?.status).toBe('ROLLBACK_SUCCESSFUL');
  });
});

describe('the circuit breaker', () => {
  it.each([
    [1, undefined, 3],
    [6, undefined, 3],
    [7, undefined, 4],
    [25, undefined, 13],
    [400, undefined, 200],
    [800, undefined, 200],
    [10, { type: 'COUNT', value: 1 }, 1],
    [10, { type: 'BOUNDED_PERCENT', value: 10 }, 3],
    [1_000, { type: 'UNBOUNDED_PERCENT', value: 50 }, 500],
    [1, { type: 'UNBOUNDED_PERCENT', value: 50 }, 1],
  ] as const)('of %i desired tasks, with %j, trips at %i', (desired, thresholdConfiguration, threshold) => {
    const deploymentCircuitBreaker = {
      enable: true,
      rollback: true,
      ...(thresholdConfiguration && { thresholdConfiguration }),
    };
    expect(breakerThreshold(desired, { deploymentCircuitBreaker })).toBe(threshold);
  });

  it('forgets failures once a task is healthy, unless it is told not to', async () => {
    for (const resetOnHealthyTask of [true, false]) {
      const world = await steadyWorld(breaker(true, { resetOnHealthyTask }));
      world.deploy({ desired: 2 });
      const healthy = (): boolean =>
        world.live().some((task) => task.deploymentId === world.deploymentIds[1] && task.startedAt !== undefined);
      await world.until(healthy);
      // Each new task but one ends as soon as it runs.
      for (let rounds = 0; rounds < 200 && !over(world)(); rounds += 1) {
        const fresh = world.agent.running().filter(({ payload }) => {
          const task = world.task(payload.arn);
          return task.deploymentId === world.deploymentIds[1];
        });
        for (const { payload } of fresh.slice(1)) world.agent.kill(payload.arn);
        await world.pass(300);
        if (rounds > 60 && resetOnHealthyTask) break;
      }
      const [, row] = rollouts(world);
      expect(row?.circuitBreaker.status).toBe(resetOnHealthyTask ? 'MONITORING' : 'TRIGGERED');
      expect(world.store.list(services)).toHaveLength(1);
    }
  });
});

const watching = (rollback: boolean) => ({ alarms: { alarmNames: ['broken', 'slow'], enable: true, rollback } });

describe('a service deployment that alarms watch', () => {
  it('is rolled back when one of them goes into ALARM', async () => {
    const world = await steadyWorld(watching(true));
    setAlarm(world, 'broken', 'OK');
    world.deploy({ desired: 2 });
    await world.pass(1_000);
    expect(rollouts(world)[1]?.alarms?.status).toBe('MONITORING');
    setAlarm(world, 'broken', 'ALARM');
    expect(await world.until(over(world))).toBe(true);
    const [first, second] = rollouts(world);
    const reason = 'Service deployment rolled back because of the CloudWatch alarms that were triggered: broken.';
    expect(second).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      statusReason: reason,
      rollback: { reason, serviceRevisionArn: first?.target.arn },
      alarms: { status: 'TRIGGERED', triggered: ['broken'] },
    });
    expect(world.service().deployments.map(({ id }) => id)).toEqual([world.deploymentIds[0]]);
    expect(world.service().events.map(({ message }) => message)).toContain(
      `(service web) (deployment ${world.deploymentIds[1]}) deployment failed: alarm detected.`,
    );
  });

  it('stops where it is without a rollback', async () => {
    const world = await steadyWorld(watching(false));
    world.deploy({ desired: 2 });
    await world.pass(1_000);
    setAlarm(world, 'slow', 'ALARM');
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[1]).toMatchObject({
      status: 'STOPPED',
      statusReason: 'Service deployment stopped because of the CloudWatch alarms that were triggered: slow.',
      alarms: { status: 'TRIGGERED', triggered: ['slow'] },
    });
    expect(world.service().deployments[0]).toMatchObject({ rolloutState: 'FAILED' });
  });

  it('is watched on once it is done, and is done when nothing came of it', async () => {
    const world = await steadyWorld(watching(true));
    setAlarm(world, 'broken', 'OK');
    world.deploy({ desired: 2 });
    expect(
      await world.until(() => world.service().deployments.length === 1 && world.service().steadyAt !== undefined),
    ).toBe(true);
    await world.pass(60_000);
    expect(rollouts(world)[1]?.status).toBe('IN_PROGRESS');
    // Three periods of a minute.
    await world.pass(150_000);
    expect(rollouts(world)[1]).toMatchObject({
      status: 'SUCCESSFUL',
      alarms: { status: 'MONITORING_COMPLETE', triggered: [] },
    });
  });

  it('is rolled back while it is watched on', async () => {
    const world = await steadyWorld(watching(true));
    setAlarm(world, 'broken', 'OK');
    world.deploy({ desired: 2 });
    expect(await world.until(() => rollouts(world)[1]?.alarms?.bakeUntil !== undefined)).toBe(true);
    setAlarm(world, 'broken', 'ALARM');
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[1]?.status).toBe('ROLLBACK_SUCCESSFUL');
    expect(world.service().deployments.map(({ id }) => id)).toEqual([world.deploymentIds[0]]);
  });

  it('does not mind what was in ALARM before it began', async () => {
    const world = await steadyWorld(watching(true));
    setAlarm(world, 'broken', 'ALARM');
    world.deploy({ desired: 2 });
    expect(await world.until(over(world))).toBe(true);
    expect(rollouts(world)[1]).toMatchObject({ status: 'SUCCESSFUL', alarms: { ignored: ['broken'], triggered: [] } });
  });
});
