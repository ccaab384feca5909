import type { Duplex } from 'node:stream';
import type { HealthCheckSpec } from '../../wire/balancer-spec.ts';

/** An empty message of gRPC: not compressed, of length 0 ("gRPC over HTTP2", the protocol's description). */
const emptyMessage = Buffer.alloc(5);

/**
 * Sends a health check over HTTP/2 and answers its code: the status of a GET or, of version GRPC, the `grpc-status` of a call of the
 * method that the path names. Rejects where none comes. The stream is the caller's to end.
 */
export function codeOverHttp2(
  stream: Duplex,
  check: Pick<HealthCheckSpec, 'path' | 'protocol' | 'protocolVersion'>,
  host: string,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  // Loaded when a group first asks for it: it costs every start otherwise.
  const { connect } = process.getBuiltinModule('node:http2');
  const scheme = check.protocol.toLowerCase();
  const session = connect(`${scheme}://${host}`, { createConnection: () => stream });
  session.on('error', reject);
  session.on('close', () => reject(new Error('the target closed the connection')));
  const isGrpc = check.protocolVersion === 'GRPC';
  const common = { ':path': check.path, 'user-agent': 'ELB-HealthChecker/2.0' };
  const request = isGrpc
    ? session.request({ ...common, ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' })
    : session.request({ ...common, ':method': 'GET', 'accept-encoding': 'gzip, compressed' }, { endStream: true });
  const settle = (code: unknown): void => {
    if (typeof code === 'string' && /^\d+$/.test(code)) resolve(Number(code));
    else if (typeof code === 'number') resolve(code);
  };
  request.on('error', reject);
  // A call that fails at once has its status among the headers, any other in the trailers.
  request.on('response', (headers) => settle(isGrpc ? headers['grpc-status'] : headers[':status']));
  if (isGrpc) request.on('trailers', (trailers) => settle(trailers['grpc-status']));
  request.on('end', () => reject(new Error('the target told no status')));
  request.resume();
  if (isGrpc) request.end(emptyMessage);
  promise.then(
    () => session.destroy(),
    () => session.destroy(),
  );
  return promise;
}
