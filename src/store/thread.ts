import { Worker } from 'node:worker_threads';

/**
 * A thread that answers messages in the order in which they were sent, one answer each. It begins with the first message,
 * as it costs 18 MB and 20 ms, and keeps the process alive only while an answer is due.
 */
export class Thread<Message, Answer> {
  readonly #start: () => Worker;
  #worker: Worker | undefined;
  #waiting: PromiseWithResolvers<Answer>[] = [];

  /**
   * `name` is the module beside `base` (an `import.meta.url`) that the thread runs, without its ending: that is the one of
   * `base`, `.ts` as written, `.js` in a bundle, where the module lies beside it all the same.
   */
  constructor(name: string, base: string, workerData: unknown) {
    const ending = /\.[cm]?[jt]s(?=$|\?)/.exec(base)?.[0] ?? '.js';
    const url = new URL(`./${name}${ending}`, base);
    this.#start = () => {
      const worker = new Worker(url, { workerData });
      worker.unref();
      worker.on('message', (answer: Answer) => {
        const waiting = this.#waiting.shift();
        if (this.#waiting.length === 0) worker.unref();
        waiting?.resolve(answer);
      });
      worker.on('error', (error: Error) => this.#gone(error));
      worker.on('exit', () => this.#gone(new Error(`the thread ${name} ended`)));
      return worker;
    };
  }

  /** Sends a message and answers with its answer. Rejects when the thread ends before that; the next message starts it anew. */
  ask(message: Message): Promise<Answer> {
    const worker = (this.#worker ??= this.#start());
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.push(waiting);
    worker.ref();
    worker.postMessage(message);
    return waiting.promise;
  }

  /** Ends the thread; what is unanswered rejects. */
  async end(): Promise<void> {
    await this.#worker?.terminate();
  }

  #gone(error: Error): void {
    this.#worker = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
