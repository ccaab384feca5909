import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ActionSpec, ConditionSpec, TransformsSpec } from '../../wire/balancer-spec.ts';
import { groupSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, Traffic } from './traffic-for-tests.ts';

let traffic: Traffic;
beforeAll(async () => {
  traffic = await Traffic.start();
});
afterAll(() => traffic.end());

test('regular expressions choose rules, and transforms rewrite what is forwarded', async () => {
  const group = groupSpec('web', [targetSpec(await traffic.backend('a'))]);
  const fixed = (body: string): ActionSpec => ({
    type: 'fixed-response',
    statusCode: 200,
    contentType: 'text/plain',
    body,
  });
  const forward: ActionSpec = {
    type: 'forward',
    targetGroups: [{ targetGroupArn: group.targetGroupArn, weight: 1 }],
  };
  const path = (...regexes: string[]): ConditionSpec[] => [{ field: 'path-pattern', values: [], regexes }];
  const rewriting = (regex: string, transforms: TransformsSpec): object => ({
    conditions: path(regex),
    action: forward,
    transforms,
  });
  const port = await traffic.serve(
    [
      { conditions: path('^/(?:v1|v2)/[a-z]{2}$', '^/it\'s (\\$|"|,|\\))'), action: fixed('path') },
      {
        conditions: [{ field: 'host-header', values: [], regexes: ['^(.+)\\.example\\.com$'] }],
        action: fixed('host'),
      },
      {
        conditions: [{ field: 'http-header', name: 'User-Agent', values: [], regexes: ['chrome/[0-9]+'] }],
        action: fixed('header'),
      },
      rewriting('^/dp/', { url: { regex: '^/dp/([A-Za-z0-9]+)/?$', replace: '/product.php?id=$1' } }) as never,
      rewriting('^/odd', { url: { regex: "^/odd,\\((.)'?\\)", replace: "/x\\1,'$1)%[src]$" } }) as never,
      rewriting('^/query', { url: { regex: '\\?.*$', replace: '' } }) as never,
      rewriting('^/broken', { url: { regex: '^/', replace: '' } }) as never,
      rewriting('^/inner', { host: { regex: '^mywebsite-(.+).com$', replace: 'internal.dev.$1.myweb.com' } }) as never,
      rewriting('^/nohost', { host: { regex: '.*', replace: '' } }) as never,
      { conditions: [], action: fixed('none') },
    ],
    [group],
  );
  const bodyOf = async (at: string, headers: Record<string, string> = {}): Promise<string> =>
    (await fetchFrom(port, at, { headers })).body;
  expect(await bodyOf('/v1/de')).toBe('path');
  expect(await bodyOf('/v1/deu')).toBe('none');
  expect(await bodyOf('/V1/de')).toBe('none');
  expect(await bodyOf('/', { host: 'Shop.EXAMPLE.com:8080' })).toBe('host');
  expect(await bodyOf('/', { host: 'example.com' })).toBe('none');
  expect(await bodyOf('/', { 'user-agent': 'Mozilla Chrome/12' })).toBe('header');

  const seen = async (at: string, headers: Record<string, string> = {}): Promise<{ url: string; host: string }> => {
    const { url, headers: got } = JSON.parse(await bodyOf(at, headers)) as { url: string; headers: { host: string } };
    return { url, host: got.host };
  };
  expect((await seen('/dp/B0AB')).url).toBe('/product.php?id=B0AB');
  expect((await seen('/dp/not/one')).url).toBe('/dp/not/one');
  expect((await seen('/odd,(q)')).url).toBe("/x\\1,'q)%[src]$");
  expect((await seen('/query?a=1&b=2')).url).toBe('/query');
  expect((await seen('/inner', { host: 'mywebsite-shop.com' })).host).toBe(`internal.dev.shop.myweb.com:${port}`);
  expect((await seen('/inner', { host: 'other.org' })).host).toBe(`other.org:${port}`);
  const broken = await fetchFrom(port, '/broken');
  expect([broken.status, broken.body]).toEqual([500, expect.stringContaining('500 Internal Server Error')]);
  expect((await fetchFrom(port, '/nohost')).status).toBe(500);
});
