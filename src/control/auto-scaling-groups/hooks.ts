import type { LifecycleAction } from '../../model/autoscaling/group.ts';

/** What an instance that waits for lifecycle hooks is to do, and why where it is given up; or when to look again. */
export interface Waited {
  readonly verdict: 'wait' | 'proceed' | 'abandon';
  readonly why?: string;
  readonly lookAt?: number;
}

/**
 * Whether the lifecycle actions of an instance are over: all are to CONTINUE, and the first that does not ends the waiting for the
 * others ("How lifecycle hooks work in Auto Scaling groups", Amazon EC2 Auto Scaling User Guide).
 */
export function waitedFor(actions: readonly LifecycleAction[], now: number): Waited {
  const over = actions.map(({ result, deadline, defaultResult, token }) => {
    const late = result === undefined && now >= deadline;
    return { token, late, deadline, result: result ?? (late ? defaultResult : undefined) };
  });
  const abandoned = over.find(({ result }) => result === 'ABANDON');
  if (abandoned !== undefined) {
    const how = abandoned.late ? 'Heartbeat Timeout' : 'Lifecycle Action Completed with ABANDON Result';
    return { verdict: 'abandon', why: `Lifecycle Action with token ${abandoned.token} was abandoned: ${how}` };
  }
  const waiting = over.filter(({ result }) => result === undefined);
  if (waiting.length === 0) return { verdict: 'proceed' };
  return { verdict: 'wait', lookAt: Math.min(...waiting.map(({ deadline }) => deadline)) };
}
