import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TargetGroupSpec } from '../../wire/balancer-spec.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';
import { fetchFrom, freePort, Traffic } from './traffic-for-tests.ts';

let traffic: Traffic;
beforeAll(async () => {
  traffic = await Traffic.start();
});
afterAll(() => traffic.end());

test('a target with a smaller share gets fewer requests, and all get alike again', async () => {
  const [first, second, port] = [await traffic.backend('a'), await traffic.backend('b'), await freePort()];
  const group = (...ports: number[]): TargetGroupSpec =>
    groupSpec(
      'web',
      ports.map((each) => targetSpec(each)),
      { attributes: { 'load_balancing.algorithm.type': 'weighted_random' } },
    );
  const spec = (...ports: number[]): Parameters<Traffic['apply']>[0] => {
    const only = group(...ports);
    return balancerSpec({ name: 'weights', listeners: [listenerSpec(port, forwardTo(only))], targetGroups: [only] });
  };
  await traffic.apply(spec(first));
  // One that comes at run time has a weight to be a share of, too.
  await traffic.apply(spec(first, second));
  const { loadBalancerArn, targetGroups } = spec(first, second);
  const { targetGroupArn = '' } = targetGroups[0] ?? {};
  const weigh = (percent: number): Promise<void> =>
    traffic.driver.weigh(loadBalancerArn, { targetGroupArn, id: '127.0.0.1', port: second }, percent);
  const share = async (): Promise<number> => {
    let count = 0;
    for (let i = 0; i < 60; i++) if ((await fetchFrom(port, '/')).headers['x-target'] === 'b') count += 1;
    return count;
  };
  await weigh(1);
  // Of a share of one in a hundred and one, more than fifteen of sixty come less often than once in a billion times.
  expect(await share()).toBeLessThan(15);
  await weigh(100);
  expect(await share()).toBeGreaterThan(5);
  await expect(traffic.driver.weigh(loadBalancerArn, { targetGroupArn, id: 'x', port: 1 }, 1)).rejects.toMatchObject({
    kind: 'gone',
  });
});
