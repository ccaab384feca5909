/** Cancels a timer; calling it after the timer fired, or twice, does nothing. */
export type Cancel = () => void;

/**
 * The only source of time in the project: loops, agents and services take one, so that a test can run a day in
 * milliseconds. All times are epoch milliseconds, all durations milliseconds.
 */
export interface Clock {
  /** Now, in epoch milliseconds. */
  now(): number;
  /** Calls `run` once after `delayMs`. A real timer does not keep the process alive. */
  after(delayMs: number, run: () => void): Cancel;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal?.aborted === true) {
    reject(signal.reason as Error);
    return promise;
  }
  const onAbort = (): void => {
    cancel();
    reject(signal?.reason as Error);
  };
  const cancel = clock.after(delayMs, () => {
    signal?.removeEventListener('abort', onAbort);
    resolve();
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** A clock that moves only when told to. Timers due at the same moment fire in the order they were set. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Map<number, { at: number; run: () => void }>();

  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): Cancel {
    const id = this.#order++;
    this.#timers.set(id, { at: this.#now + Math.max(0, delayMs), run });
    return () => void this.#timers.delete(id);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Moves time forward by `byMs`, firing every timer due on the way and letting promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    for (;;) {
      await settle();
      const due = [...this.#timers]
        .filter(([, t]) => t.at <= until)
        .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = until;
    await settle();
  }
}

/** Lets the microtasks and immediates that are already queued run. */
function settle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(() => resolve());
  return promise;
}

/** The `Date` of an epoch-millisecond time, as the SDK's output types want it. */
export function dateOf(atMs: number): Date {
  return new Date(atMs);
}

/** The ISO 8601 form, UTC with milliseconds. */
export function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** The epoch milliseconds of an ISO 8601 time (UTC where it names no zone) or an HTTP date; `undefined` for other text. */
export function timeOf(text: string): number | undefined {
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text);
  if (iso === null && !/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const at = Date.parse(iso !== null && iso[1] !== undefined && iso[4] === undefined ? `${text}Z` : text);
  return Number.isNaN(at) ? undefined : at;
}

/** Keeps the process alive until the returned function is called: the system clock's timers alone do not. */
export function holdProcess(): Cancel {
  const timer = setInterval(() => {}, 2 ** 30);
  return () => clearInterval(timer);
}

/** The form that HTTP headers have (RFC 9110, section 5.6.7). */
export function httpDateOf(atMs: number): string {
  return new Date(atMs).toUTCString();
}
