import type { ServerOptions } from 'node:http';

/** How an HTTP server that carries the front is made. */
export const serverOptions: ServerOptions = {
  // Clients keep connections for reuse; one that closes first on our side races with their next request.
  keepAliveTimeout: 75_000,
  // A slow push of a large layer takes as long as it takes; headers must still come within a minute.
  requestTimeout: 0,
};
