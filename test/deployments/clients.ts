import { Agent, get } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startLoad } from '../support/load.ts';

/** What one kind of client met. */
export interface Met {
  readonly done: number;
  /** Why each of those that failed did. */
  readonly failures: readonly string[];
}

/** A client that goes on until it is told to stop. */
interface Client {
  stop(): Promise<Met>;
}

/** Sends one request after another over `connections` connections that it keeps open. */
function keepAliveClient(url: string, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const ask = (): Promise<void> =>
    new Promise((done, fail) => {
      const request = get(url, { agent }, (response) => {
        response.on('error', fail);
        response.on('end', () =>
          response.statusCode === 200 ? done() : fail(new Error(`status ${response.statusCode}`)),
        );
        response.resume();
      });
      request.on('error', fail);
      request.setTimeout(30_000, () => request.destroy(new Error('no answer within 30 s')));
    });
  return repeated(connections, ask, () => agent.destroy());
}

/** Opens WebSockets one after another, says ten words in each and closes it; every word must come back. */
function webSocketClient(url: string): Client {
  const converse = (): Promise<void> =>
    new Promise((done, fail) => {
      const socket = new WebSocket(url.replace(/^http/, 'ws'));
      let heard = 0;
      socket.on('open', () => socket.send('word 0'));
      socket.on('message', (data: Buffer) => {
        if (data.toString() !== `word ${heard}`) return fail(new Error(`heard ${data.toString()}`));
        heard += 1;
        if (heard === 10) return socket.close(1000);
        return void setTimeout(() => socket.send(`word ${heard}`), 50);
      });
      socket.on('close', (code) => {
        if (heard === 10) done();
        else fail(new Error(`closed (${code}) after ${heard} words`));
      });
      socket.on('error', fail);
    });
  return repeated(2, converse, () => {});
}

function repeated(abreast: number, once: () => Promise<void>, end: () => void): Client {
  const stopped = new AbortController();
  let done = 0;
  const failures: string[] = [];
  const goOn = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await once();
        done += 1;
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: abreast }, goOn));
  const stop = async (): Promise<Met> => {
    stopped.abort();
    await all;
    end();
    return { done, failures };
  };
  onTestFinished(() => stopped.abort());
  return { stop };
}

/** What all clients met together. */
export interface Toll {
  readonly requests: number;
  readonly kept: Met;
  readonly webSockets: Met;
  readonly failures: readonly string[];
}

/** `wrk`, a client that keeps its connections, and one of WebSockets, until they are stopped or the test is over. */
export function allClients(url: string): { stop(): Promise<Toll> } {
  const wrk = startLoad(url, 2);
  const kept = keepAliveClient(url, 2);
  const webSockets = webSocketClient(url);
  return {
    async stop() {
      const [byWrk, byKept, bySockets] = await Promise.all([wrk.stop(), kept.stop(), webSockets.stop()]);
      const printed = byWrk.failed > 0 ? [byWrk.printed] : [];
      return {
        requests: byWrk.requests + byKept.done,
        kept: byKept,
        webSockets: bySockets,
        failures: [...printed, ...byKept.failures, ...bySockets.failures],
      };
    },
  };
}
