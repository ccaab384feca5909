import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { BalancerDriver } from '../../drivers/balancer/driver.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import type { AgentMessage } from '../../wire/messages.ts';
import { ManagedBalancer } from './managed-balancer.ts';
import { RequestReporter, type RequestSink } from './requests/reporter.ts';

/** Keeps this machine's load balancers as the control plane wants them, and their targets checked and in rotation. */
export interface BalancerManager {
  /**
   * Makes a balancer as `spec` says, replacing what was said of it before; the newest wins. Resolves once it, or a newer one, serves; rejects
   * with the driver's error, and tries again by itself unless that is fatal. The control plane is told by `StowageApplied` each time,
   * and by `StowageTargetHealth` of every target whose health changes.
   */
  apply(spec: BalancerSpec): Promise<void>;
  /** Removes every balancer of this installation whose ARN is not among `loadBalancerArns`. */
  keepOnly(loadBalancerArns: readonly string[]): Promise<void>;
  /** Stops checking; the balancers go on serving. */
  close(): Promise<void>;
}

/** What the manager is made from. */
export interface BalancerManagerDeps {
  readonly driver: BalancerDriver;
  readonly clock: Clock;
  readonly log: Log;
  /** Sends to the control plane. */
  readonly send: (message: AgentMessage) => void;
  /** Who is told of the requests and flows of load balancers; nobody unless given. */
  readonly requests?: RequestSink;
}

/** Makes the manager of a machine's load balancers. */
export function createBalancerManager(deps: BalancerManagerDeps): BalancerManager {
  const managed = new Map<string, ManagedBalancer>();
  const reporters = new Map<string, RequestReporter>();
  const report = (spec: BalancerSpec): void => {
    const { driver, requests: sink, clock, log } = deps;
    if (sink === undefined) return;
    const reporter = reporters.get(spec.loadBalancerArn);
    if (reporter !== undefined) reporter.update(spec);
    else reporters.set(spec.loadBalancerArn, new RequestReporter({ driver, sink, clock, log }, spec));
  };
  return {
    apply(spec) {
      let balancer = managed.get(spec.loadBalancerArn);
      if (balancer === undefined) managed.set(spec.loadBalancerArn, (balancer = new ManagedBalancer(deps)));
      report(spec);
      return balancer.want(spec);
    },
    async keepOnly(loadBalancerArns) {
      const keep = new Set(loadBalancerArns);
      const gone = [...managed].filter(([arn]) => !keep.has(arn));
      for (const [arn] of gone) managed.delete(arn);
      await Promise.all(gone.map(([, balancer]) => balancer.close()));
      for (const arn of await deps.driver.list()) {
        if (keep.has(arn)) continue;
        // One that was given up while nobody was here is known by what it was made as.
        const spec = reporters.has(arn) ? undefined : await deps.driver.specOf(arn);
        if (spec !== undefined) report(spec);
        await reporters.get(arn)?.finish();
        reporters.delete(arn);
        await deps.driver.remove(arn);
      }
      for (const [arn, reporter] of reporters) {
        if (keep.has(arn)) continue;
        reporter.stop();
        reporters.delete(arn);
      }
    },
    async close() {
      for (const reporter of reporters.values()) reporter.stop();
      reporters.clear();
      await Promise.all([...managed.values()].map((balancer) => balancer.close()));
      managed.clear();
    },
  };
}
