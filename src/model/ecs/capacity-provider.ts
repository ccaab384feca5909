import type { Scoped, Tag } from '../tags.ts';

/** How ECS sizes the Auto Scaling group of a provider ("ManagedScaling", ECS API Reference). */
export interface ManagedScaling {
  readonly status: 'ENABLED' | 'DISABLED';
  /** The CapacityProviderReservation to keep, percent: 100 leaves no spare instances. */
  readonly targetCapacity: number;
  readonly minimumScalingStepSize: number;
  readonly maximumScalingStepSize: number;
  /** Seconds within which a new instance is expected to take tasks. */
  readonly instanceWarmupPeriod: number;
}

/**
 * A capacity provider of an Auto Scaling group (Fargate's two are no rows). The API writes it; the loop of capacity providers writes
 * `grownAt` and `lowSince`.
 */
export interface CapacityProvider extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly groupArn: string;
  readonly managedScaling: ManagedScaling;
  readonly managedTerminationProtection: 'ENABLED' | 'DISABLED';
  readonly managedDraining: 'ENABLED' | 'DISABLED';
  readonly tags: readonly Tag[];
  readonly createdAt: number;
  /** When its group was made larger last, epoch milliseconds. */
  readonly grownAt?: number;
  /** Since when its reservation has been below its target, epoch milliseconds. */
  readonly lowSince?: number;
}

/** The lifecycle hook by which ECS drains instances that are to be terminated ("Amazon ECS managed instance draining"). */
export const drainingHook = 'ecs-managed-draining-termination-hook';
