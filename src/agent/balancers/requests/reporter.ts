import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isoOf, type Cancel, type Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import { parseAccessLine } from '../../../drivers/balancer/access-line.ts';
import type { BalancerDriver } from '../../../drivers/balancer/driver.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import type { RequestReport } from '../../../wire/request-report.ts';
import { Answers, judged, mitigatedPercent } from './anomalies.ts';
import { classicHostMetrics, classicMetrics } from './classic.ts';
import { flowMetrics } from './flow-metrics.ts';
import { LineReader } from './line-reader.ts';
import { logKey, testFileKey } from './log-keys.ts';
import { logKinds, logPlaceOf, type LogKind } from './log-kinds.ts';
import { connectionMetrics, hostMetrics, requestMetrics } from './metrics.ts';

const minuteMs = 60_000;
/** "Elastic Load Balancing publishes a log file for each load balancer node every 5 minutes", of a Classic one every hour if that is asked for. */
function logEveryMs({ attributes }: BalancerSpec): number {
  return Number(attributes['access_logs.s3.emit_interval'] ?? 5) * minuteMs;
}

/** Who reads what is noted. */
type Reader = 'metrics' | LogKind['name'];

/** Who is told of requests. */
export interface RequestSink {
  /** How far a source was taken: the highest sequence that is on disk, 0 when nothing is. */
  taken(sourceId: string): Promise<number>;
  /** Resolves once the report is on disk; rejects when it should be sent again. */
  take(report: RequestReport): Promise<void>;
}

/** What a reporter is made from. */
export interface ReporterDeps {
  readonly driver: Pick<BalancerDriver, 'requests' | 'freeRequests' | 'connections' | 'flows' | 'weigh' | 'end'>;
  readonly sink: RequestSink;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells of the requests or flows of one load balancer: metrics every minute, access logs every five. The lines wait in the driver's file
 * until what was made of them is on disk, and what was taken is known there, so that nothing is lost or counted twice when this process dies.
 */
export class RequestReporter {
  readonly #deps: ReporterDeps;
  #spec: BalancerSpec;
  readonly #lines: LineReader<Reader>;
  #answers = new Answers();
  /** What was told of anomalies last, as text; unknown in the beginning. */
  #anomalies = '';
  #cancel: Cancel = () => {};
  /** Passes, one after another. */
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: ReporterDeps, spec: BalancerSpec) {
    this.#deps = deps;
    this.#spec = spec;
    this.#lines = new LineReader(deps, spec.loadBalancerArn, ['metrics', 'log', 'connection-log']);
    this.#later();
  }

  /** Says what the load balancer is from now on; what a log lacks before it is switched on is not written later. */
  update(spec: BalancerSpec): void {
    const before = this.#spec;
    this.#spec = spec;
    for (const kind of logKinds[spec.type]) {
      if (logPlaceOf(before, kind) === undefined && logPlaceOf(spec, kind) !== undefined) {
        void this.#inTurn(() => this.#begin(kind));
      }
    }
  }

