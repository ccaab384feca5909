import { fork, type ChildProcess } from 'node:child_process';
import type { Order, Report } from './orders.ts';

type Payload = Extract<Report, { kind: 'payload' }>;

/** Many simulated agents in a few processes. */
export class Crowd {
  readonly #workers: readonly ChildProcess[];
  #onPayload: (payload: Payload) => void = () => {};
  #onFrame: (atMs: number) => void = () => {};

  constructor(processes: number) {
    this.#workers = Array.from({ length: processes }, () => fork(new URL('worker.ts', import.meta.url)));
    for (const worker of this.#workers) {
      worker.on('message', (report: Report) => {
        if (report.kind === 'payload') this.#onPayload(report);
        if (report.kind === 'frame') this.#onFrame(report.atMs);
      });
    }
  }

  /** Gives each process its share of an order, and resolves with what they answer once all have. */
  order(order: Order): Promise<readonly Report[]> {
    return Promise.all(
      this.#workers.map((worker) => {
        const { promise, resolve, reject } = Promise.withResolvers<Report>();
        const take = (report: Report): void => {
          if (report.kind !== order.kind) return;
          worker.off('message', take);
          worker.off('exit', gone);
          resolve(report);
        };
        const gone = (): void => reject(new Error('a process of simulated agents ended'));
        worker.on('message', take);
        worker.once('exit', gone);
        worker.send('count' in order ? { ...order, count: order.count / this.#workers.length } : order);
        return promise;
      }),
    );
  }

  /** Resolves with the payloads once `count` tasks came with that wish. */
  payloads(count: number, desiredStatus: string): Promise<readonly Payload[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Payload[]>();
    const came: Payload[] = [];
    let tasks = 0;
    this.#onPayload = (payload) => {
      const wanted = payload.tasks.filter((task) => task.desiredStatus === desiredStatus).length;
      if (wanted === 0) return;
      came.push(payload);
      tasks += wanted;
      if (tasks >= count) resolve(came);
    };
    return promise;
  }

  /** Resolves with the time of the last of `count` frames of the floor. */
  frames(count: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    let came = 0;
    let last = 0;
    this.#onFrame = (atMs) => {
      came += 1;
      last = Math.max(last, atMs);
      if (came === count) resolve(last);
    };
    return promise;
  }

  end(): void {
    for (const worker of this.#workers) worker.kill();
  }
}
