import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isoOf, type Cancel, type Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import { parseAccessLine, type AccessLine } from '../../../drivers/balancer/access-line.ts';
import type { BalancerDriver } from '../../../drivers/balancer/driver.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import type { RequestReport } from '../../../wire/request-report.ts';
import { accessLogEntry, accessLogKey, testFileKey } from './access-log.ts';
import { Answers, judged, mitigatedPercent } from './anomalies.ts';
import { connectionMetrics, hostMetrics, requestMetrics } from './metrics.ts';

const minuteMs = 60_000;
/** "Elastic Load Balancing publishes a log file for each load balancer node every 5 minutes." */
const logEveryMs = 5 * minuteMs;

/** Who is told of requests. */
export interface RequestSink {
  /** How far a source was taken: the highest sequence that is on disk, 0 when nothing is. */
  taken(sourceId: string): Promise<number>;
  /** Resolves once the report is on disk; rejects when it should be sent again. */
  take(report: RequestReport): Promise<void>;
}

/** What a reporter is made from. */
export interface ReporterDeps {
  readonly driver: Pick<BalancerDriver, 'requests' | 'freeRequests' | 'connections' | 'weigh'>;
  readonly sink: RequestSink;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells of the requests of one load balancer: metrics every minute, access logs every five. The lines wait in the driver's file
 * until what was made of them is on disk, and what was taken is known there, so that nothing is lost or counted twice when this process dies.
 */
export class RequestReporter {
  readonly #deps: ReporterDeps;
  #spec: BalancerSpec;
  /** The file that the positions are of. */
  #source = '';
  #answers = new Answers();
  /** What was told of anomalies last, as text; unknown in the beginning. */
  #anomalies = '';
  #metricsAt = 0;
  #logsAt = 0;
  #cancel: Cancel = () => {};
  /** Passes, one after another. */
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: ReporterDeps, spec: BalancerSpec) {
    this.#deps = deps;
    this.#spec = spec;
    this.#later();
  }

