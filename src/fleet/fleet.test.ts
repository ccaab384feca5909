import { describe, expect, it } from 'vitest';
import type { Task } from '../model/ecs/task.ts';
import { networkInterfaces } from '../store/tables/ec2.ts';
import { tasks } from '../store/tables/ecs.ts';
import { targets } from '../store/tables/elbv2.ts';
import { World, drainMs, targetGroupArn } from '../../test/simulation/world.ts';

/** Every state that a task is in from now on, in order. */
function history(world: World, arn: string): string[] {
  const states: string[] = [];
  world.store.watch([tasks], ({ changes }) => {
    for (const { key, after } of changes) {
      const state = (after as { lastStatus: string } | undefined)?.lastStatus;
      if (key === arn && state !== undefined && states.at(-1) !== state) states.push(state);
    }
  });
  return states;
}

describe('a task', () => {
  it('runs until it is stopped', async () => {
    const world = await World.begin();
    const { arn } = world.runTask('ok');
    const states = history(world, arn);
    await world.until(() => world.task(arn).lastStatus === 'RUNNING');
    expect(world.task(arn)).toMatchObject({
      availabilityZone: expect.stringContaining('us-east-1'),
      connectivity: 'CONNECTED',
      networkInterface: { status: 'ATTACHED', privateIp: expect.stringContaining('10.0.') },
      containers: [{ lastStatus: 'RUNNING', runtimeId: `${arn}-web` }],
    });
    world.stopTask(arn);
    await world.until(() => world.task(arn).lastStatus === 'STOPPED');
    expect(states).toEqual(['PENDING', 'RUNNING', 'STOPPING', 'DEPROVISIONING', 'STOPPED']);
    const task = world.task(arn);
    expect(task.stop).toEqual({ code: 'UserInitiated', reason: 'Task stopped by user' });
    expect(task.containers).toMatchObject([{ lastStatus: 'STOPPED', exitCode: 143 }]);
    expect(task.networkInterface?.status).toBe('DELETED');
    expect([task.startedAt, task.stoppingAt, task.stoppedAt]).not.toContain(undefined);
    expect(world.store.count(networkInterfaces)).toBe(0);
    expect(world.agent.faults).toEqual([]);
    await world.clock.advance(3_590_000);
    expect(world.store.get(tasks, arn)).toBeDefined();
    await world.clock.advance(80_000);
    await world.settle();
    expect(world.store.get(tasks, arn)).toBeUndefined();
  });

  it('says why it could not start', async () => {
    const world = await World.begin();
    const { arn } = world.runTask('missing');
    await world.until(() => world.task(arn).lastStatus === 'STOPPED');
    expect(world.task(arn).stop).toEqual({
      code: 'TaskFailedToStart',
      reason: 'CannotPullContainerError: failed to resolve ref web:missing: not found',
    });
  });

  it('ends when its essential container does', async () => {
    const world = await World.begin();
    const { arn } = world.runTask('crash');
    await world.until(() => world.task(arn).lastStatus === 'STOPPED');
    expect(world.task(arn)).toMatchObject({
      stop: { code: 'EssentialContainerExited', reason: 'Essential container in task exited' },
      containers: [{ exitCode: 1 }],
    });
  });

  it('stops with the reason of EC2 when its subnet is gone', async () => {
    const world = await World.begin();
    world.agent.disconnect();
    await world.settle();
    const { arn } = world.runTask('ok');
    world.store.transact((tx) => {
      tx.update(tasks, arn, (task): Task => ({
        ...task,
        networkConfiguration: { subnets: ['subnet-x'], securityGroups: ['sg-1'], assignPublicIp: 'ENABLED' },
      }));
    });
    await world.settle();
    expect(world.task(arn)).toMatchObject({
      lastStatus: 'STOPPED',
      stop: { code: 'TaskFailedToStart', reason: expect.stringContaining('InvalidSubnetID.NotFound') },
    });
  });

  it('waits for a machine, and tells when it is lost', async () => {
    const world = await World.begin();
    world.agent.disconnect();
    await world.settle();
    const { arn } = world.runTask('ok');
    await world.pass(5_000);
    expect(world.task(arn).lastStatus).toBe('PROVISIONING');
    world.connect();
    await world.until(() => world.task(arn).lastStatus === 'RUNNING');
    world.agent.disconnect();
    await world.pass(11_000);
    expect(world.task(arn).connectivity).toBe('DISCONNECTED');
    world.connect();
    await world.settle();
    expect(world.task(arn)).toMatchObject({ connectivity: 'CONNECTED', lastStatus: 'RUNNING' });
    expect(world.agent.faults).toEqual([]);
  });
});

