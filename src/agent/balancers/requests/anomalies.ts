import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import { backendName } from '../../../drivers/balancer/names.ts';
import type { TargetGroupSpec } from '../../../wire/balancer-spec.ts';

/** The share of others' requests that a target gets while its answers are odd: enough to see when they are not any more. */
export const mitigatedPercent = 10;

/** "Your target group must have a minimum of three healthy targets to enable anomaly detection." */
const leastTargets = 3;
/** So few requests say nothing of a target. */
const leastRequests = 10;
/** A target is odd that fails in so many of a hundred requests at least, and so many times as often as the middle one of its group. */
const leastFailedPercent = 5;
const timesTheMiddle = 3;

/** A target whose answers are odd. */
export interface Anomaly {
  readonly targetGroupArn: string;
  readonly id: string;
  readonly port: number;
  /** Whether it gets fewer requests for it. */
  readonly mitigated: boolean;
}

interface Count {
  requests: number;
  failed: number;
}

/**
 * Counts how often targets fail: with a status of 5XX of their own, or by not taking the connection ("Anomaly detection", Automatic Target
 * Weights, ELB User Guide).
 */
export class Answers {
  readonly #counts = new Map<string, Count>();

  count(lines: readonly AccessLine[]): void {
    for (const { backend, chosen, targetStatus, status } of lines) {
      if (chosen === undefined) continue;
      const key = `${backend} ${chosen}`;
      const count = this.#counts.get(key) ?? { requests: 0, failed: 0 };
      count.requests += 1;
      if ((targetStatus ?? status) >= 500) count.failed += 1;
      this.#counts.set(key, count);
    }
  }

  /** The targets of a group that fail far more often than its others: never more than half of them. */
  anomalous({ targetGroupArn, targets, attributes }: TargetGroupSpec): Anomaly[] {
    const backend = backendName(targetGroupArn);
    const rated = targets
      .filter(({ draining, lastHealth }) => !draining && lastHealth === 'healthy')
      .map(({ id, port, address }) => {
        const { requests, failed } = this.#counts.get(`${backend} ${address}:${port}`) ?? { requests: 0, failed: 0 };
        return { id, port, requests, percent: requests === 0 ? 0 : (failed / requests) * 100 };
      })
      .filter(({ requests }) => requests >= leastRequests)
      .toSorted((a, b) => b.percent - a.percent);
    if (rated.length < leastTargets) return [];
    const middle = rated[Math.floor(rated.length / 2)]?.percent ?? 0;
    const mitigated = attributes['load_balancing.algorithm.anomaly_mitigation'] === 'on';
    return rated
      .slice(0, Math.floor(rated.length / 2))
      .filter(({ percent }) => percent >= leastFailedPercent && percent >= middle * timesTheMiddle)
      .map(({ id, port }) => ({ targetGroupArn, id, port, mitigated }));
  }
}

/** Every target of the groups that mitigate, and whether it is one of those found. */
export function judged(
  groups: readonly TargetGroupSpec[],
  found: readonly Anomaly[],
): { readonly targetGroupArn: string; readonly id: string; readonly port: number; readonly isAnomalous: boolean }[] {
  const odd = new Set(found.map(({ targetGroupArn, id, port }) => `${targetGroupArn} ${id}:${port}`));
  return groups
    .filter(({ attributes }) => attributes['load_balancing.algorithm.type'] === 'weighted_random')
    .flatMap(({ targetGroupArn, targets, attributes }) => {
      const isMitigated = attributes['load_balancing.algorithm.anomaly_mitigation'] === 'on';
      return targets.map(({ id, port }) => {
        const isAnomalous = isMitigated && odd.has(`${targetGroupArn} ${id}:${port}`);
        return { targetGroupArn, id, port, isAnomalous };
      });
    });
}
