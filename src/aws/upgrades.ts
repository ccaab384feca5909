import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { fromForeignPage } from './browser.ts';

/** Paths that are asked to become something else than HTTP: a WebSocket. */
export interface UpgradeRoute {
  /** `/v1/data-channel/`: what the path begins with. */
  readonly prefix: string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What `http.Server` calls for a request to upgrade, held to the same rule for browsers as every other request. */
export function createUpgrades(
  routes: readonly UpgradeRoute[],
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    const route = routes.find(({ prefix }) => request.url?.startsWith(prefix));
    if (fromForeignPage(request.headers)) refuseUpgrade(socket, '403 Forbidden');
    else if (route === undefined) refuseUpgrade(socket, '404 Not Found');
    else route.upgrade(request, socket, head);
  };
}

/** Answers a request to upgrade with a refusal. */
export function refuseUpgrade(socket: Duplex, status: string, body = ''): void {
  const type = body === '' ? '' : 'content-type: application/json\r\n';
  const length = Buffer.byteLength(body);
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n${type}content-length: ${length}\r\n\r\n${body}`);
}
