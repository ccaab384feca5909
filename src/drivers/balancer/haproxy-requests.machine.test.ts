import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent, request } from '../../base/http.ts';
import type { RuleSpec } from '../../wire/balancer-spec.ts';
import { parseAccessLine, type AccessLine } from './access-line.ts';
import { filesOf } from './haproxy-process.ts';
import { directoryName } from './names.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, freePort, Traffic } from './traffic-for-tests.ts';

let traffic: Traffic;
beforeAll(async () => {
  traffic = await Traffic.start();
});
afterAll(() => traffic.end());

async function linesOf(arn: string, from = 0): Promise<{ lines: AccessLine[]; next: number }> {
  const { lines, next } = await traffic.driver.requests(arn, from);
  // HAProxy itself says there when a listener of an old worker ends.
  const noted = lines.filter((line) => !/^Proxy \w+ stopped/.test(line));
  return { lines: noted.map((line) => parseAccessLine(line) ?? expect.fail(`not a line: ${line}`)), next };
}

test('every request is noted with what became of it', async () => {
  const group = groupSpec('web', [
    targetSpec(
      await traffic.backend('a', (request, response) => {
        response.statusCode = request.url === '/teapot' ? 418 : 200;
        response.end('hello');
      }),
    ),
  ]);
  const refusing = groupSpec('refusing', [targetSpec(await freePort())]);
  const empty = groupSpec('empty', []);
  const at = (path: string): RuleSpec['conditions'] => [{ field: 'path-pattern', values: [path] }];
  const port = await traffic.serve(
    [
      {
        priority: 10,
        conditions: at('/fixed'),
        action: { type: 'fixed-response', statusCode: 404, contentType: 'text/plain', body: 'no' },
      },
      {
        priority: 20,
        conditions: at('/moved'),
        action: {
          type: 'redirect',
          statusCode: 301,
          protocol: 'HTTPS',
          host: '#{host}',
          port: '443',
          path: '/#{path}',
          query: 'a=1',
        },
      },
      { priority: 30, ...forwardTo(refusing), conditions: at('/refused') },
      { priority: 40, ...forwardTo(empty), conditions: at('/empty') },
      forwardTo(group),
    ],
    [group, refusing, empty],
  );
  const [arn = ''] = await traffic.driver.list();
  const agent = '\tcurl/8 "x" \u00e9';
  await fetchFrom(port, '/a?b=%20"', { headers: { 'user-agent': agent, host: 'shop.test:81' } });
  for (const path of ['/teapot', '/fixed', '/moved', '/refused', '/empty']) await fetchFrom(port, path);
  // A line is written once the stream is over, which its client does not wait for.
  await expect.poll(async () => (await linesOf(arn)).lines.length, { timeout: 60_000 }).toBe(6);
  const { lines } = await linesOf(arn);
  const [ok, teapot, fixed, moved, refused, none] = lines;
  expect(ok).toMatchObject({
    isFirst: true,
    client: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
    target: `127.0.0.1:${group.targets[0]?.port}`,
    status: 200,
    targetStatus: 200,
    method: 'GET',
    version: 'HTTP/1.1',
    port,
    backend: 'tg_web_0123456789abcdef',
    ending: '--',
    host: 'shop.test:81',
    url: '/a?b=%20"',
    agent: 'curl/8 "x" \u00e9',
    trace: expect.stringMatching(/^Root=1-/) as string,
    responseMs: expect.any(Number) as number,
  });
  expect(ok?.rule).toBeUndefined();
  expect(ok?.sentBytes).toBeGreaterThan(5);
  expect((ok?.endedUs ?? 0) - (ok?.beganUs ?? 0)).toBeLessThan(600e6);
  expect(teapot).toMatchObject({ status: 418, targetStatus: 418 });
  expect(fixed).toMatchObject({ status: 404, rule: 10 });
  expect(fixed).not.toHaveProperty('target');
  expect(fixed).not.toHaveProperty('targetStatus');
  expect(moved).toMatchObject({ status: 301, rule: 20, location: `https://127.0.0.1:443/moved?a=1` });
  expect(refused).toMatchObject({ status: 502, rule: 30, ending: expect.stringMatching(/^SC/) as string });
  expect(refused).not.toHaveProperty('targetStatus');
  expect(none).toMatchObject({ status: 503, rule: 40 });

  expect((await traffic.driver.connections(arn)).opened).toBe(0);
  await fetchFrom(port, '/a');
  expect((await traffic.driver.connections(arn)).opened).toBeGreaterThan(0);
});

