import type { IncomingMessage, RequestListener, Server } from 'node:http';

const waiting = new WeakSet<IncomingMessage>();

/**
 * Serves `front` on a server, also to clients that wait with the body until they are told to go on (`Expect: 100-continue`,
 * RFC 9110, section 10.1.1): they are told once the body is wanted, so that a refusal costs no upload.
 */
export function serveFront(server: Server, front: RequestListener): void {
  server.on('request', front);
  server.on('checkContinue', (request, response) => {
    waiting.add(request);
    front(request, response);
  });
}

/** Whether the client of this request still waits to be told. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** Tells it, once. */
export function goOn(request: IncomingMessage, response: { writeContinue(): void }): void {
  if (waiting.delete(request)) response.writeContinue();
}
