import type { LifecycleHookSpecification } from '@aws-sdk/client-auto-scaling';
import type { LifecycleHook } from '../../model/autoscaling/group.ts';
import { constraint, invalid, refuse } from './errors.ts';

const transitions = ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'] as const;

/** A lifecycle hook as a request describes it; `before` is the one of that name, if there is any. */
export function readHook(
  groupArn: string,
  input: Partial<LifecycleHookSpecification>,
  before?: LifecycleHook,
): LifecycleHook {
  const { LifecycleHookName: name = '', HeartbeatTimeout: heartbeat, DefaultResult: result } = input;
  if (!/^[A-Za-z0-9\-_/]{1,255}$/.test(name)) {
    throw constraint(name, 'lifecycleHookName', 'satisfy regular expression pattern: [A-Za-z0-9\\-_\\/]+');
  }
  // Nobody is told of what an instance waits for, other than by the API.
  refuse(input, 'NotificationTargetARN', 'RoleARN', 'NotificationMetadata');
  const transition = input.LifecycleTransition ?? before?.transition;
  const known = transitions.find((each) => each === transition);
  if (transition === undefined) {
    throw invalid('LifecycleTransition is required to create a lifecycle hook.');
  }
  if (known === undefined)
    throw invalid(`LifecycleTransition is not valid: ${transition}. Use ${transitions.join(', ')}.`);
  if (heartbeat !== undefined && (!Number.isInteger(heartbeat) || heartbeat < 30 || heartbeat > 7200)) {
    throw invalid(`HeartbeatTimeout must be between 30 and 7200 seconds: ${heartbeat}`);
  }
  if (result !== undefined && result !== 'CONTINUE' && result !== 'ABANDON') {
    throw invalid(`DefaultResult must be CONTINUE or ABANDON: ${result}`);
  }
  return {
    groupArn,
    name,
    transition: known,
    heartbeatTimeoutSeconds: heartbeat ?? before?.heartbeatTimeoutSeconds ?? 3600,
    defaultResult: result ?? before?.defaultResult ?? 'ABANDON',
  };
}
