import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';

/** Asks other resolvers; both take and answer whole DNS messages. */
export interface Upstream {
  udp(query: Uint8Array): Promise<Uint8Array>;
  tcp(query: Uint8Array): Promise<Uint8Array>;
}

const timeoutMs = 2_000;

/** The resolvers of this machine (`resolv.conf(5)`), one after the other until one answers. */
export function hostUpstream(clock: Clock, path = '/etc/resolv.conf'): Upstream {
  const first = async (ask: (server: string) => Promise<Uint8Array>): Promise<Uint8Array> => {
    let failure: unknown = new Error(`${path} names no resolver`);
    for (const server of servers(await readFile(path, 'utf8'))) {
      try {
        return await ask(server);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };
  return {
    udp: (query) => first((server) => askUdp(clock, server, query)),
    tcp: (query) => first((server) => askTcp(clock, server, query)),
  };
}

/** The `nameserver` lines. */
export function servers(text: string): string[] {
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map((match) => match[1] ?? '');
}

async function askUdp(clock: Clock, server: string, query: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4');
  const cancel = clock.after(timeoutMs, () => reject(new Error(`${server} does not answer`)));
  socket.on('error', reject);
  // Connected, so that only its answers arrive; the id must match as well.
  socket.connect(53, server, () => socket.send(query));
  socket.on('message', (answer) => {
    if (answer[0] === query[0] && answer[1] === query[1]) resolve(answer);
  });
  try {
    return await promise;
  } finally {
    cancel();
    socket.close();
  }
}

async function askTcp(clock: Clock, server: string, query: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = connect(53, server);
  const cancel = clock.after(timeoutMs, () => reject(new Error(`${server} does not answer`)));
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`${server} hung up`)));
  const read = tcpMessages(resolve);
  socket.on('data', read);
  socket.write(tcpFrame(query));
  try {
    return await promise;
  } finally {
    cancel();
    socket.destroy();
  }
}

/** A message as TCP carries it: its length in two bytes before it (RFC 1035, 4.2.2). */
export function tcpFrame(message: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(2 + message.length);
  frame.writeUInt16BE(message.length, 0);
  frame.set(message, 2);
  return frame;
}

/** Cuts what arrives over TCP into messages. */
export function tcpMessages(receive: (message: Uint8Array) => void): (chunk: Uint8Array) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      receive(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
  };
}
