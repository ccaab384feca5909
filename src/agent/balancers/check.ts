import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { request } from '../../base/http.ts';
import type { HealthCheckSpec } from '../../wire/balancer-spec.ts';
import { codeOverHttp2 } from './check-http2.ts';
import type { CheckResult } from './health.ts';
import { matches } from './matcher.ts';

/** Connects to the target as the balancer would. */
export interface Probe {
  /** Opens a connection. */
  open(port: number, signal: AbortSignal): Promise<Socket>;
  /** Opens one and closes it again; rejects where the target does not accept it. */
  reach(port: number, signal: AbortSignal): Promise<void>;
}

/**
 * Checks one target once and never rejects: sends the request that ELB sends and closes the connection; a TCP check sends nothing. HTTPS
 * takes any certificate, as ELB does.
 */
export async function checkTarget(
  check: HealthCheckSpec,
  target: { readonly address: string; readonly port: number },
  probe: Probe,
  clock: Clock,
  signal: AbortSignal,
): Promise<CheckResult> {
  const late = new AbortController();
  const cancel = clock.after(check.timeoutSeconds * 1000, () => late.abort(new Error('the health check timed out')));
  const port = check.port === 'traffic-port' ? target.port : Number(check.port);
  let socket: Socket | undefined;
  try {
    const ends = AbortSignal.any([late.signal, signal]);
    if (check.protocol === 'TCP') {
      await probe.reach(port, ends);
      return { kind: 'passed' };
    }
    socket = await probe.open(port, ends);
    if (check.protocol === 'TLS') {
      await handshake(socket);
      return { kind: 'passed' };
    }
    const code = await codeOf(socket, check, `${target.address}:${port}`);
    return matches(check.matcher, code) ? { kind: 'passed' } : { kind: 'mismatch', code };
  } catch {
    return late.signal.aborted ? { kind: 'timeout' } : { kind: 'failed' };
  } finally {
    cancel();
    socket?.destroy();
  }
}

/** A check of a Classic Load Balancer by SSL: that TLS is agreed on, with whatever certificate. */
async function handshake(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the target closed the connection')));
  connectTls({ socket, rejectUnauthorized: false }).on('error', reject).on('secureConnect', resolve);
  await promise;
}

function codeOf(socket: Socket, check: HealthCheckSpec, host: string): Promise<number> {
  const isHttp2 = check.protocolVersion === 'HTTP2' || check.protocolVersion === 'GRPC';
  const offered = isHttp2 ? { ALPNProtocols: ['h2'] } : {};
  const stream = check.protocol === 'HTTPS' ? connectTls({ socket, rejectUnauthorized: false, ...offered }) : socket;
  return isHttp2 ? codeOverHttp2(stream, check, host) : statusOf(socket, stream, check, host);
}

function statusOf(socket: Socket, stream: Socket, check: HealthCheckSpec, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = {
    Host: host,
    Connection: 'close',
    'User-Agent': `ELB-HealthChecker/${check.classic === true ? '1.0' : '2.0'}`,
    'Accept-Encoding': 'gzip, compressed',
  };
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the target closed the connection')));
  request({ createConnection: () => stream, path: check.path, method: 'GET', headers })
    .on('error', reject)
    .on('response', (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    })
    .end();
  return promise;
}
