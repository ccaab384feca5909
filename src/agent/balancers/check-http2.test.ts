import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { HealthCheckSpec } from '../../wire/balancer-spec.ts';
import { checkTarget, type Probe } from './check.ts';

const servers: Http2Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const grpc: HealthCheckSpec = {
  enabled: true,
  protocol: 'HTTP',
  protocolVersion: 'GRPC',
  port: 'traffic-port',
  path: '/AWS.ALB/healthcheck',
  intervalSeconds: 5,
  timeoutSeconds: 60,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  matcher: '0,12',
};

async function check(
  spec: HealthCheckSpec,
  answer: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
): Promise<unknown> {
  const server = createServer();
  servers.push(server);
  server.on('stream', answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const probe: Probe = {
    open: (at) => Promise.resolve(connect({ host: '127.0.0.1', port: at })),
    reach: () => Promise.reject(new Error('nobody asks for that')),
  };
  return checkTarget(spec, { address: '127.0.0.1', port }, probe, systemClock, new AbortController().signal);
}

test('a target that speaks gRPC is judged by the status of a call', async () => {
  const asked: Record<string, unknown>[] = [];
  const unimplemented = await check(grpc, (stream, headers) => {
    asked.push(headers);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
  });
  expect(unimplemented).toEqual({ kind: 'passed' });
  expect(asked[0]).toMatchObject({
    ':method': 'POST',
    ':path': '/AWS.ALB/healthcheck',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'ELB-HealthChecker/2.0',
  });
  const inTrailers = (status: string) => (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end(Buffer.alloc(5));
  };
  expect(await check(grpc, inTrailers('0'))).toEqual({ kind: 'passed' });
  expect(await check(grpc, inTrailers('14'))).toEqual({ kind: 'mismatch', code: 14 });
  // No gRPC at all.
  expect(await check(grpc, (stream) => stream.respond({ ':status': 200 }, { endStream: true }))).toEqual({
    kind: 'failed',
  });
});

test('a target that speaks HTTP/2 is judged by its status', async () => {
  const spec: HealthCheckSpec = { ...grpc, protocolVersion: 'HTTP2', path: '/ok', matcher: '200-299' };
  const answer = (status: number) => (stream: ServerHttp2Stream) =>
    stream.respond({ ':status': status }, { endStream: true });
  expect(await check(spec, answer(204))).toEqual({ kind: 'passed' });
  expect(await check(spec, answer(503))).toEqual({ kind: 'mismatch', code: 503 });
});
