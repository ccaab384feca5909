import type { Cancel } from '../../base/clock.ts';
import { DriverError, messageOf } from '../../base/errors.ts';
import type { Rotation, TargetRef } from '../../drivers/balancer/driver.ts';
import { sharesOf, type BalancerSpec, type HealthCheckSpec } from '../../wire/balancer-spec.ts';
import { byZone } from './by-zone.ts';
import { TargetChecker } from './checker.ts';
import { atLeastHealthy, inRotation, sameReport, type HealthReport } from './health.ts';
import type { BalancerManagerDeps } from './manager.ts';

const firstRetryMs = 200;
const lastRetryMs = 10_000;

/** A target under our eyes. */
interface Watched {
  readonly ref: TargetRef;
  readonly checker: TargetChecker;
  /** What the control plane was told last. */
  told: HealthReport | undefined;
}

/** One load balancer of a machine: applies the newest specification, checks its targets, keeps the right ones in rotation. */
export class ManagedBalancer {
  readonly #deps: BalancerManagerDeps;
  #wanted: BalancerSpec | undefined;
  /** The specification that the driver has. */
  #served: BalancerSpec | undefined;
  /** A specification that the driver will never take. */
  #refused: BalancerSpec | undefined;
  readonly #watched = new Map<string, Watched>();
  /** What the driver was last told of each target. */
  readonly #rotation = new Map<string, Rotation>();
  #working: Promise<void> | undefined;
  #again = false;
  #waiters: PromiseWithResolvers<void>[] = [];
  #cancelRetry: Cancel = () => {};
  #retryMs = firstRetryMs;
  #closed = false;

  constructor(deps: BalancerManagerDeps) {
    this.#deps = deps;
  }

  /** Says what the balancer should be; settles with the next attempt to make it so. */
  want(spec: BalancerSpec): Promise<void> {
    this.#wanted = spec;
    this.#retryMs = firstRetryMs;
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    this.#wake();
    return waiter.promise;
  }

  /** Stops checking, after what the driver is doing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    for (const { checker } of this.#watched.values()) checker.stop();
    this.#watched.clear();
    await this.#working;
    for (const { reject } of this.#waiters.splice(0)) reject(new DriverError('gone', 'the load balancer was given up'));
  }

  /** One run at a time; what happens meanwhile makes one more. */
  #wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  async #work(): Promise<void> {
    this.#cancelRetry();
    while (this.#again && !this.#closed) {
      this.#again = false;
      const wanted = this.#wanted;
      try {
        if (wanted !== undefined && wanted !== this.#served && wanted !== this.#refused) await this.#apply(wanted);
        await this.#rotate();
        for (const key of this.#watched.keys()) this.#tell(key);
        if (this.#wanted === this.#served) this.#retryMs = firstRetryMs;
      } catch (error) {
        this.#retry(error);
      }
    }
  }

  /** What the configuration itself forbids is not tried again; a VPC that is not there yet comes. */
  async #apply(wanted: BalancerSpec): Promise<void> {
    const waiters = this.#waiters.splice(0);
    try {
      await this.#deps.driver.apply(wanted);
      this.#served = wanted;
      this.#tellApplied(wanted);
      this.#watch(wanted);
      for (const { resolve } of waiters) resolve();
    } catch (error) {
      for (const { reject } of waiters) reject(error);
      this.#tellApplied(wanted, messageOf(error));
      if (error instanceof DriverError && error.kind === 'fatal') this.#refused = wanted;
      else this.#retry(error);
    }
  }

  #retry(error: unknown): void {
    const balancer = this.#wanted?.loadBalancerArn;
    this.#deps.log.warn('a load balancer is not as wanted yet', { balancer, error: messageOf(error) });
    this.#cancelRetry();
    this.#cancelRetry = this.#deps.clock.after(this.#retryMs, () => this.#wake());
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
  }

