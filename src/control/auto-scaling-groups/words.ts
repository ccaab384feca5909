import { isoOf } from '../../base/clock.ts';
import type { AutoScalingGroup, GroupInstance } from '../../model/autoscaling/group.ts';

// The sentences of activities ("Verify a scaling activity for an Auto Scaling group" and "Troubleshoot … in Amazon EC2 Auto Scaling",
// Amazon EC2 Auto Scaling User Guide).

/** `At 2024-01-02T03:04:05Z …`, with a full stop. */
export function at(atMs: number, what: string): string {
  return `At ${isoOf(atMs).slice(0, 19)}Z ${what}.`;
}

function withChange(group: AutoScalingGroup, sentence: string): string {
  return group.change === undefined ? sentence : `${at(group.change.at, group.change.text)}  ${sentence}`;
}

/** Why an instance is launched. */
export function launchCause(
  group: AutoScalingGroup,
  { from, to, replaces, now }: { from: number; to: number; replaces: boolean; now: number },
): string {
  return replaces && group.change === undefined
    ? at(now, 'an instance was launched in response to an unhealthy instance needing to be replaced')
    : withChange(
        group,
        at(
          now,
          `an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${from} to ${to}`,
        ),
      );
}

/** Why an instance goes when the group shrinks. */
export function shrinkCause(
  group: AutoScalingGroup,
  { from, to, instanceId, now }: { from: number; to: number; instanceId: string; now: number },
): string {
  const why = at(
    now,
    `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${from} to ${to}`,
  );
  return `${withChange(group, why)}  ${at(now, `instance ${instanceId} was selected for termination`)}`;
}

const checks: Record<NonNullable<GroupInstance['unhealthyBy']>, string> = {
  EC2: 'an EC2 health check indicating it has been terminated or stopped',
  ELB: 'an ELB system health check failure',
  user: 'a user health-check',
};

/** Why an instance goes that is not healthy. */
export function unhealthyCause(by: NonNullable<GroupInstance['unhealthyBy']>, now: number): string {
  return at(now, `an instance was taken out of service in response to ${checks[by]}`);
}
