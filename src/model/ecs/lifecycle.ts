import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';

/** The stages of a deployment that shifts traffic, in order ("Amazon ECS blue/green service deployments workflow"). */
export const lifecycleStages = [
  'RECONCILE_SERVICE',
  'PRE_SCALE_UP',
  'SCALE_UP',
  'POST_SCALE_UP',
  'TEST_TRAFFIC_SHIFT',
  'POST_TEST_TRAFFIC_SHIFT',
  'PRE_PRODUCTION_TRAFFIC_SHIFT',
  'PRODUCTION_TRAFFIC_SHIFT',
  'POST_PRODUCTION_TRAFFIC_SHIFT',
  'BAKE_TIME',
  'CLEAN_UP',
] as const;
export type LifecycleStage = (typeof lifecycleStages)[number];

/** Which of the two target groups of a load balancer entry: `targetGroupArn` or `alternateTargetGroupArn`. */
export type Slot = 'primary' | 'alternate';

/** The other target group. */
export function otherSlot(slot: Slot): Slot {
  return slot === 'primary' ? 'alternate' : 'primary';
}

/** How traffic is shared between the two target groups, in percent. */
export type Weights = Readonly<Record<Slot, number>>;

/** Everything to one of the two. */
export function allTo(slot: Slot): Weights {
  return { primary: slot === 'primary' ? 100 : 0, alternate: slot === 'alternate' ? 100 : 0 };
}

/** A lifecycle hook as it stands in the stage that it was configured for ("DeploymentLifecycleHookDetail", ECS API Reference). */
export interface HookRun {
  readonly id: string;
  readonly targetType: 'AWS_LAMBDA' | 'PAUSE';
  /** What is called; absent of pauses. */
  readonly targetArn?: string;
  readonly status: 'AWAITING_ACTION' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly timeoutAction: 'CONTINUE' | 'ROLLBACK';
  /** When it is called next; of those that are called and have not come to an end. */
  readonly callAt?: number;
  /** What it is told besides: as configured, then as it answered last. */
  readonly details?: unknown;
  /** Why it FAILED. */
  readonly reason?: string;
}

/** How far a deployment that shifts traffic has come. Written by the service loop; hooks also by those who call or continue them. */
export interface Lifecycle {
  readonly stage: LifecycleStage;
  /** When the stage began, in epoch milliseconds. */
  readonly since: number;
  readonly production: Weights;
  readonly test?: Weights;
  /** The hooks of the stage. */
  readonly hooks: readonly HookRun[];
  /** It goes back to what ran before. */
  readonly rollback?: true;
}

/** Whether a deployment shifts traffic between two target groups. */
export function shiftsTraffic({ strategy }: DeploymentConfiguration): boolean {
  return strategy === 'BLUE_GREEN' || strategy === 'CANARY' || strategy === 'LINEAR';
}
