import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BalancerSpec, ListenerSpec, TargetGroupSpec, WaySpec } from '../../wire/balancer-spec.ts';
import { parseAccessLine, type AccessLine } from './access-line.ts';
import { classicSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, freePort, Traffic } from './traffic-for-tests.ts';

// All instances listen on one port, as those of a Classic Load Balancer do: each has an address of loopback of its own.
const addresses = ['127.0.0.11', '127.0.0.12'];

describe('haproxy: a Classic Load Balancer', () => {
  let traffic: Traffic;
  const servers: Server[] = [];
  let port: number;
  /** What instances heard first on their connections. */
  const heard: string[] = [];
  const instances = addresses.map((address) => targetSpec(1, { id: `i-${address}`, address }));

  const specOf = (name: string, protocol: 'HTTP' | 'TCP', way: Omit<WaySpec, 'protocol' | 'port'>): BalancerSpec => {
    const group: TargetGroupSpec = groupSpec('web', instances, {
      protocol: 'TCP',
      ways: [{ ...way, protocol, port }],
    });
    const listener: ListenerSpec = { ...listenerSpec(way.listenerPort, forwardTo(group)), protocol };
    return classicSpec({ name, listeners: [listener], targetGroups: [group] });
  };

  beforeAll(async () => {
    traffic = await Traffic.start();
    port = await freePort();
    for (const address of addresses) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          const text = chunk.toString();
          heard.push(text);
          const cookie = text.includes('/login') ? 'Set-Cookie: session=1\r\n' : '';
          const body = `${address}\n${text}`;
          socket.write(`HTTP/1.1 200 OK\r\n${cookie}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(port, address, resolve));
      expect((server.address() as AddressInfo).port).toBe(port);
    }
  });
  afterAll(async () => {
    await traffic.end();
    for (const server of servers) server.close();
  });

  const nameOf = (body: string): string => body.split('\n')[0] ?? '';
  const cookieOf = (headers: { 'set-cookie'?: string[] | undefined }): string =>
    (headers['set-cookie'] ?? []).find((each) => each.startsWith('AWSELB=')) ?? '';

  test('shares requests among instances, tells them who asked, and stays for as long as its cookie says', async () => {
    const listenerPort = await freePort();
    const spec = specOf('time', 'HTTP', { listenerPort, stickiness: { by: 'duration', seconds: 60 } });
    await traffic.apply(spec);
    const names = new Set<string>();
    while (names.size < 2) names.add(nameOf((await fetchFrom(listenerPort, '/')).body));

    // Whoever is in service is so at once for a listener that is new, and when zones are kept apart.
    const added = await freePort();
    const more = specOf('time', 'HTTP', { listenerPort: added });
    const [before, after] = [spec.targetGroups[0], more.targetGroups[0]];
    if (before === undefined || after === undefined) throw new Error('a group each');
    const both = { ...before, ways: [...(before.ways ?? []), ...(after.ways ?? [])], zones: ['a'] };
    await traffic.driver.apply({
      ...spec,
      zones: { '127.0.0.1': 'a' },
      listeners: [...spec.listeners, ...more.listeners],
      targetGroups: [both],
    });
    expect((await fetchFrom(added, '/')).status).toBe(200);
    await traffic.driver.apply(spec);
    const first = await fetchFrom(listenerPort, '/', { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect(first.body.toLowerCase()).toContain('x-forwarded-for: 192.0.2.1, 127.0.0.1');
    expect(first.body.toLowerCase()).toContain(`x-forwarded-port: ${listenerPort}`);
    expect(first.body.toLowerCase()).not.toContain('x-amzn-trace-id');
    expect(cookieOf(first.headers)).toMatch(/^AWSELB=[^;]+;PATH=\/;MAX-AGE=60$/);
    const cookie = cookieOf(first.headers).split(';')[0] ?? '';
    for (let i = 0; i < 4; i += 1) {
      const again = await fetchFrom(listenerPort, '/', { headers: { cookie } });
      expect(nameOf(again.body)).toBe(nameOf(first.body));
      expect(cookieOf(again.headers)).toBe('');
    }

    // Its instance out of service, another one takes over, and answers with a cookie of its own.
    const [group] = spec.targetGroups;
    const targetGroupArn = group?.targetGroupArn ?? '';
    const gone = { targetGroupArn, id: `i-${nameOf(first.body)}`, port: 1 };
    await traffic.driver.rotate(spec.loadBalancerArn, gone, 'out');
    const moved = await fetchFrom(listenerPort, '/', { headers: { cookie } });
    expect(nameOf(moved.body)).not.toBe(nameOf(first.body));
    expect(cookieOf(moved.headers)).not.toBe('');
    for (const { id } of instances) await traffic.driver.rotate(spec.loadBalancerArn, { ...gone, id }, 'out');
    expect(await fetchFrom(listenerPort, '/')).toMatchObject({ status: 503, body: '' });
    const lines = async (): Promise<AccessLine[]> =>
      (await traffic.driver.requests(spec.loadBalancerArn, 0)).lines.flatMap((line) => parseAccessLine(line) ?? []);
    await expect.poll(lines, { timeout: 60_000 }).toContainEqual(expect.objectContaining({ targetStatus: 200 }));
  });

  test("follows the application's cookie", async () => {
    const listenerPort = await freePort();
    await traffic.apply(specOf('app', 'HTTP', { listenerPort, stickiness: { by: 'application', cookie: 'session' } }));
    expect(cookieOf((await fetchFrom(listenerPort, '/')).headers)).toBe('');
    const login = await fetchFrom(listenerPort, '/login');
    expect(cookieOf(login.headers)).toMatch(/^AWSELB=[^;]+;PATH=\/$/);
    const own = cookieOf(login.headers).split(';')[0] ?? '';
    const among = async (cookie: string): Promise<Set<string>> => {
      const names = new Set<string>();
      for (let i = 0; i < 6; i += 1)
        names.add(nameOf((await fetchFrom(listenerPort, '/', { headers: { cookie } })).body));
      return names;
    };
    expect(await among(`${own}; session=1`)).toEqual(new Set([nameOf(login.body)]));
    expect((await among(own)).size).toBe(2);
  });

  test('passes connections on, with the PROXY protocol if instances are to know, and notes them', async () => {
    const listenerPort = await freePort();
    const spec = specOf('tcp', 'TCP', { listenerPort, proxyProtocol: true });
    await traffic.apply(spec);
    const socket = connect({ host: '127.0.0.1', port: listenerPort }, () => socket.write('hello'));
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (chunk) => resolve(chunk.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(heard.join('')).toMatch(/PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nhello$/);
    socket.destroy();
    const lines = async (): Promise<AccessLine[]> =>
      (await traffic.driver.requests(spec.loadBalancerArn, 0)).lines.flatMap((line) => parseAccessLine(line) ?? []);
    await expect
      .poll(lines, { timeout: 60_000 })
      .toContainEqual(expect.objectContaining({ method: '-', status: 0, receivedBytes: 5, port: listenerPort }));
    expect((await lines())[0]?.target).toMatch(new RegExp(`^127\\.0\\.0\\.1[12]:${port}$`));
  });
});
