import { connect, createServer, type Http2Server, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RuleSpec, TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { filesOf, processesOf } from './haproxy-process.ts';
import { askWorker } from './master-cli.ts';
import { backendName, directoryName, serverName } from './names.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, freePort, Traffic } from './traffic-for-tests.ts';

let traffic: Traffic;
const servers: Http2Server[] = [];
beforeAll(async () => {
  traffic = await Traffic.start();
});
afterAll(async () => {
  for (const server of servers) server.close();
  await traffic.end();
});

/** The port of a server that speaks HTTP/2 only, without TLS. */
async function http2Backend(answer: (stream: ServerHttp2Stream, path: string) => void): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.on('stream', (stream, headers) => answer(stream, String(headers[':path'])));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** One request over HTTP/2: its status, its trailers and its body. */
async function fetchHttp2(port: number, headers: OutgoingHttpHeaders): Promise<Record<string, unknown>> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const request = session.request(headers);
    const answer: Record<string, unknown> = { body: '' };
    request.on('response', (got) => (answer['status'] = got[':status']));
    request.on('trailers', (got) => (answer['grpc-status'] = got['grpc-status']));
    request.setEncoding('utf8').on('data', (chunk: string) => (answer['body'] = `${String(answer['body'])}${chunk}`));
    request.end();
    await new Promise((resolve, reject) => request.on('error', reject).on('close', resolve));
    return answer;
  } finally {
    session.close();
  }
}

test('targets are spoken to in the version of their group, and requests that do not go with it are refused', async () => {
  const http2 = await http2Backend((stream, path) => {
    stream.respond({ ':status': 200 });
    stream.end(`h2 ${path}`);
  });
  const grpc = await http2Backend((stream, path) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(`grpc ${path}`);
  });
  const groups = [
    groupSpec('one', [targetSpec(await traffic.backend('a'))]),
    groupSpec('two', [targetSpec(http2)], { protocolVersion: 'HTTP2' }),
    groupSpec('rpc', [targetSpec(grpc)], { protocolVersion: 'GRPC' }),
  ];
  const rule = (group: TargetGroupSpec): Omit<RuleSpec, 'ruleArn'> => ({
    ...forwardTo(group),
    conditions: [{ field: 'path-pattern', values: [`/${group.name}*`] }],
  });
  const [last = groupSpec('none', [])] = groups;
  const port = await traffic.serve([...groups.map(rule), forwardTo(last)], groups, {}, 'versions');
  const get = { ':method': 'GET' };
  const call = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
  expect((await fetchFrom(port, '/one')).status).toBe(200);
  expect(await fetchHttp2(port, { ...get, ':path': '/one' })).toMatchObject({ status: 200 });
  expect(await fetchHttp2(port, { ...call, ':path': '/one' })).toMatchObject({ status: 464 });
  expect((await fetchFrom(port, '/two')).status).toBe(464);
  expect(await fetchHttp2(port, { ...get, ':path': '/two' })).toMatchObject({ status: 200, body: 'h2 /two' });
  expect((await fetchFrom(port, '/rpc', { method: 'POST' })).status).toBe(464);
  expect(await fetchHttp2(port, { ...get, ':path': '/rpc' })).toMatchObject({ status: 464 });
  expect(await fetchHttp2(port, { ...call, ':path': '/rpc/method' })).toEqual({
    status: 200,
    'grpc-status': '0',
    body: 'grpc /rpc/method',
  });
  // Targets that come at run time are spoken to alike.
  const more = await http2Backend((stream) => {
    stream.respond({ ':status': 201 });
    stream.end();
  });
  const [one = last, , rpc = last] = groups;
  const replaced = groupSpec('two', [targetSpec(more)], { protocolVersion: 'HTTP2' });
  await traffic.apply(
    balancerSpec({
      name: 'versions',
      listeners: [listenerSpec(port, ...groups.map(rule), forwardTo(last))],
      targetGroups: [one, replaced, rpc],
    }),
  );
  expect(await fetchHttp2(port, { ...get, ':path': '/two' })).toMatchObject({ status: 201 });
});

test('a target that comes into rotation starts slowly where its group says so', async () => {
  const group = (...ports: number[]): TargetGroupSpec =>
    groupSpec(
      'slow',
      ports.map((each) => targetSpec(each)),
      { attributes: { 'slow_start.duration_seconds': '900' } },
    );
  const [first, second, port] = [await traffic.backend('a'), await traffic.backend('b'), await freePort()];
  const spec = (...ports: number[]): Parameters<Traffic['apply']>[0] => {
    const only = group(...ports);
    return balancerSpec({ name: 'slow', listeners: [listenerSpec(port, forwardTo(only))], targetGroups: [only] });
  };
  const { loadBalancerArn, targetGroups } = spec(first);
  const weightOf = async (at: number): Promise<string> => {
    const files = filesOf(join(traffic.directory, directoryName(loadBalancerArn)));
    const { workers } = await processesOf(files);
    const stat = await askWorker(files.masterSocket, workers[0] ?? 0, 'show servers state');
    const [header = '', ...lines] = stat.split('\n').filter((line) => line.includes(' '));
    const columns = header.replace('# ', '').split(' ');
    const name = serverName(targetSpec(at));
    const backend = backendName(targetGroups[0]?.targetGroupArn ?? '');
    const line = lines.find((each) => each.includes(` ${backend} `) && each.includes(` ${name} `)) ?? '';
    const fields = line.split(' ');
    return `${fields[columns.indexOf('srv_op_state')]}`;
  };
  await traffic.apply(spec(first));
  await traffic.apply(spec(first, second));
  // 1 is STARTING, 2 is RUNNING ("show servers state").
  expect(await weightOf(second)).toBe('1');
});
