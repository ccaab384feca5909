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
    const after = withTargetHealth(target, said, 2);
    expect(after.health).toEqual({ state: 'unhealthy', reason: 'Target.Timeout' });
    expect(withTargetHealth(after, said, 3)).toBe(after);
  });

  it('judges a draining target no more, and notes when it was taken out', () => {
    const draining = { ...target, drainingSince: 1 };
    expect(withTargetHealth(draining, said, 2)).toBe(draining);
    const out = { ...said, state: 'draining' } as const;
    const taken = withTargetHealth(draining, out, 2);
    expect(taken).toEqual({ ...draining, outSince: 2, health: { state: 'draining' } });
    expect(withTargetHealth(taken, out, 3)).toBe(taken);
  });

  it('does not take the end of an earlier registration for its own', () => {
    expect(withTargetHealth(target, { ...said, state: 'draining' }, 2)).toBe(target);
  });
});
