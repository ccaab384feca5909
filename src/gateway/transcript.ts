import type { Cancel, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Session } from '../model/ssm/session.ts';
import type { LogStore } from '../store/logs/log-store.ts';

/** The pause in which lines collect before they are stored. */
const pauseMs = 250;
/** "Event size", CloudWatch Logs quotas: longer lines are cut. */
const longestLine = 200_000;
const maxEvents = 1_000;
/** How often, and how far apart, what could not be stored is tried again. */
const attempts = 30;
const retryMs = 1_000;

/**
 * What a session's terminal printed, as log events, a line each, in a stream named after the session ("Logging with ECS
 * Exec", ECS Developer Guide). Lines are stored as they come, so that a session that is cut short is logged up to there.
 */
export class Transcript {
  readonly #deps: { readonly logs: Pick<LogStore, 'take'>; readonly clock: Clock; readonly log: Log };
  readonly #session: Session;
  readonly #decoder = new TextDecoder('utf-8');
  #rest = '';
  #events: { readonly timestamp: number; readonly message: string }[] = [];
  #sequence = 0;
  #cancel: Cancel | undefined;
  #storing: Promise<void> = Promise.resolve();

  constructor(
    deps: { readonly logs: Pick<LogStore, 'take'>; readonly clock: Clock; readonly log: Log },
    session: Session,
  ) {
    this.#deps = deps;
    this.#session = session;
  }

  /** Adds what was printed. */
  record(output: Uint8Array): void {
    if (this.#session.logging.cloudWatch === undefined) return;
    const lines = (this.#rest + this.#decoder.decode(output, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > longestLine) lines.push(this.#rest);
    if (this.#rest.length > longestLine) this.#rest = '';
    for (const line of lines) this.#add(line);
    if (this.#events.length >= maxEvents) this.#store();
    else this.#cancel ??= this.#deps.clock.after(pauseMs, () => this.#store());
  }

  /** Stores what is left; resolves once all of it is on disk. */
  close(): Promise<void> {
    if (this.#rest !== '') this.#add(this.#rest);
    this.#rest = '';
    this.#store();
    return this.#storing;
  }

  #add(line: string): void {
    const message = line.replace(/\r+$/, '').slice(0, longestLine);
    // A log event is never empty.
    if (message !== '') this.#events.push({ timestamp: this.#deps.clock.now(), message });
  }

  #store(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#storing = this.#storing.then(() => this.#append(events));
  }

  async #append(events: readonly { readonly timestamp: number; readonly message: string }[]): Promise<void> {
    const { account, id, logging } = this.#session;
    const { logs, clock, log } = this.#deps;
    const { region, logGroup } = logging.cloudWatch ?? { region: '', logGroup: '' };
    const sequence = ++this.#sequence;
    const where = { account, region, logGroup, logStream: id, createGroup: false };
    for (let attempt = 1; ; attempt++) {
      try {
        const { error } = await logs.take({ runtimeId: id, sequence, ...where, events });
        // The SSM agent, too, lets the session go on.
        if (error !== undefined) log.warn('a session is not logged', { session: id, logGroup, error });
        return;
      } catch (error) {
        log.warn('a session could not be logged', { session: id, logGroup, attempt, error: messageOf(error) });
        if (attempt === attempts) return;
        await clock.sleep(retryMs);
      }
    }
  }
}