describe('a service', () => {
  it('comes to a steady state and says so', async () => {
    const world = await World.begin();
    world.createService({ desired: 2 });
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    const [one, two] = world.live();
    expect(world.events()).toEqual([
      `has started 2 tasks: (task ${one?.id}) (task ${two?.id}).`,
      '(deployment ecs-svc/1) deployment completed.',
      'has reached a steady state.',
    ]);
    expect(world.service().deployments).toMatchObject([
      {
        desiredCount: 2,
        runningCount: 2,
        pendingCount: 0,
        rolloutState: 'COMPLETED',
        rolloutStateReason: `ECS deployment ${world.deploymentIds[0]} completed.`,
      },
    ]);
    expect(new Set(world.live().map((task) => task.availabilityZone)).size).toBe(2);
  });

  it('replaces what dies', async () => {
    const world = await World.begin();
    world.createService({ desired: 2 });
    await world.until(() => world.service().steadyAt !== undefined);
    const victim = world.live()[0]?.arn ?? '';
    world.agent.kill(victim);
    await world.settle();
    expect(world.service().steadyAt).toBeUndefined();
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    expect(world.agent.running()).toHaveLength(2);
    expect(world.task(victim).stop?.code).toBe('EssentialContainerExited');
  });

  it('registers its tasks, drains them and only then stops them', async () => {
    const world = await World.begin();
    world.createService({ desired: 1, balanced: true });
    await world.until(() => world.service().steadyAt !== undefined);
    const old = world.live()[0];
    world.deploy({ desired: 1, balanced: true });
    const states = history(world, old?.arn ?? '');
    const begun = (): boolean => states.includes('DEACTIVATING');
    expect(await world.until(begun)).toBe(true);
    expect(world.agent.running()).toHaveLength(2);
    expect(world.store.list(targets).filter((one) => one.drainingSince !== undefined)).toHaveLength(1);
    await world.pass(drainMs - 2_000);
    expect(states.at(-1)).toBe('DEACTIVATING');
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    expect(await world.until(() => world.agent.running().length === 1)).toBe(true);
    expect(states).toEqual(['RUNNING', 'DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED']);
    const fresh = world.live()[0];
    expect(world.events().slice(4)).toEqual([
      `has started 1 tasks: (task ${fresh?.id}).`,
      `registered 1 targets in (target-group ${targetGroupArn})`,
      `deregistered 1 targets in (target-group ${targetGroupArn})`,
      'has begun draining connections on 1 tasks.',
      `has stopped 1 running tasks: (task ${old?.id}).`,
      '(deployment ecs-svc/2) deployment completed.',
      'has reached a steady state.',
    ]);
    expect(old && world.task(old.arn).stop).toEqual({
      code: 'ServiceSchedulerInitiated',
      reason: `Scaling activity initiated by (deployment ${world.deploymentIds[0]})`,
    });
    expect(world.agent.faults).toEqual([]);
  });

  it('rolls back when the circuit breaker trips', async () => {
    const world = await World.begin();
    const configuration = { deploymentCircuitBreaker: { enable: true, rollback: true } };
    world.createService({ desired: 2, configuration });
    await world.until(() => world.service().steadyAt !== undefined);
    const before = world.live().map(({ arn }) => arn);
    world.deploy({ desired: 2, image: 'missing', configuration });
    const back = (): boolean => world.service().steadyAt !== undefined && world.service().deployments.length === 1;
    await world.until(() => world.service().deployments.length > 1);
    expect(await world.until(back)).toBe(true);
    expect(world.events()).toContain('(deployment ecs-svc/2) deployment failed: tasks failed to start.');
    expect(world.events()).toContain('rolling back to deployment ecs-svc/1.');
    expect(world.live().map(({ arn }) => arn)).toEqual(before);
  });

  it('fails without a rollback and starts nothing more', async () => {
    const world = await World.begin();
    const configuration = { deploymentCircuitBreaker: { enable: true, rollback: false } };
    world.createService({ desired: 1, image: 'crash', configuration });
    expect(await world.until(() => world.service().deployments[0]?.rolloutState === 'FAILED')).toBe(true);
    expect(world.service().deployments[0]).toMatchObject({
      rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
      failedTasks: 3,
    });
    await world.pass(60_000);
    expect(world.agent.tasks.size).toBe(3);
  });

  it('slows down when its tasks keep failing, and says so once', async () => {
    const world = await World.begin();
    world.createService({ desired: 1, image: 'missing' });
    await world.pass(60_000);
    const told = world.events().filter((text) => text === 'is unable to consistently start tasks successfully.');
    expect(told).toHaveLength(1);
    expect(world.agent.tasks.size).toBeLessThan(10);
    world.deploy({ desired: 1 });
    expect(await world.until(() => world.service().steadyAt !== undefined, 10_000)).toBe(true);
  });

  it.each([
    ['container', { healthCheck: true }, 'Task failed container health checks'],
    ['target', { balanced: true }, `Task failed ELB health checks in (target-group ${targetGroupArn})`],
  ])('replaces tasks that fail their %s health checks', async (_, options, reason) => {
    const world = await World.begin();
    const configuration = { deploymentCircuitBreaker: { enable: true, rollback: true } };
    world.createService({ desired: 2, configuration, ...options });
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    world.deploy({ desired: 2, image: 'sick', configuration, ...options });
    await world.until(() => world.service().deployments.some(({ rolloutState }) => rolloutState === 'FAILED'));
    const reasons = world.store.list(tasks).flatMap((task) => task.stop?.reason ?? []);
    expect(reasons).toContain(reason);
    expect(await world.until(() => world.service().deployments.length === 1)).toBe(true);
    expect(world.service().deployments[0]?.id).toBe(world.deploymentIds[0]);
  });

  it('ends when it is deleted', async () => {
    const world = await World.begin();
    world.createService({ desired: 2, balanced: true });
    await world.until(() => world.service().steadyAt !== undefined);
    world.update((service) => ({ ...service, status: 'DRAINING', desiredCount: 0 }));
    await world.pass(1_000);
    expect(world.service().status).toBe('DRAINING');
    expect(await world.until(() => world.service().status === 'INACTIVE')).toBe(true);
    expect(world.agent.running()).toHaveLength(0);
    expect(world.store.count(targets)).toBe(0);
  });

  it('says when there is nowhere to run', async () => {
    const world = await World.begin();
    world.agent.disconnect();
    await world.settle();
    world.createService({ desired: 1 });
    await world.pass(12_000);
    expect(world.events().at(-1)).toBe(
      'was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.',
    );
  });
});