  /** Tells how the load balancer stands, ends it, and tells all there is before it goes. */
  async finish(): Promise<void> {
    this.stop();
    const { clock, driver } = this.#deps;
    await this.#inTurn(async () => {
      if (this.#spec.type === 'network') await this.#tellFlows(clock.now());
      await this.#tellGauges(clock.now());
    });
    await this.#inTurn(() => driver.end(this.#spec.loadBalancerArn));
    await this.#inTurn(async () => {
      if (this.#spec.type !== 'network') await this.#tellMetrics();
      await this.#tellLogs(clock.now());
    });
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
      void this.#inTurn(() => this.#pass(at, at % logEveryMs(this.#spec) === 0)).then(() => {
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
    if (this.#spec.type === 'network') await this.#tellFlows(at);
    else {
      await this.#tellMetrics();
      await this.#tellAnomalies();
    }
    if (logs) await this.#tellLogs(at);
    await this.#tellGauges(at);
    await this.#free();
  }

  /** Gives back what every reader has. */
  async #free(): Promise<void> {
    const readers = this.#logsOn().map(({ name }): Reader => name);
    if (this.#spec.type !== 'network') readers.push('metrics');
    if (readers.length === 0) return;
    const done = Math.min(...readers.map((name) => this.#lines.at(name)));
    await this.#deps.driver.freeRequests(this.#spec.loadBalancerArn, done);
  }

  #logsOn(): LogKind[] {
    return logKinds[this.#spec.type].filter((kind) => logPlaceOf(this.#spec, kind) !== undefined);
  }

  async #tellMetrics(): Promise<void> {
    for (;;) {
      const { lines, next } = await this.#lines.read('metrics');
      if (next === this.#lines.at('metrics')) return;
      const { loadBalancerArn } = this.#spec;
      const source = { id: this.#lines.sourceId('metrics'), sequence: next };
      const requests = lines.map(parseAccessLine).filter((line) => line !== undefined);
      const data = (this.#spec.type === 'classic' ? classicMetrics : requestMetrics)(this.#spec, requests);
      this.#answers.count(requests);
      await this.#deps.sink.take({ kind: 'metrics', loadBalancerArn, source, data });
      this.#lines.move('metrics', next);
    }
  }

  /** What is told of flows is what was made since the time before, whichever process that was. */
  async #tellFlows(now: number): Promise<void> {
    const { driver, sink } = this.#deps;
    const { loadBalancerArn } = this.#spec;
    const id = `${loadBalancerArn} flows`;
    const report = await driver.flows(loadBalancerArn, await sink.taken(id));
    if (report === undefined) return;
    const data = flowMetrics(this.#spec, report, now - 1);
    await sink.take({ kind: 'metrics', loadBalancerArn, source: { id, sequence: report.sequence }, data });
  }

  async #tellLogs(endAt: number): Promise<void> {
    for (const kind of this.#logsOn()) await this.#tellLog(kind, endAt);
  }

  async #tellLog(kind: LogKind, endAt: number): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    const { bucket, prefix } = logPlaceOf(this.#spec, kind) ?? { bucket: '', prefix: '' };
    for (;;) {
      const { lines, next } = await this.#lines.read(kind.name);
      if (next === this.#lines.at(kind.name)) return;
      const entries = lines.flatMap((line) => kind.entry(this.#spec, line) ?? []);
      if (entries.length > 0) {
        const random = `${this.#lines.sourceId(kind.name)} ${this.#lines.at(kind.name)}`;
        const key = logKey(this.#spec, { prefix, begin: kind.begin, endAt, random });
        const text = entries.map((entry) => `${entry}\n`).join('');
        const body = kind.isPlain === true ? Buffer.from(text) : await promisify(gzip)(text);
        await this.#deps.sink.take({ kind: 'access-log', loadBalancerArn, bucket, key, body });
      }
      await this.#mark(kind, next);
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
    const data =
      this.#spec.type === 'classic'
        ? classicHostMetrics(this.#spec, now - 1)
        : [...hostMetrics(this.#spec, now - 1), ...connectionMetrics(this.#spec, connections, now - 1)];
    const source = { id: `${loadBalancerArn} gauges`, sequence: now };
    await this.#deps.sink.take({ kind: 'metrics', loadBalancerArn, source, data });
  }

  /** Logs begin with what comes now; the file with which ELB tries the bucket tells that they do. */
  async #begin(kind: LogKind): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    const place = logPlaceOf(this.#spec, kind);
    if (place === undefined) return;
    if (this.#spec.type !== 'network') {
      // What stands before was given back to the disk.
      await this.#tellMetrics();
      this.#lines.move(kind.name, this.#lines.at('metrics'));
    }
    for (;;) {
      const { next } = await this.#lines.read(kind.name);
      if (next === this.#lines.at(kind.name)) break;
      this.#lines.move(kind.name, next);
    }
    await this.#mark(kind, this.#lines.at(kind.name));
    const name = loadBalancerArn.slice(loadBalancerArn.indexOf('/') + 1);
    await this.#deps.sink.take({
      kind: 'access-log',
      loadBalancerArn,
      bucket: place.bucket,
      key: testFileKey(this.#spec, place.prefix, kind.testFile),
      body: Buffer.from(`${kind.testText}: ${name} at ${isoOf(this.#deps.clock.now())}`),
    });
  }

  async #mark({ name }: LogKind, at: number): Promise<void> {
    const { loadBalancerArn } = this.#spec;
    const source = { id: this.#lines.sourceId(name), sequence: at };
    await this.#deps.sink.take({ kind: 'metrics', loadBalancerArn, source, data: [] });
    this.#lines.move(name, at);
  }
}
