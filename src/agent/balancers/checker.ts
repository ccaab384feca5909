import type { Cancel, Clock } from '../../base/clock.ts';
import type { HealthCheckSpec, TargetSpec } from '../../wire/balancer-spec.ts';
import { checkTarget, type Probe } from './check.ts';
import { afterCheck, knownHealth, withoutSuccesses, type HealthState } from './health.ts';

/** How long after a failure a target that was never healthy is asked again, in milliseconds, when its interval is longer. */
const initialRetryMs = 1000;

/**
 * Checks one target at its interval, whatever the target takes to answer, until stopped. While the target is initial it is also asked
 * every second, and such a check counts only when it passes: a container is in rotation as soon as it can be, and unhealthy no sooner
 * than on AWS.
 */
export class TargetChecker {
  readonly target: TargetSpec;
  readonly check: HealthCheckSpec;
  readonly #probe: Probe;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #stop = new AbortController();
  #state: HealthState;
  #cancel: Cancel = () => {};

  constructor(target: TargetSpec, check: HealthCheckSpec, probe: Probe, clock: Clock, changed: () => void) {
    this.target = target;
    this.check = check;
    this.#probe = probe;
    this.#clock = clock;
    this.#changed = changed;
    this.#state = knownHealth(target.lastHealth);
  }

  /** What is known of the target now. */
  get state(): HealthState {
    return this.#state;
  }

  /** Goes on from what another checker of the same target found, after its settings changed. */
  start(from: HealthState = this.#state): void {
    this.#state = from;
    this.#tick(this.#clock.now());
  }

  /** Ends the checking; a check that is under way is dropped. */
  stop(): void {
    this.#cancel();
    this.#stop.abort(new Error('the checker was stopped'));
  }

  /** `dueAt`: when the next check that counts is due. */
  #tick(dueAt: number): void {
    const now = this.#clock.now();
    const counts = now >= dueAt;
    const nextDueAt = counts ? dueAt + this.check.intervalSeconds * 1000 : dueAt;
    void this.#run(counts);
    const next = this.#state.report.state === 'initial' ? Math.min(nextDueAt, now + initialRetryMs) : nextDueAt;
    this.#cancel = this.#clock.after(next - now, () => this.#tick(nextDueAt));
  }

  async #run(counts: boolean): Promise<void> {
    const signal = this.#stop.signal;
    const result = await checkTarget(this.check, this.target, this.#probe, this.#clock, signal);
    if (signal.aborted) return;
    if (!counts && result.kind !== 'passed') {
      this.#state = withoutSuccesses(this.#state);
      return;
    }
    // A retry of the initial phase that ends late must not count as a success of a later state.
    if (!counts && this.#state.report.state !== 'initial') return;
    const before = this.#state;
    this.#state = afterCheck(before, result, this.check);
    if (this.#state.report !== before.report) this.#changed();
  }
}