  /** Says what the load balancer is from now on; what its log lacks before it is switched on is not written later. */
  update(spec: BalancerSpec): void {
    const wasOn = isLogged(this.#spec);
    this.#spec = spec;
    if (!wasOn && isLogged(spec)) void this.#inTurn(() => this.#begin());
  }

  /** Tells all there is, before the load balancer goes. */
  async finish(): Promise<void> {
    this.stop();
    await this.#inTurn(() => this.#pass(this.#deps.clock.now(), true));
  }

  /** Ends; what was not told waits for the next process. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #later(): void {
    const { clock } = this.#deps;
    const now = clock.now();
    const at = (Math.floor(now / minuteMs) + 1) * minuteMs;
    this.#cancel = clock.after(at - now, () => {
      void this.#inTurn(() => this.#pass(at, at % logEveryMs === 0)).then(() => {
        if (!this.#stopped) this.#later();
      });
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work).catch((error: unknown) => {
      const fields = { balancer: this.#spec.loadBalancerArn, error: messageOf(error) };
      this.#deps.log.warn('the requests of a load balancer are told later', fields);
    });
    return this.#working;
  }

  async #pass(at: number, logs: boolean): Promise<void> {
    await this.#tellMetrics();
    await this.#tellAnomalies();
    if (logs && isLogged(this.#spec)) await this.#tellLog(at);
    await this.#tellGauges(at);
    const done = isLogged(this.#spec) ? Math.min(this.#metricsAt, this.#logsAt) : this.#metricsAt;
    await this.#deps.driver.freeRequests(this.#spec.loadBalancerArn, done);
  }

  async #tellMetrics(): Promise<void> {
    for (;;) {
      const { lines, next } = await this.#read(() => this.#metricsAt);
      if (next === this.#metricsAt) return;
      const { loadBalancerArn } = this.#spec;
      const source = { id: this.#sourceId('metrics'), sequence: next };
      const data = requestMetrics(this.#spec, lines);
      this.#answers.count(lines);
      await this.#deps.sink.take({ kind: 'metrics', loadBalancerArn, source, data });
      this.#metricsAt = next;
    }
  }

  async #tellLog(endAt: number): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    const { bucket, prefix } = logPlaceOf(this.#spec);
    for (;;) {
      const { lines, next } = await this.#read(() => this.#logsAt);
      if (next === this.#logsAt) return;
      if (lines.length > 0) {
        const text = lines.map((line) => `${accessLogEntry(this.#spec, line)}\n`).join('');
        const random = `${this.#source} ${this.#logsAt}`;
        const key = accessLogKey(this.#spec, { prefix, endAt, random });
        const body = await promisify(gzip)(text);
        await this.#deps.sink.take({ kind: 'access-log', loadBalancerArn, bucket, key, body });
      }
      await this.#mark(next);
    }
  }

  /** What the answers since the last time say of targets, and what is done about it where a group is to mitigate it. */
  async #tellAnomalies(): Promise<void> {
    const { driver, sink } = this.#deps;
    const { loadBalancerArn, targetGroups } = this.#spec;
    const found = targetGroups.flatMap((group) => this.#answers.anomalous(group));
    this.#answers = new Answers();
    const text = JSON.stringify(found);
    // Told again while it lasts: a reload of listeners gives all targets their share back.
    if (text === '[]' && this.#anomalies === '[]') return;
    for (const { targetGroupArn, id, port, isAnomalous } of judged(targetGroups, found)) {
      await driver.weigh(loadBalancerArn, { targetGroupArn, id, port }, isAnomalous ? mitigatedPercent : 100);
    }
    const targetGroupArns = targetGroups.map((group) => group.targetGroupArn);
    await sink.take({ kind: 'anomalies', loadBalancerArn, targetGroupArns, anomalous: found });
    this.#anomalies = text;
  }

  /** How the load balancer stands now. */
  async #tellGauges(now: number): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    const connections = await this.#deps.driver.connections(loadBalancerArn);
    const data = [...hostMetrics(this.#spec, now - 1), ...connectionMetrics(this.#spec, connections, now - 1)];
    const source = { id: `${loadBalancerArn} gauges`, sequence: now };
    await this.#deps.sink.take({ kind: 'metrics', loadBalancerArn, source, data });
  }

  /** Access logs begin with what comes now; the file with which ELB tries the bucket tells that they do. */
  async #begin(): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    await this.#tellMetrics();
    await this.#mark(this.#metricsAt);
    const { bucket, prefix } = logPlaceOf(this.#spec);
    const name = loadBalancerArn.slice(loadBalancerArn.indexOf('/') + 1);
    const body = Buffer.from(`Enable AccessLog for ELB: ${name} at ${isoOf(this.#deps.clock.now())}`);
    await this.#deps.sink.take({
      kind: 'access-log',
      loadBalancerArn,
      bucket,
      key: testFileKey(this.#spec, prefix),
      body,
    });
  }

  async #mark(logsAt: number): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    const source = { id: this.#sourceId('log'), sequence: logsAt };
    await this.#deps.sink.take({ kind: 'metrics', loadBalancerArn, source, data: [] });
    this.#logsAt = logsAt;
  }

  /** Lines from a position on. In a file that was not read before, the positions are those that were taken of it. */
  async #read(position: () => number): Promise<{ lines: AccessLine[]; next: number }> {
    const { driver, sink } = this.#deps;
    let found = await driver.requests(this.#spec.loadBalancerArn, position());
    if (found.source !== this.#source) {
      this.#source = found.source;
      this.#metricsAt = await sink.taken(this.#sourceId('metrics'));
      this.#logsAt = await sink.taken(this.#sourceId('log'));
      found = await driver.requests(this.#spec.loadBalancerArn, position());
    }
    const lines = found.lines.map(parseAccessLine).filter((line) => line !== undefined);
    return { lines, next: found.next };
  }

  #sourceId(what: 'metrics' | 'log'): string {
    return `${this.#spec.loadBalancerArn} ${this.#source} ${what}`;
  }
}

function logPlaceOf({ attributes }: BalancerSpec): { readonly bucket: string; readonly prefix: string } {
  return { bucket: attributes['access_logs.s3.bucket'] ?? '', prefix: attributes['access_logs.s3.prefix'] ?? '' };
}

function isLogged({ attributes }: BalancerSpec): boolean {
  return attributes['access_logs.s3.enabled'] === 'true';
}
