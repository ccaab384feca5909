import type { BalancerSpec } from '../../wire/balancer-spec.ts';

/** Keeps this machine's load balancers as the control plane wants them, and their targets checked and in rotation. */
export interface BalancerManager {
  /**
   * Makes a balancer as `spec` says, replacing what was said of it before; calls for one balancer are done in order, the
   * newest wins. Resolves once it serves; rejects with the driver's error.
   */
  apply(spec: BalancerSpec): Promise<void>;
  /** Removes every balancer of this installation whose ARN is not among `loadBalancerArns`. */
  keepOnly(loadBalancerArns: readonly string[]): Promise<void>;
  /** Stops checking; the balancers go on serving. */
  close(): Promise<void>;
}
