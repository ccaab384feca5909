import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';

/** The control plane's socket in its home, for programs of the machine that are in another network than it, as on its EC2 instances. */
export function controlSocket(home: string): string {
  return join(home, 'control.sock');
}

/** The longest path that a socket can have (unix(7)). */
const longestPath = 107;

/** Takes connections at the socket, which only root can open; `undefined` where the home's path is too long for one. */
export function listenAtSocket(home: string, log: Log, take: (connection: Socket) => void): Server | undefined {
  const path = controlSocket(home);
  if (Buffer.byteLength(path) > longestPath) {
    log.warn('agents on instances have no socket here: the path of the home is too long', { path });
    return undefined;
  }
  // That of a process that was killed.
  rmSync(path, { force: true });
  const server = createServer(take);
  server.listen(path, () => chmodSync(path, 0o600));
  return server;
}
