import { describe, expect, it } from 'vitest';
import { World } from '../../../test/simulation/world.ts';
import type { Task } from '../../model/ecs/task.ts';
import { judge, uncheckedSettleMs } from './health.ts';

const task = { id: 't', lastStatus: 'RUNNING', startedAt: 0, healthStatus: 'UNKNOWN' } as Task;
const rules = { containerChecks: false, graceMs: 0, settleMs: uncheckedSettleMs };

describe('a task that nothing checks', () => {
  it.each([
    [0, { kind: 'pending', lookAt: 2_000 }],
    [1_999, { kind: 'pending', lookAt: 2_000 }],
    [2_000, { kind: 'pending', lookAt: 40_000, ran: true }],
    [39_999, { kind: 'pending', lookAt: 40_000, ran: true }],
    [40_000, { kind: 'healthy' }],
  ])('that has run for %i ms', (now, verdict) => {
    expect(judge({ task, targets: [] }, rules, now)).toEqual(verdict);
  });

  it('is replaced only once its replacement ran for 40 seconds, and its end after a while is no failure to start', async () => {
    const world = new World();
    world.settleMs = uncheckedSettleMs;
    await world.open();
    world.createService({ desired: 1 });
    await world.pass(30_000);
    expect(world.service().steadyAt).toBeUndefined();
    world.agent.kill(world.live()[0]?.arn ?? '');
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    expect(world.service().throttle.consecutiveFailures).toBe(0);
    world.deploy({ desired: 1 });
    await world.pass(30_000);
    expect(world.live().filter(({ desiredStatus }) => desiredStatus === 'RUNNING')).toHaveLength(2);
    expect(await world.until(() => world.service().steadyAt !== undefined)).toBe(true);
    expect(world.live().filter(({ desiredStatus }) => desiredStatus === 'RUNNING')).toHaveLength(1);
    expect(world.agent.faults).toEqual([]);
  });
});
