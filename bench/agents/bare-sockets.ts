import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { acknowledgment } from './orders.ts';

/**
 * The floor of a control plane's websockets: takes every connection, answers each frame of telemetry with the bytes of an
 * acknowledgment, and sends what is posted to it to one of the others (`/one`), or to all (`/all`).
 */
const controls: WebSocket[] = [];
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
let next = 0;

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    if (request.url === '/all') for (const socket of controls) socket.send(body);
    else controls[next++ % controls.length]?.send(body);
    response.end('{}');
  });
});
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => {
    if (request.url === '/control') controls.push(client);
    else client.on('message', () => client.send(acknowledgment));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
