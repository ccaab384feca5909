import { assert, array, boolean, integer, option, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { LoadBalancer, Target } from '../../model/elbv2/load-balancing.ts';
import { Store } from '../../store/store.ts';
import { listeners, loadBalancers, rules, targetGroups, targets } from '../../store/tables/elbv2.ts';
import { applied } from '../../store/tables/fleet.ts';
import { runLoop } from '../loop.ts';
import { balancerLoop } from './loop.ts';
import { plan, takingOutMs } from './plan.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const targetGroupArn = 'arn:group';
const loadBalancer: LoadBalancer = {
  ...scope,
  arn: 'arn:balancer',
  name: 'web',
  type: 'application',
  scheme: 'internal',
  ipAddressType: 'ipv4',
  dnsName: 'internal-web-0123456789.us-east-1.elb.stowage.internal',
  canonicalHostedZoneId: 'Z35SXDOTRQ7X7K',
  vpcId: 'vpc-1',
  subnets: [],
  securityGroups: [],
  state: { code: 'provisioning' },
  attributes: {},
  tags: [],
  createdAt: 0,
};
const targetOf = (port: number, drainingSince?: number, outSince?: number): Target => ({
  ...scope,
  targetGroupArn,
  id: '10.0.0.1',
  port,
  registeredAt: 0,
  ...(drainingSince === undefined ? {} : { drainingSince }),
  ...(outSince === undefined ? {} : { outSince }),
  health: { state: 'healthy' },
});

test('a load balancer is active once a machine serves it, and says what is in the way until then', () => {
  const said = { kind: 'balancer', id: loadBalancer.arn, machineId: 'm', at: 1 } as const;
  const next = (balancer: LoadBalancer, ...applied: { error?: string }[]): unknown =>
    plan({ kind: 'load-balancer', loadBalancer: balancer, applied: applied.map((each) => ({ ...said, ...each })) }, 0)
      .step;
  const set = (state: object): object => ({ kind: 'set-state', loadBalancerArn: loadBalancer.arn, state });
  expect(next(loadBalancer)).toBeUndefined();
  expect(next(loadBalancer, {})).toEqual(set({ code: 'active' }));
  expect(next(loadBalancer, { error: 'no VPC' })).toEqual(set({ code: 'provisioning', reason: 'no VPC' }));
  expect(
    next({ ...loadBalancer, state: { code: 'provisioning', reason: 'no VPC' } }, { error: 'no VPC' }),
  ).toBeUndefined();
  expect(next(loadBalancer, { error: 'no VPC' }, {})).toEqual(set({ code: 'active' }));
  expect(next({ ...loadBalancer, state: { code: 'active' } }, { error: 'gone' })).toBeUndefined();
});

test('targets that drain end a delay after they were taken out, or at once where nobody forwards to them', () => {
  const since = array(record({ since: integer({ min: 0, max: 100 }), out: option(integer({ min: 0, max: 100 })) }), {
    maxLength: 5,
  });
  const now = integer({ min: 100, max: 200 + takingOutMs });
  assert(
    property(record({ since, delayMs: integer({ min: 0, max: 50 }), now, inUse: boolean() }), (given) => {
      const draining = given.since.map((each, port) =>
        targetOf(port, each.since, each.out === null ? undefined : each.since + each.out),
      );
      const { step, lookAt } = plan({ kind: 'target-group', draining, ...given }, given.now);
      const gone = step?.kind === 'delete-targets' ? step.targets : [];
      // A machine that never says so is waited for, but not for ever.
      const endOf = ({ drainingSince = 0, outSince }: Target): number =>
        (outSince ?? drainingSince + takingOutMs) + given.delayMs;
      const isOver = (target: Target): boolean => !given.inUse || endOf(target) <= given.now;
      expect(gone).toEqual(draining.filter(isOver));
      const ends = draining.filter((target) => !isOver(target)).map(endOf);
      expect(lookAt).toBe(ends.length === 0 ? undefined : Math.min(...ends));
    }),
  );
});

describe('the loop', () => {
  test('does both as rows and time go on', async () => {
    const clock = new FakeClock();
    const store = new Store([loadBalancers, listeners, rules, targetGroups, targets, applied]);
    const stop = runLoop(balancerLoop({ store, log: silentLog }), { store, clock, log: silentLog });
    const now = clock.now();
    store.transact((tx) => {
      tx.put(loadBalancers, loadBalancer);
      tx.put(targetGroups, {
        ...scope,
        arn: targetGroupArn,
        name: 'web',
        targetType: 'ip',
        protocol: 'HTTP',
        port: 80,
        vpcId: 'vpc-1',
        healthCheck: {
          enabled: true,
          protocol: 'HTTP',
          port: 'traffic-port',
          intervalSeconds: 30,
          timeoutSeconds: 5,
          healthyThreshold: 5,
          unhealthyThreshold: 2,
        },
        attributes: { 'deregistration_delay.timeout_seconds': '20' },
        tags: [],
        createdAt: 0,
      });
      tx.put(rules, {
        ...scope,
        arn: 'arn:rule',
        listenerArn: 'arn:listener',
        priority: 'default',
        conditions: [],
        actions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
        tags: [],
      });
      tx.put(listeners, {
        ...scope,
        arn: 'arn:listener',
        loadBalancerArn: loadBalancer.arn,
        port: 80,
        protocol: 'HTTP',
        certificates: [],
        tags: [],
        attributes: {},
      });
      // Nobody serves yet: nothing can be under way to the one that drains.
      for (const target of [targetOf(1), targetOf(3, now)]) tx.put(targets, target);
    });
    const ports = (): number[] => store.list(targets).map((target) => target.port);
    await clock.advance(0);
    expect(ports()).toEqual([1]);
    expect(store.get(loadBalancers, loadBalancer.arn)?.state.code).toBe('provisioning');
    store.transact((tx) => tx.put(applied, { kind: 'balancer', id: loadBalancer.arn, machineId: 'm', at: now }));
    await clock.advance(0);
    expect(store.get(loadBalancers, loadBalancer.arn)?.state.code).toBe('active');
    store.transact((tx) => tx.put(targets, targetOf(2, clock.now())));
    await clock.advance(30_000);
    expect(ports()).toEqual([1, 2]);
    store.transact((tx) => tx.put(targets, targetOf(2, now, clock.now())));
    await clock.advance(19_999);
    expect(ports()).toEqual([1, 2]);
    await clock.advance(1);
    expect(ports()).toEqual([1]);
    store.transact((tx) => tx.put(targets, targetOf(1, clock.now())));
    await clock.advance(1000);
    expect(ports()).toEqual([1]);
    store.transact((tx) => tx.delete(rules, 'arn:rule'));
    await clock.advance(0);
    expect(ports()).toEqual([]);
    stop();
  });
});
