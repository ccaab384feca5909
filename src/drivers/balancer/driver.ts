import type { Socket } from 'node:net';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';

/** Whether a target takes new requests: the checker and the fail-open rule decide, the driver obeys. */
export type Rotation = 'in' | 'out';

/** Addresses one target of one group. */
export interface TargetRef {
  readonly targetGroupArn: string;
  readonly id: string;
  readonly port: number;
}

/**
 * Carries the traffic of load balancers on this machine. Every call is idempotent; balancers go on serving when this
 * process dies, and are found again. Failures are `DriverError`s.
 */
export interface BalancerDriver {
  /**
   * Makes the balancer as `spec` says, losing no request: targets change at run time, listeners, rules and groups by one
   * reload at a time. New targets start out of rotation.
   */
  apply(spec: BalancerSpec): Promise<void>;
  /** Takes a target in or out of rotation; established requests finish either way. An unknown target is `gone`. */
  rotate(loadBalancerArn: string, target: TargetRef, rotation: Rotation): Promise<void>;
  /** Removes the balancer; one that does not exist is fine. */
  remove(loadBalancerArn: string): Promise<void>;
  /** The balancers that serve on this machine, of this installation only. */
  list(): Promise<string[]>;
  /**
   * Opens one connection to a target as the balancer would (from its address, inside its VPC, through the target's
   * security groups), for a health check. Where the balancer's own process connects on our behalf, a target that cannot be reached
   * shows as a socket that closes without a byte; otherwise this rejects.
   */
  probe(loadBalancerArn: string, address: string, port: number, signal: AbortSignal): Promise<Socket>;
  /** Frees what this process holds, leaving the balancers serving. */
  close(): Promise<void>;
}
