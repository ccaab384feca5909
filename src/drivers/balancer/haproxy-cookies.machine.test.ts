import { afterAll, beforeAll, expect, test } from 'vitest';
import { forwardTo, groupSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, Traffic, type Answer } from './traffic-for-tests.ts';

let traffic: Traffic;
beforeAll(async () => {
  traffic = await Traffic.start();
});
afterAll(() => traffic.end());

test("a client stays with the target whose application's cookie it has", async () => {
  const targets = [];
  for (const name of ['a', 'b', 'c']) {
    const port = await traffic.backend(name, (request, response) => {
      response.setHeader('x-target', name);
      if (request.url === '/login') response.setHeader('set-cookie', `SESSION=of-${name}; HttpOnly`);
      response.end();
    });
    targets.push(targetSpec(port));
  }
  const group = groupSpec('web', targets, {
    attributes: {
      'stickiness.enabled': 'true',
      'stickiness.type': 'app_cookie',
      'stickiness.app_cookie.cookie_name': 'SESSION',
      'stickiness.app_cookie.duration_seconds': '600',
    },
  });
  const port = await traffic.serve([forwardTo(group)], [group]);
  const cookiesOf = ({ headers }: Answer): Map<string, string> =>
    new Map(
      (headers['set-cookie'] ?? []).map((cookie) => {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        return [name, value] as const;
      }),
    );
  const anonymous = cookiesOf(await fetchFrom(port, '/'));
  expect([...anonymous]).toEqual([0, 1, 2, 3].map((part) => [`AWSALBAPP-${part}`, '_remove_']));

  const login = await fetchFrom(port, '/login');
  const target = login.headers['x-target'];
  const jar = cookiesOf(login);
  expect(jar.get('AWSALBAPP-0')).not.toBe('_remove_');
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const later: Answer[] = [];
  for (let i = 0; i < 6; i++) later.push(await fetchFrom(port, '/', { headers: { cookie } }));
  expect(later.map(({ headers }) => headers['x-target'])).toEqual(later.map(() => target));
  expect(cookiesOf(later[0] ?? login).get('AWSALBAPP-0')).toBe(jar.get('AWSALBAPP-0'));

  // Neither cookie binds without the other.
  const without = new Set<unknown>();
  const half = `AWSALBAPP-0=${jar.get('AWSALBAPP-0') ?? ''}`;
  for (let i = 0; i < 6; i++)
    without.add((await fetchFrom(port, '/', { headers: { cookie: half } })).headers['x-target']);
  expect(without.size).toBe(3);
});
