import { existsSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { AwsError, messageOf } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { FilterPatternError } from '../../model/logs/filter-pattern.ts';
import { expiryOf, type LogGroup, type LogStream } from '../../model/logs/log-group.ts';
import type { Vault } from '../keys/vault.ts';
import type { Change, Store } from '../store.ts';
import { logGroupKey, logGroups, logStreamKey, logStreams, newLogGroup, newLogStream } from '../tables/logs.ts';
import { Thread } from '../thread.ts';
import type {
  Append,
  Appended,
  GroupPage,
  GroupQuery,
  NewEvent,
  StoredEvent,
  StreamQuery,
  StreamStats,
} from './events.ts';
import type { EventKey } from './event-cipher.ts';
import type { EventsDb } from './events-db.ts';
import { keyDenied, readingKeys, writingKey } from './group-keys.ts';
import type { FileAnswer, FileCall } from '../file-calls.ts';

const hourMs = 3_600_000;

/** For how long a source that is silent is remembered. */
const sourceMs = 30 * 24 * hourMs;

/** Output of a container, as a machine sends it. */
export interface ContainerOutput {
  readonly runtimeId: string;
  /** Rises with every message; one that is not above the highest taken before is a repetition and is dropped. */
  readonly sequence: number;
  readonly account: string;
  readonly region: string;
  readonly logGroup: string;
  readonly logStream: string;
  /** Whether to make the group when it is missing; the stream is made in any case. */
  readonly createGroup: boolean;
  readonly events: readonly NewEvent[];
}

/** What became of a container's output. */
export interface OutputTaken {
  /** The highest sequence ever taken of this container, 0 when there was none: up to there everything is on disk. */
  readonly sequence: number;
  /** Why nothing was stored, in the API's words: the group is missing, or its key cannot be used. */
  readonly error?: string;
}

/** What is stored, told to followers once it is on disk. */
export interface Followed {
  readonly stream: LogStream;
  readonly events: readonly NewEvent[];
}

/**
 * Log events beside the rows of groups and streams: a SQLite file with a thread of its own and group commit. An append
 * resolves once it is on disk. The events of groups and streams that go, or that expire, are removed in the background.
 */
export class LogStore {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #log: Log;
  readonly #vault: Vault;
  readonly #followers = new Set<{ group: number; notify: (batch: Followed) => void }>();
  readonly #path: string;
  readonly #thread: Thread<FileCall<EventsDb>, FileAnswer>;
  #pending: { append: Append; settle: PromiseWithResolvers<Appended> }[] = [];
  /** Runs while something is pending. */
  #run: Promise<void> | undefined;
  #unwatch = (): void => {};
  /** Removals, one after another. */
  #removals: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  /** `path` is the SQLite file; nothing is opened before the first use. */
  constructor(deps: { store: Store; clock: Clock; ids: Ids; log: Log; vault: Vault; path: string }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.#log = deps.log;
    this.#vault = deps.vault;
    this.#path = deps.path;
    this.#thread = new Thread({
      name: 'events-thread',
      base: import.meta.url,
      workerData: { path: deps.path },
      closing: { method: 'close', args: [] },
      clock: deps.clock,
    });
  }

  /** Begins to remove what is no longer wanted: events of rows that are gone, and events that expire, hourly. */
  start(): void {
    this.#unwatch = this.#store.watch([logGroups, logStreams], ({ changes }) => {
      for (const change of changes) this.#follow(change);
    });
    void this.#sweep();
  }

  /**
   * Stores events of a stream; resolves once they are on disk, rejects with `ServiceUnavailableException`, or
   * `AccessDeniedException` when the group's key cannot be used.
   */
  async append(group: LogGroup, stream: LogStream, events: readonly NewEvent[]): Promise<void> {
    const key = writingKey(this.#keyDeps, group);
    await this.#append({ group: group.eventsId, stream: stream.eventsId, at: this.#clock.now(), events, key });
    this.#tell(group, { stream, events });
  }

  /**
   * Stores a container's output, once however often it is sent, and makes the stream (and the group, where asked to) when
   * missing. Resolves once all of it is on disk.
   */
  async take(output: ContainerOutput): Promise<OutputTaken> {
    const { runtimeId, sequence, events } = output;
    const made = this.#place(output);
    if (made === undefined) {
      const error = 'ResourceNotFoundException: The specified log group does not exist.';
      return { sequence: await this.#call('taken', runtimeId), error };
    }
    // The rows first: events of rows that a crash has lost would be removed, though their sequence counts as taken.
    await this.#store.flushed();
    if (events.length === 0) return { sequence: await this.#call('taken', runtimeId) };
    const { group, stream } = made;
    let key: EventKey | undefined;
    try {
      key = writingKey(this.#keyDeps, group);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { sequence: await this.#call('taken', runtimeId), error: `${error.code}: ${error.message}` };
    }
    const source = { runtimeId, sequence };
    const append = { group: group.eventsId, stream: stream.eventsId, at: this.#clock.now(), events, key, source };
    const appended = await this.#append(append);
    if (appended.stored) this.#tell(group, { stream, events });
    return { sequence: appended.sequence };
  }

  /** Events of a stream of the group's; rejects with `AccessDeniedException` when they need a key that cannot be used. */
  async read(group: LogGroup, query: StreamQuery): Promise<StoredEvent[]> {
    const found = await this.#call('read', { ...query, keys: readingKeys(this.#keyDeps, group) });
    if (found === 'sealed') throw keyDenied(group);
    return found;
  }

  /** A page of events of a group; rejects as `read` does, and with `InvalidParameterException` for a bad filter pattern. */
  async search(group: LogGroup, query: Omit<GroupQuery, 'group'>): Promise<GroupPage> {
    const keys = readingKeys(this.#keyDeps, group);
    const found = await this.#call('search', { ...query, group: group.eventsId, keys });
    if (found === 'sealed') throw keyDenied(group);
    return found;
  }

  /** What is known of the streams of some groups that have, or had, events. */
  stats(groups: readonly LogGroup[]): Promise<StreamStats[]> {
    return this.#call(
      'stats',
      groups.map((group) => group.eventsId),
    );
  }

  /** Calls `notify` with all that is stored in a group from now on, once it is on disk, until the answer is called. */
  follow(group: LogGroup, notify: (batch: Followed) => void): () => void {
    const follower = { group: group.eventsId, notify };
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** Resolves once everything that was to be removed so far is. */
  settled(): Promise<void> {
    return this.#removals;
  }

  /** Writes what is pending and closes the file. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#unwatch();
    await this.#removals;
    await this.#run;
    await this.#thread.end();
  }

  get #keyDeps(): { store: Store; vault: Vault } {
    return { store: this.#store, vault: this.#vault };
  }

  /** The group and the stream of some output, made when missing; `undefined` when there is no group and none is to be made. */
  #place(output: ContainerOutput): { group: LogGroup; stream: LogStream } | undefined {
    const { logGroup, logStream, createGroup } = output;
    const found = {
      group: this.#store.get(logGroups, logGroupKey(output, logGroup)),
      stream: this.#store.get(logStreams, logStreamKey(output, logGroup, logStream)),
    };
    if (found.group === undefined && !createGroup) return undefined;
    if (found.group !== undefined && found.stream !== undefined) return { group: found.group, stream: found.stream };
    return this.#store.transact((tx) => {
      const now = this.#clock.now();
      const group = found.group ?? newLogGroup(output, logGroup, now, this.#ids);
      const stream = newLogStream(group, logStream, now, this.#ids);
      if (found.group === undefined) tx.put(logGroups, group);
      tx.put(logStreams, stream);
      return { group, stream };
    });
  }

  #append(append: Append): Promise<Appended> {
    const settle = Promise.withResolvers<Appended>();
    this.#pending.push({ append, settle });
    this.#run ??= this.#write();
    return settle.promise;
  }

  /** Group commit: while one batch is on its way to the disk, appends collect for the next. */
  async #write(): Promise<void> {
    // Not at once: what else this turn appends goes along.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        const done = await this.#call(
          'append',
          batch.map(({ append }) => append),
        );
        for (const [at, { settle }] of batch.entries()) settle.resolve(done[at] ?? { stored: false, sequence: 0 });
      } catch (error) {
        for (const { settle } of batch) settle.reject(error);
      }
    }
    this.#run = undefined;
  }

  #tell(group: LogGroup, batch: Followed): void {
    for (const follower of this.#followers) {
      if (follower.group !== group.eventsId) continue;
      try {
        follower.notify(batch);
      } catch (error) {
        this.#log.error('a follower of a log group threw', { group: group.arn, error: messageOf(error) });
      }
    }
  }

  #follow({ table, before, after }: Change): void {
    if (table === logStreams.name && before !== undefined && after === undefined) {
      this.#later(() => this.#remove((before as LogStream).eventsId));
    }
    const group = after as LogGroup | undefined;
    if (table === logGroups.name && group?.retentionInDays !== (before as LogGroup | undefined)?.retentionInDays) {
      if (group !== undefined) this.#later(() => this.#expire(group));
    }
  }

  /** Removes the events of streams that have no row: it went while this was not running, or while events were on their way. */
  async #reconcile(): Promise<void> {
    const streams = await this.#call('known');
    // Asked in this order: whatever was stored before had its row by now.
    const wanted = new Set(this.#store.list(logStreams).map((stream) => stream.eventsId));
    for (const stream of streams) if (!wanted.has(stream)) await this.#remove(stream);
  }

  async #sweep(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#later(async () => {
        // Nothing was ever stored: the file and its thread are not made for that.
        if (!existsSync(this.#path)) return;
        await this.#reconcile();
        for (const group of this.#store.list(logGroups)) await this.#expire(group);
        await this.#call('forgetSources', this.#clock.now() - sourceMs);
      });
      await this.#clock.sleep(hourMs, this.#closing.signal).catch(() => {});
    }
  }

  async #remove(stream: number): Promise<void> {
    while (!this.#closing.signal.aborted && (await this.#call('removeStream', stream)));
  }

  async #expire(group: LogGroup): Promise<void> {
    const before = expiryOf(group, this.#clock.now());
    if (before <= 0) return;
    while (!this.#closing.signal.aborted && (await this.#call('expire', group.eventsId, before)));
  }

  #later(work: () => Promise<void>): void {
    this.#removals = this.#removals.then(work).catch((error: unknown) => {
      // What stays is removed by the next sweep, or at the next start.
      this.#log.warn('log events could not be removed', { error: messageOf(error) });
    });
  }

  async #call<Name extends keyof EventsDb>(
    method: Name,
    ...args: Parameters<EventsDb[Name]>
  ): Promise<ReturnType<EventsDb[Name]>> {
    const answer = await this.#thread
      .ask({ method, args } as FileCall<EventsDb>)
      .catch((error: unknown): FileAnswer => {
        return { error: messageOf(error), callersFault: false };
      });
    if ('value' in answer) return answer.value as ReturnType<EventsDb[Name]>;
    if (answer.callersFault) throw new FilterPatternError(answer.error);
    throw new AwsError(
      'ServiceUnavailableException',
      `Log events cannot be stored or read at the moment (${answer.error}). Try again later.`,
      { status: 503 },
    );
  }
}
