/** What a machine says of a target's health, with ELB's reason codes and words ("Health check reason codes", ELB User Guide). */
export interface HealthReport {
  readonly state: 'initial' | 'healthy' | 'unhealthy';
  readonly reason?: string;
  readonly description?: string;
}

/** The outcome of one health check. */
export type CheckResult =
  | { readonly kind: 'passed' }
  | { readonly kind: 'mismatch'; readonly code: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failed' };

/** How many results in a row change a target's state. */
export interface Thresholds {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Whether a new target takes the healthy threshold, too, and not one success. */
  readonly classic?: true;
}

/** Where a target stands: its report, and how many results in a row spoke against it. */
export interface HealthState {
  readonly report: HealthReport;
  /** Consecutive successes of an unhealthy target, consecutive failures of any other. */
  readonly against: number;
  /** Consecutive successes of an initial target, where one is not enough. */
  readonly passed?: number;
}

/** A target that no check has ended for yet. */
export const initialHealth: HealthState = {
  report: {
    state: 'initial',
    reason: 'Elb.InitialHealthChecking',
    description: 'Initial health checks in progress',
  },
  against: 0,
};

/**
 * A target whose health an earlier process measured: what is known is trusted, so that no request fails while it is
 * measured again.
 */
export function knownHealth(lastHealth: string): HealthState {
  if (lastHealth === 'healthy') return { report: { state: 'healthy' }, against: 0 };
  if (lastHealth === 'unhealthy') return { report: reportOf({ kind: 'failed' }), against: 0 };
  return initialHealth;
}

/**
 * The state after one more check ("Health checks for Application Load Balancer target groups"): a new target is healthy after
 * one success, unless it is an instance of a Classic Load Balancer; otherwise it takes the threshold of successes or failures in a row. An unhealthy target tells its newest failure.
 */
export function afterCheck(state: HealthState, result: CheckResult, thresholds: Thresholds): HealthState {
  const { report, against } = state;
  if (result.kind === 'passed') {
    if (report.state === 'healthy') return against === 0 ? state : { report, against: 0 };
    if (report.state === 'initial') {
      const passed = (state.passed ?? 0) + 1;
      const enough = thresholds.classic === true ? thresholds.healthyThreshold : 1;
      return passed >= enough ? { report: { state: 'healthy' }, against: 0 } : { report, against: 0, passed };
    }
    const passed = against + 1;
    if (passed >= thresholds.healthyThreshold) return { report: { state: 'healthy' }, against: 0 };
    return { report, against: passed };
  }
  if (report.state === 'unhealthy') return { report: reportOf(result), against: 0 };
  const failed = against + 1;
  if (failed >= thresholds.unhealthyThreshold) return { report: reportOf(result), against: 0 };
  return { report, against: failed };
}

/** An initial target that failed a check which does not count against it: its successes were not in a row. */
export function withoutSuccesses(state: HealthState): HealthState {
  return state.passed === undefined ? state : { report: state.report, against: state.against };
}

function reportOf(result: Exclude<CheckResult, { kind: 'passed' }>): HealthReport {
  switch (result.kind) {
    case 'mismatch':
      return {
        state: 'unhealthy',
        reason: 'Target.ResponseCodeMismatch',
        description: `Health checks failed with these codes: [${result.code}]`,
      };
    case 'timeout':
      return { state: 'unhealthy', reason: 'Target.Timeout', description: 'Request timed out' };
    case 'failed':
      return { state: 'unhealthy', reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
    default:
      return result satisfies never;
  }
}

/** Whether two reports tell a client the same. */
export function sameReport(a: HealthReport, b: HealthReport): boolean {
  return a.state === b.state && a.reason === b.reason && a.description === b.description;
}

/**
 * The targets of a group that take requests: the healthy ones; where those are fewer than `atLeast`, the unhealthy ones as well, because a
 * load balancer "fails open". Targets that drain are not given here.
 */
export function inRotation<Key>(states: ReadonlyMap<Key, HealthReport['state']>, atLeast = 1): Set<Key> {
  const having = (state: HealthReport['state']): Key[] =>
    [...states].filter(([, each]) => each === state).map(([key]) => key);
  const healthy = having('healthy');
  return new Set(healthy.length >= atLeast ? healthy : [...healthy, ...having('unhealthy')]);
}

/**
 * How many targets of a group must be healthy for the unhealthy ones to be left out ("Target group health", ELB): the larger
 * of a count and a share of the registered targets.
 */
export function atLeastHealthy(attributes: Readonly<Record<string, string>>, registered: number): number {
  const prefix = 'target_group_health.unhealthy_state_routing.minimum_healthy_targets';
  const percentage = Number(attributes[`${prefix}.percentage`]);
  const share = Number.isNaN(percentage) ? 0 : Math.ceil((registered * percentage) / 100);
  return Math.max(Number(attributes[`${prefix}.count`] ?? 1), share);
}
