import { Worker } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';

/** Milliseconds without a message after which a thread ends: it costs 6 MB to keep, and 20 ms to begin again. */
const restAfterMs = 5_000;

/** What a thread is and how it ends. */
export interface ThreadOptions<Message> {
  /** The module that it runs, beside `base`, without its ending: that is the one of `base`, `.ts` as written, `.js` in a bundle. */
  readonly name: string;
  /** The `import.meta.url` of a module beside it. */
  readonly base: string;
  readonly workerData: unknown;
  /** The last message it gets, so that it closes what it opened. */
  readonly closing: Message;
  readonly clock: Clock;
}

/**
 * A thread that answers messages in the order in which they were sent, one answer each. It begins with the first message, ends
 * when none came for a while, and keeps the process alive only while an answer is due.
 */
export class Thread<Message, Answer> {
  readonly #options: ThreadOptions<Message>;
  readonly #url: URL;
  #worker: Worker | undefined;
  #waiting: PromiseWithResolvers<Answer>[] = [];
  #lastAt = 0;
  #watched = false;

  constructor(options: ThreadOptions<Message>) {
    this.#options = options;
    const { name, base } = options;
    const ending = /\.[cm]?[jt]s(?=$|\?)/.exec(base)?.[0] ?? '.js';
    this.#url = new URL(`./${name}${ending}`, base);
  }

  /** Whether it runs at present. */
  get runs(): boolean {
    return this.#worker !== undefined;
  }

  /** Sends a message and answers with its answer. Rejects when the thread ends before that; the next message starts it anew. */
  ask(message: Message): Promise<Answer> {
    const worker = (this.#worker ??= this.#start());
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    this.#lastAt = this.#options.clock.now();
    if (!this.#watched) this.#watch(restAfterMs);
    worker.ref();
    worker.postMessage(message);
    return waiting.promise;
  }

  /** Ends the thread, after all that was asked; the next message starts it anew. Answers once it has closed what it opened. */
  async end(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    try {
      await this.ask(this.#options.closing);
    } catch {
      // It ended by itself.
    }
    // What was asked in the meantime has begun to use what was closed, and it goes on.
    if (this.#worker !== worker || this.#waiting.length > 0) return;
    this.#worker = undefined;
    await worker.terminate();
  }

  /** One timer at most, however much is asked. */
  #watch(forMs: number): void {
    const { clock } = this.#options;
    this.#watched = true;
    clock.after(forMs, () => {
      this.#watched = false;
      if (this.#worker === undefined) return;
      const left = this.#lastAt + restAfterMs - clock.now();
      if (this.#waiting.length > 0) this.#watch(restAfterMs);
      else if (left > 0) this.#watch(left);
      else void this.end();
    });
  }

  #start(): Worker {
    const { name, workerData } = this.#options;
    const worker = new Worker(this.#url, { workerData });
    const gone = (error: Error): void => {
      // One that was ended owes nobody an answer, and another may run already.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { reject } of waiting) reject(error);
    };
    worker.unref();
    worker.on('message', (answer: Answer) => {
      const waiting = this.#waiting.shift();
      if (this.#waiting.length === 0) worker.unref();
      waiting?.resolve(answer);
    });
    worker.on('error', gone);
    worker.on('exit', () => gone(new Error(`the thread ${name} ended`)));
    return worker;
  }
}
