import { given } from '../base/given.ts';
import { sameMembers } from '../base/same-members.ts';
import type { Target } from '../model/elbv2/load-balancing.ts';
import type { AgentMessage } from '../wire/messages.ts';

/**
 * A target after its machine spoke; the very same one when nothing changed. One that drains is judged no more: of it
 * counts when it was taken out. That an earlier registration of it was taken out says nothing of this one.
 */
export function withTargetHealth(
  target: Target,
  said: Extract<AgentMessage, { type: 'StowageTargetHealth' }>['message'],
  now: number,
): Target {
  if (target.drainingSince !== undefined) {
    if (said.state !== 'draining' || target.outSince !== undefined) return target;
    return { ...target, outSince: now, health: { state: 'draining' } };
  }
  if (said.state === 'draining') return target;
  const health = { state: said.state, ...given('reason', said.reason), ...given('description', said.description) };
  return sameMembers(health, target.health) ? target : { ...target, health };
}
