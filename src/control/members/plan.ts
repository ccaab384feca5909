import type { ObservedMember } from './observe.ts';

/** How long a machine that leaves waits for the tasks of its services to be replaced elsewhere. */
export const drainMs = 5 * 60_000;

export type MemberStep =
  /** Its container instance takes no new tasks, and those of services are replaced elsewhere. */
  | { readonly kind: 'drain'; readonly containerInstanceArn: string }
  | { readonly kind: 'stop'; readonly taskArns: readonly string[] }
  /** The instance that it is ends; `abandoned`: without a word of the machine. */
  | { readonly kind: 'terminate'; readonly instanceId: string; readonly abandoned: boolean }
  /** Nothing of it is left. */
  | { readonly kind: 'remove' };

/** The next step of a machine that leaves, or when to look again (epoch milliseconds); neither for one that stays. */
export interface MemberPlan {
  readonly step?: MemberStep;
  readonly lookAt?: number;
}

/**
 * How a machine leaves: what services run there is replaced first ("Draining Amazon ECS container instances"), then its
 * instance is terminated with whatever is left. Nobody waits for a machine that is not there, or that is removed by force.
 */
export function planMember(observed: ObservedMember, now: number): MemberPlan {
  const { member, connected, instance, containerInstance, serviceTasks, fargateTasks } = observed;
  if (member.leavingSince === undefined || member.removedAt !== undefined) return {};
  const abandoned = member.forced === true || !connected;
  if (containerInstance?.status === 'ACTIVE' && !abandoned) {
    return { step: { kind: 'drain', containerInstanceArn: containerInstance.arn } };
  }
  const running = fargateTasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  if (running.length > 0) return { step: { kind: 'stop', taskArns: running.map(({ arn }) => arn) } };
  if (instance !== undefined && instance.state !== 'terminated') {
    const until = member.leavingSince + drainMs;
    if (serviceTasks > 0 && !abandoned && now < until) return { lookAt: until };
    const asked = instance.state === 'shutting-down';
    if (!asked || (abandoned && instance.hostId !== undefined)) {
      return { step: { kind: 'terminate', instanceId: instance.id, abandoned } };
    }
    return {};
  }
  return fargateTasks.length === 0 || member.forced === true ? { step: { kind: 'remove' } } : {};
}
