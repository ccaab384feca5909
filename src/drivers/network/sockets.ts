import { spawn } from 'node:child_process';
import type { Socket } from 'node:dgram';
import type { Server, Socket as Connection } from 'node:net';
import { join } from 'node:path';
import { DriverError } from '../../base/errors.ts';
import type { Netns } from './netns.ts';

/** A program of a few lines, not TypeScript: it starts faster. */
const handOver = join(import.meta.dirname, 'hand-over.mjs');

/** Listens on an address of a namespace, in this process: it accepts there without a process of its own in there. */
export async function listenIn(netns: Netns, address: string, port: number): Promise<Server> {
  return (await opened(netns, 'tcp', address, port)) as Server;
}

/** Binds a datagram socket on an address of a namespace. */
export async function bindIn(netns: Netns, address: string, port: number): Promise<Socket> {
  return (await opened(netns, 'udp', address, port)) as Socket;
}

/** Connects from a namespace to an address, or to a name that `nameServer` knows there; paused, for the caller to resume. */
export async function connectIn(netns: Netns, host: string, port: number, nameServer?: string): Promise<Connection> {
  return (await opened(netns, 'connect', host, port, nameServer)) as Connection;
}

function opened(
  netns: Netns,
  protocol: 'tcp' | 'udp' | 'connect',
  address: string,
  port: number,
  ...more: (string | undefined)[]
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const given = more.filter((argument) => argument !== undefined);
  const [program, args] = netns.command(process.execPath, [handOver, protocol, address, String(port), ...given]);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const where = `${protocol} ${address}:${port}`;
  child.on('message', (message, socket) => {
    if (message === 'open') resolve(socket);
    else reject(new DriverError('retryable', `${where}: ${(message as { failed: string }).failed}`));
  });
  child.on('error', (error) => reject(new DriverError('retryable', `${where}: ${error.message}`, { cause: error })));
  child.on('close', (status) => {
    reject(new DriverError('retryable', `${where} could not be opened (status ${status ?? 'none'}): ${stderr.trim()}`));
  });
  return promise;
}
