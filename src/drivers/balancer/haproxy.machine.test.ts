import { rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BalancerSpec, RuleSpec } from '../../wire/balancer-spec.ts';
import { balancerDriverConformance } from './conformance.ts';
import { findMaster, filesOf, isAlive, processesOf } from './haproxy-process.ts';
import { askWorker, parseServers } from './master-cli.ts';
import { directoryName } from './names.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, freePort, Traffic } from './traffic-for-tests.ts';

balancerDriverConformance('haproxy', async () => {
  const traffic = await Traffic.start();
  return {
    driver: traffic.driver,
    freePort,
    dispose: () => traffic.end(),
    inRotation: async (arn: string) => {
      const files = filesOf(join(traffic.directory, directoryName(arn)));
      const { workers } = await processesOf(files);
      const servers = parseServers(await askWorker(files.masterSocket, workers[0] ?? 0, 'show servers state'));
      return servers
        .filter((s) => s.inRotation && s.backend.startsWith('tg_'))
        .map((s) => s.name)
        .toSorted();
    },
  };
});

describe('haproxy: traffic', () => {
  let traffic: Traffic;
  const backend = (name: string): Promise<number> => traffic.backend(name);
  const serve: Traffic['serve'] = (...args) => traffic.serve(...args);

  beforeEach(async () => {
    traffic = await Traffic.start();
  });
  afterEach(() => traffic.end());

  test('adds the headers of ELB to what it forwards', async () => {
    const group = groupSpec('web', [targetSpec(await backend('a'))]);
    const port = await serve([forwardTo(group)], [group]);
    const headersOf = async (headers: Record<string, string>): Promise<Record<string, string>> => {
      const { body } = await fetchFrom(port, '/', { headers });
      return (JSON.parse(body) as { headers: Record<string, string> }).headers;
    };
    const fresh = await headersOf({ host: 'shop.example.com' });
    expect(fresh).toMatchObject({
      host: `shop.example.com:${port}`,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(port),
    });
    expect(fresh['x-amzn-trace-id']).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    const relayed = await headersOf({
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
    });
    expect(relayed).toMatchObject({ 'x-forwarded-for': '203.0.113.7, 127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(relayed['x-amzn-trace-id']).toMatch(
      /^Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678$/,
    );
  });

  test('keeps the Host header as it came where it is to be preserved', async () => {
    const group = groupSpec('web', [targetSpec(await backend('a'))]);
    const port = await serve([forwardTo(group)], [group], { 'routing.http.preserve_host_header.enabled': 'true' });
    const { body } = await fetchFrom(port, '/', { headers: { host: 'shop.example.com' } });
    expect(JSON.parse(body)).toMatchObject({ headers: { host: 'shop.example.com' } });
  });

  test('answers 503 without targets and 502 where the target refuses, in the words of ELB', async () => {
    const none = groupSpec('none', []);
    const refusing = groupSpec('refusing', [targetSpec(await freePort())]);
    const port = await serve(
      [{ ...forwardTo(refusing), conditions: [{ field: 'path-pattern', values: ['/refused'] }] }, forwardTo(none)],
      [none, refusing],
    );
    const empty = await fetchFrom(port, '/');
    expect(empty.status).toBe(503);
    expect(empty.headers).toMatchObject({ server: 'awselb/2.0', 'content-type': 'text/html' });
    expect(empty.body).toContain('<center><h1>503 Service Temporarily Unavailable</h1></center>');
    const refused = await fetchFrom(port, '/refused');
    expect(refused.status).toBe(502);
    expect(refused.body).toContain('<center><h1>502 Bad Gateway</h1></center>');
  });

  test('follows the first rule that matches, by every condition', async () => {
    const fixed = (body: string): RuleSpec['action'] => ({
      type: 'fixed-response',
      statusCode: 200,
      contentType: 'text/plain',
      body,
    });
    const port = await serve(
      [
        { conditions: [{ field: 'path-pattern', values: ['/img/*', '/a?c'] }], action: fixed('path') },
        { conditions: [{ field: 'path-pattern', values: ['/dots/a.b+(c)'] }], action: fixed('literal') },
        { conditions: [{ field: 'host-header', values: ['*.Example.com'] }], action: fixed('host') },
        {
          conditions: [{ field: 'http-header', name: "X-It's", values: ['*Chrome*', "it's $HOME"] }],
          action: fixed('header'),
        },
        { conditions: [{ field: 'http-request-method', values: ['PUT', 'CUSTOM-METHOD'] }], action: fixed('method') },
        {
          conditions: [{ field: 'query-string', values: [{ key: 'version', value: 'v?' }, { value: 'any*' }] }],
          action: fixed('query'),
        },
        {
          conditions: [
            { field: 'path-pattern', values: ['/src'] },
            { field: 'source-ip', values: ['10.0.0.0/8'] },
          ],
          action: fixed('wrong source'),
        },
        {
          conditions: [
            { field: 'path-pattern', values: ['/src'] },
            { field: 'source-ip', values: ['127.0.0.0/8'] },
          ],
          action: fixed('source'),
        },
        { conditions: [], action: fixed('default: 100% "quoted" \'single\' $PATH \\ # {x}\r\nünï') },
      ],
      [],
    );
    const bodyOf = async (path: string, options?: Parameters<typeof fetchFrom>[2]): Promise<string> =>
      (await fetchFrom(port, path, options)).body;
    const otherwise = 'default: 100% "quoted" \'single\' $PATH \\ # {x}\r\nünï';
    expect(await bodyOf('/img/x/y?z')).toBe('path');
    expect(await bodyOf('/abc')).toBe('path');
    expect(await bodyOf('/ABC')).toBe(otherwise);
    expect(await bodyOf('/abcd')).toBe(otherwise);
    expect(await bodyOf('/dots/a.b+(c)')).toBe('literal');
    expect(await bodyOf('/dots/aXbb(c)')).toBe(otherwise);
    expect(await bodyOf('/', { headers: { host: 'www.EXAMPLE.com:8080' } })).toBe('host');
    expect(await bodyOf('/', { headers: { host: 'example.com' } })).toBe(otherwise);
    expect(await bodyOf('/', { headers: { "x-it's": 'Mozilla chrome 99' } })).toBe('header');
    expect(await bodyOf('/', { headers: { "x-it's": "IT'S $home" } })).toBe('header');
    expect(await bodyOf('/', { method: 'PUT' })).toBe('method');
    expect(await bodyOf('/?a=1&version=v2')).toBe('query');
    expect(await bodyOf('/?a=1&version=v22')).toBe(otherwise);
    expect(await bodyOf('/?xversion=v2')).toBe(otherwise);
    expect(await bodyOf('/?k=anything')).toBe('query');
    expect(await bodyOf('/src')).toBe('source');
    expect(await bodyOf('/')).toBe(otherwise);
  });

  test('redirects with placeholders', async () => {
    const redirect = (over: object): RuleSpec['action'] => ({
      type: 'redirect',
      statusCode: 301,
      protocol: '#{protocol}',
      host: '#{host}',
      port: '#{port}',
      path: '/#{path}',
      query: '#{query}',
      ...over,
    });
    const port = await serve(
      [
        {
          conditions: [{ field: 'path-pattern', values: ['/old/*'] }],
          action: redirect({ statusCode: 302, path: '/100%/#{path}', query: 'from=#{host}&#{query}' }),
        },
        { conditions: [], action: redirect({ protocol: 'HTTPS', port: '443' }) },
      ],
      [],
    );
    const to = async (path: string): Promise<unknown> => {
      const { status, headers } = await fetchFrom(port, path, { headers: { host: 'a.example:99' } });
      return [status, headers.location];
    };
    expect(await to('/x/y?q=1&r')).toEqual([301, 'https://a.example:443/x/y?q=1&r']);
    expect(await to('/')).toEqual([301, 'https://a.example:443/']);
    expect(await to('/old/x?q')).toEqual([302, `http://a.example:${port}/100%/old/x?from=a.example&q`]);
  });

  test('spreads by weight, and by round robin within a group', async () => {
    const blue = groupSpec('blue', [targetSpec(await backend('b1')), targetSpec(await backend('b2'))]);
    const green = groupSpec('green', [targetSpec(await backend('g1'))]);
    const off = groupSpec('off', [targetSpec(await backend('off'))]);
    const weights = [blue, green, off].map(({ targetGroupArn }, i) => ({ targetGroupArn, weight: [3, 1, 0][i] ?? 0 }));
    const port = await serve(
      [{ conditions: [], action: { type: 'forward', targetGroups: weights } }],
      [blue, green, off],
    );
    const counts: Record<string, number> = {};
    for (let i = 0; i < 200; i += 1) {
      const name = String((await fetchFrom(port, '/')).headers['x-target']);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(Object.keys(counts).toSorted()).toEqual(['b1', 'b2', 'g1']);
    expect(Math.abs((counts['b1'] ?? 0) - (counts['b2'] ?? 0))).toBeLessThanOrEqual(1);
    expect(counts['g1']).toBeGreaterThan(20);
    expect(counts['g1']).toBeLessThan(90);
  });

  test('keeps a client at its target and at its group by cookies', async () => {
    const sticky = {
      'stickiness.enabled': 'true',
      'stickiness.type': 'lb_cookie',
      'stickiness.lb_cookie.duration_seconds': '60',
    };
    const groups = [
      groupSpec('one', [targetSpec(await backend('a1')), targetSpec(await backend('a2'))], { attributes: sticky }),
      groupSpec('two', [targetSpec(await backend('b1')), targetSpec(await backend('b2'))], { attributes: sticky }),
    ];
    const targetGroups = groups.map(({ targetGroupArn }) => ({ targetGroupArn, weight: 1 }));
    const port = await serve(
      [{ conditions: [], action: { type: 'forward', targetGroups, stickinessSeconds: 60 } }],
      groups,
    );
    const first = await fetchFrom(port, '/');
    const cookies = first.headers['set-cookie'] ?? [];
    expect(new Set(cookies.map((cookie) => cookie.split('=')[0]))).toEqual(
      new Set(['AWSALB', 'AWSALBCORS', 'AWSALBTG']),
    );
    const cookie = cookies.map((each) => each.split(';')[0]).join('; ');
    for (let i = 0; i < 12; i += 1) {
      expect((await fetchFrom(port, '/', { headers: { cookie } })).headers['x-target']).toBe(first.headers['x-target']);
    }
  });

  test('loses no request while targets come and go and rules change', async () => {
    const ports = [await backend('a'), await backend('b'), await backend('c')];
    const port = await freePort();
    const specOf = (count: number, round: number): BalancerSpec => {
      const group = groupSpec(
        'web',
        ports.slice(0, count).map((each) => targetSpec(each)),
      );
      const extra: Omit<RuleSpec, 'ruleArn'> = {
        ...forwardTo(group),
        conditions: [{ field: 'path-pattern', values: [`/round/${round}`] }],
      };
      return balancerSpec({
        name: 'busy',
        listeners: [listenerSpec(port, extra, forwardTo(group))],
        targetGroups: [group],
      });
    };
    await traffic.apply(specOf(3, 0));
    const clientsAre = { on: true };
    const failures: string[] = [];
    let served = 0;
    const client = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (clientsAre.on) {
        const { status } = await fetchFrom(port, '/', { agent }).catch((error: Error) => ({ status: error.message }));
        if (status === 200) served += 1;
        else failures.push(String(status));
      }
      agent.destroy();
    };
    const clients = [client(), client(), client(), client()];
    for (let round = 1; round <= 6; round += 1) {
      await traffic.apply(specOf(round % 2 === 0 ? 3 : 2, round % 3 === 0 ? round : 0));
    }
    clientsAre.on = false;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(50);
  });

  test('outlives the driver and is found again with its rotation', async () => {
    const group = groupSpec('web', [targetSpec(await backend('a'))]);
    const port = await serve([forwardTo(group)], [group]);
    await traffic.driver.close();
    expect((await fetchFrom(port, '/')).status).toBe(200);
    await traffic.renewDriver();
    const [arn = ''] = await traffic.driver.list();
    const before = findMaster(filesOf(join(traffic.directory, directoryName(arn))), undefined);
    await traffic.driver.apply(
      balancerSpec({ name: 'traffic', listeners: [listenerSpec(port, forwardTo(group))], targetGroups: [group] }),
    );
    expect(findMaster(filesOf(join(traffic.directory, directoryName(arn))), undefined)).toEqual(before);
    expect((await fetchFrom(port, '/')).status).toBe(200);
  });

  test.each(['master', 'worker'])('is started again when its %s is killed', async (which) => {
    const group = groupSpec('web', [targetSpec(await backend('a'))]);
    const port = await serve([forwardTo(group)], [group]);
    const [arn = ''] = await traffic.driver.list();
    const files = filesOf(join(traffic.directory, directoryName(arn)));
    const master = findMaster(files, undefined)?.pid ?? 0;
    const { workers } = await processesOf(files);
    process.kill(which === 'master' ? master : (workers[0] ?? 0), 'SIGKILL');
    await expect.poll(() => findMaster(files, undefined)?.pid ?? master).not.toBe(master);
    await expect
      .poll(() =>
        fetchFrom(port, '/').then(
          (a) => a.status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  test('finds a master that its starter had no time to note, and ends workers without a master', async () => {
    const group = groupSpec('web', [targetSpec(await backend('a'))]);
    const port = await serve([forwardTo(group)], [group]);
    const [arn = ''] = await traffic.driver.list();
    const files = filesOf(join(traffic.directory, directoryName(arn)));
    const master = findMaster(files, undefined)?.pid ?? 0;
    await rm(files.pid);
    expect(findMaster(files, undefined)).toEqual({ pid: master, astray: false });
    const { workers } = await processesOf(files);
    // A worker that is stopped cannot see that its master dies.
    process.kill(workers[0] ?? 0, 'SIGSTOP');
    process.kill(master, 'SIGKILL');
    await expect.poll(() => findMaster(files, undefined)?.pid ?? master).not.toBe(master);
    await expect.poll(() => isAlive(workers[0] ?? 0)).toBe(false);
    await expect.poll(async () => (await fetchFrom(port, '/')).status).toBe(200);
  });

  test('refuses what HAProxy refuses and goes on with what it had', async () => {
    const group = groupSpec('web', [targetSpec(await backend('a'))]);
    const port = await serve([forwardTo(group)], [group]);
    const bad = balancerSpec({
      name: 'traffic',
      listeners: [
        listenerSpec(
          port,
          { ...forwardTo(group), conditions: [{ field: 'source-ip', values: ['not an address'] }] },
          forwardTo(group),
        ),
      ],
      targetGroups: [group],
    });
    await expect(traffic.driver.apply(bad)).rejects.toMatchObject({ kind: 'fatal' });
    expect((await fetchFrom(port, '/')).status).toBe(200);
  });
});
