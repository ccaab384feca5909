import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry that only one user may pull from. Close it. */
export interface PrivateRegistry {
  /** `127.0.0.1:port`, which the engine takes for one without TLS. */
  readonly host: string;
  close(): void;
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Serves what another registry has to whoever is `user`; `behind` is what that registry wants to hear. */
export async function startPrivateRegistry(
  user: { readonly username: string; readonly password: string },
  behind: { readonly host: string; readonly username: string; readonly password: string },
): Promise<PrivateRegistry> {
  const [hostname = '', port = ''] = behind.host.split(':');
  const server: Server = createServer((asked, answer) => {
    if (asked.headers.authorization !== basic(user.username, user.password)) {
      answer.writeHead(401, { 'www-authenticate': 'Basic realm="private"', 'content-type': 'application/json' });
      answer.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return;
    }
    const headers = { ...asked.headers, host: behind.host, authorization: basic(behind.username, behind.password) };
    const { method, url } = asked;
    const forwarded = request({ hostname, port, method, path: url, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    asked.pipe(forwarded);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