  #tellApplied(spec: BalancerSpec, error?: string): void {
    const shares = sharesOf(spec);
    const message = {
      kind: 'balancer' as const,
      id: spec.loadBalancerArn,
      ...(error === undefined ? {} : { error }),
      ...(error === undefined && shares.length > 0 ? { shares } : {}),
    };
    this.#deps.send({ type: 'StowageApplied', message });
  }

  /** Checks the targets of a specification: new ones from the start, known ones from where they are. */
  #watch(spec: BalancerSpec): void {
    const before = new Map(this.#watched);
    this.#watched.clear();
    for (const group of spec.targetGroups) {
      for (const target of group.targets) {
        const ref = { targetGroupArn: group.targetGroupArn, id: target.id, port: target.port };
        if (target.draining) {
          // The driver has taken it out: from now on its deregistration delay counts.
          if (target.lastHealth !== 'draining') this.#send(ref, { state: 'draining' });
          continue;
        }
        const key = keyOf(ref);
        const known = before.get(key);
        before.delete(key);
        const same =
          known !== undefined &&
          known.checker.target.address === target.address &&
          known.checker.target.registeredAt === target.registeredAt;
        if (known !== undefined && same && sameCheck(known.checker.check, group.healthCheck)) {
          this.#watched.set(key, known);
          // What it was told is not what it holds: it was lost on the way, or is still under way and is told twice.
          if (target.lastHealth !== known.told?.state) known.told = undefined;
          continue;
        }
        known?.checker.stop();
        const checker = new TargetChecker(
          target,
          group.healthCheck,
          {
            open: (port, signal) => this.#deps.driver.probe(spec.loadBalancerArn, target.address, port, signal),
            reach: (port, signal) => this.#deps.driver.reach(spec.loadBalancerArn, target.address, port, signal),
          },
          this.#deps.clock,
          () => this.#changed(key),
        );
        // What was measured before is on record; that the checks begin is news.
        const onRecord = checker.state.report.state === 'initial' ? undefined : checker.state.report;
        this.#watched.set(key, { ref, checker, told: same ? known?.told : onRecord });
        if (!same) this.#rotation.delete(key);
        checker.start(same ? known?.checker.state : undefined);
        this.#tell(key);
      }
    }
    for (const [key, { checker }] of before) {
      checker.stop();
      this.#rotation.delete(key);
    }
  }

  #changed(key: string): void {
    this.#tell(key);
    this.#wake();
  }

  /**
   * Tells what is news of a target. That it is healthy is told once it takes requests, since whoever hears it may take
   * others away; what speaks against it waits for nothing.
   */
  #tell(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    const { report } = watched.checker.state;
    if (report.state === 'healthy' && this.#rotation.get(key) !== 'in') return;
    if (watched.told !== undefined && sameReport(watched.told, report)) return;
    watched.told = report;
    this.#send(watched.ref, report);
  }

  #send(ref: TargetRef, said: HealthReport | { readonly state: 'draining' }): void {
    this.#deps.send({ type: 'StowageTargetHealth', message: { ...ref, ...said } });
  }

  /** Tells the driver of every target whose place changed: in first, so that no group is empty between. */
  async #rotate(): Promise<void> {
    const spec = this.#served;
    if (spec === undefined) return;
    const steps: { key: string; ref: TargetRef; rotation: Rotation }[] = [];
    for (const group of spec.targetGroups) {
      const watched = [...this.#watched].filter(([, { ref }]) => ref.targetGroupArn === group.targetGroupArn);
      const chosen = new Set<string>();
      for (const part of byZone(group, watched, ([, { checker }]) => checker.target.zone)) {
        const states = new Map(part.map(([key, { checker }]) => [key, checker.state.report.state]));
        for (const key of inRotation(states, atLeastHealthy(group.attributes, states.size))) chosen.add(key);
      }
      for (const [key, { ref }] of watched) steps.push({ key, ref, rotation: chosen.has(key) ? 'in' : 'out' });
    }
    steps.sort((a, b) => a.rotation.localeCompare(b.rotation));
    for (const { key, ref, rotation } of steps) {
      if (this.#rotation.get(key) === rotation) continue;
      await this.#deps.driver.rotate(spec.loadBalancerArn, ref, rotation).catch((error: unknown) => {
        if (!(error instanceof DriverError && error.kind === 'gone')) throw error;
      });
      this.#rotation.set(key, rotation);
    }
  }
}

function keyOf(ref: TargetRef): string {
  return `${ref.targetGroupArn} ${ref.id}:${ref.port}`;
}

function sameCheck(a: HealthCheckSpec, b: HealthCheckSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
