import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { AwsError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { MetricPoint, MetricSeries } from '../../base/metric.ts';
import { Thread } from '../thread.ts';
import type { MetricBatch, MetricsDb, SeriesQuery } from './metrics-db.ts';
import type { FileAnswer, FileCall } from '../file-calls.ts';

const hourMs = 3_600_000;
/** "ListMetrics" returns metrics that had data in the past two weeks. */
const listedMs = 14 * 24 * hourMs;

/**
 * The points of metrics, beside the rows: a SQLite file with a thread of its own. Points of a second stay for three
 * hours, of a minute for 15 days, of five minutes for 63, of an hour for 455, and are then gone, as with CloudWatch. Every call rejects with `ServiceUnavailable` while the file cannot be used.
 */
export class MetricStore {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #path: string;
  readonly #thread: Thread<FileCall<MetricsDb>, FileAnswer>;
  readonly #closing = new AbortController();

  /** `path` is the SQLite file; nothing is opened before the first use. */
  constructor(deps: { clock: Clock; log: Log; path: string }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#path = deps.path;
    this.#thread = new Thread({
      name: 'metrics-thread',
      base: import.meta.url,
      workerData: { path: deps.path },
      closing: { method: 'close', args: [] },
      clock: deps.clock,
    });
  }

  /** Begins to thin out what is old, hourly. */
  start(): void {
    void this.#sweep();
  }

  /** Stores points; resolves once they are on disk, with whether they were new. Those of the same series and minute are merged. */
  put(batch: Omit<MetricBatch, 'at'>): Promise<boolean> {
    return this.#call('put', { ...batch, at: this.#clock.now() });
  }

  /** How far a source was taken: its highest sequence, 0 when there was none. */
  taken(sourceId: string): Promise<number> {
    return this.#call('taken', sourceId);
  }

  /** The points of a series that begin within [from, until), by time; epoch milliseconds. */
  read(series: MetricSeries, from: number, until: number): Promise<MetricPoint[]> {
    return this.#call('read', series, from, until);
  }

  /** The series that had points in the past two weeks, or within `sinceMs` milliseconds, the oldest first. */
  list(query: SeriesQuery, sinceMs = listedMs): Promise<MetricSeries[]> {
    return this.#call('list', query, this.#clock.now() - sinceMs);
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    if (existsSync(this.#path)) await this.#call('clear');
  }

  /** Closes the file. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#thread.end();
  }

  async #sweep(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        // Nothing was ever stored: the file and its thread are not made for that.
        if (existsSync(this.#path)) {
          while (!this.#closing.signal.aborted && (await this.#call('thin', this.#clock.now())));
        }
      } catch (error) {
        this.#log.warn('old metric points could not be removed', { error: messageOf(error) });
      }
      await this.#clock.sleep(hourMs, this.#closing.signal).catch(() => {});
    }
  }

  async #call<Name extends keyof MetricsDb>(
    method: Name,
    ...args: Parameters<MetricsDb[Name]>
  ): Promise<ReturnType<MetricsDb[Name]>> {
    const answer = await this.#thread
      .ask({ method, args } as FileCall<MetricsDb>)
      .catch((error: unknown): FileAnswer => {
        return { error: messageOf(error), callersFault: false };
      });
    if ('value' in answer) return answer.value as ReturnType<MetricsDb[Name]>;
    const why = `Metrics cannot be stored or read at the moment (${answer.error}). Try again later.`;
    throw new AwsError('ServiceUnavailable', why, { status: 503 });
  }
}