test('no line is lost or torn while rules change, and what was read gives its place back', async () => {
  const port = await freePort();
  const group = groupSpec('web', [targetSpec(await traffic.backend('a'))]);
  const spec = (body: string): Parameters<Traffic['apply']>[0] =>
    balancerSpec({
      name: 'lines',
      listeners: [
        listenerSpec(
          port,
          {
            conditions: [{ field: 'path-pattern', values: ['/fixed'] }],
            action: { type: 'fixed-response', statusCode: 200, contentType: 'text/plain', body },
          },
          forwardTo(group),
        ),
      ],
      targetGroups: [group],
    });
  const { loadBalancerArn: arn } = spec('');
  await traffic.apply(spec('0'));
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const filler = 'x'.repeat(4000);
  let sent = 0;
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const path = sent % 2 === 0 ? '/fixed' : '/';
      request(
        { host: '127.0.0.1', port, path, agent, headers: { 'user-agent': `${sent++} ${filler}` } },
        (response) => {
          response.resume().on('end', resolve).on('error', reject);
        },
      )
        .on('error', reject)
        .end();
      await promise;
    }
  };
  const clients = Array.from({ length: 8 }, client);
  for (let round = 1; round <= 5; round++) await traffic.apply(spec(String(round)));
  over.abort();
  await Promise.all(clients);
  agent.destroy();
  const agents: string[] = [];
  let next = 0;
  await expect
    .poll(
      async () => {
        for (let from = -1; from !== next;) {
          from = next;
          const found = await linesOf(arn, from);
          agents.push(...found.lines.map((line) => line.agent?.split(' ')[0] ?? ''));
          next = found.next;
        }
        return agents.length;
      },
      { timeout: 60_000 },
    )
    .toBe(sent);
  expect(new Set(agents).size).toBe(sent);

  const path = filesOf(join(traffic.directory, directoryName(arn))).requests;
  const onDisk = async (): Promise<number> => (await stat(path)).blocks * 512;
  const before = await onDisk();
  await traffic.driver.freeRequests(arn, next);
  expect(before > 2 * 1024 * 1024 ? await onDisk() : 0).toBeLessThan(1024 * 1024);
  await fetchFrom(port, '/last');
  await expect
    .poll(async () => (await linesOf(arn, next)).lines.map(({ url }) => url), { timeout: 60_000 })
    .toEqual(['/last']);
});

test('what waits to be read has a bound: beyond it requests are answered and not noted, until some was read', async () => {
  const port = await freePort();
  const action = { type: 'fixed-response', statusCode: 200, contentType: 'text/plain', body: '' } as const;
  const spec = balancerSpec({ name: 'bound', listeners: [listenerSpec(port, { conditions: [], action })] });
  const { loadBalancerArn: arn } = spec;
  await traffic.renewDriver({ mostNotedBytes: 10_000 });
  await traffic.apply(spec);
  const headers = { 'user-agent': 'x'.repeat(2000) };
  for (let nth = 0; nth < 8; nth++) expect((await fetchFrom(port, `/${nth}`, { headers })).status).toBe(200);
  const { requests } = filesOf(join(traffic.directory, directoryName(arn)));
  await expect.poll(async () => (await stat(requests)).size, { timeout: 60_000 }).toBe(10_000);
  const read = await traffic.driver.requests(arn, 0);
  expect(read.lines).toHaveLength(4);
  await traffic.driver.freeRequests(arn, read.next);
  // The first stands behind half a line.
  for (const path of ['/torn', '/whole']) await fetchFrom(port, path);
  const urls = async (): Promise<unknown[]> => {
    const { lines } = await traffic.driver.requests(arn, read.next);
    return lines.map((line) => parseAccessLine(line)?.url);
  };
  await expect.poll(urls, { timeout: 60_000 }).toEqual([undefined, '/whole']);
});
