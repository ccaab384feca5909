import { describe, expect, it } from 'vitest';
import { withTargetHealth } from './target-health.ts';

describe('withTargetHealth', () => {
  const target = {
    targetGroupArn: 'group',
    id: '10.0.0.4',
    port: 80,
    registeredAt: 0,
    account: '0',
    region: 'r',
    health: { state: 'initial' as const },
  };
  const said = {
    targetGroupArn: 'group',
    id: '10.0.0.4',
    port: 80,
    state: 'unhealthy',
    reason: 'Target.Timeout',
  } as const;

  it('takes what the checker found', () => {
    const after = withTargetHealth(target, said);
    expect(after.health).toEqual({ state: 'unhealthy', reason: 'Target.Timeout' });
    expect(withTargetHealth(after, said)).toBe(after);
  });

  it('leaves a draining target alone', () => {
    const draining = { ...target, drainingSince: 1 };
    expect(withTargetHealth(draining, said)).toBe(draining);
  });
});
