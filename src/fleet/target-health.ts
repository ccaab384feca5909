import { given } from '../base/given.ts';
import { sameMembers } from '../base/same-members.ts';
import type { Target } from '../model/elbv2/load-balancing.ts';
import type { AgentMessage } from '../wire/messages.ts';

/** A target after its checker spoke; the very same one when nothing changed. One that drains is judged no more. */
export function withTargetHealth(
  target: Target,
  said: Extract<AgentMessage, { type: 'StowageTargetHealth' }>['message'],
): Target {
  if (target.drainingSince !== undefined) return target;
  const health = { state: said.state, ...given('reason', said.reason), ...given('description', said.description) };
  return sameMembers(health, target.health) ? target : { ...target, health };
}
