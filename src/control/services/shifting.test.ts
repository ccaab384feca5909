import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { setAlarm } from '../../../test/simulation/alarms.ts';
import { alternateTargetGroupArn, targetGroupArn, World } from '../../../test/simulation/world.ts';
import type { Rule } from '../../model/elbv2/load-balancing.ts';
import { isOver, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import { serviceDeployments } from '../../store/tables/ecs.ts';
import { rules } from '../../store/tables/elbv2.ts';

// Blue/green, canary and linear deployments in simulated time, with the rules of a load balancer.

const minuteMs = 60_000;
const blueGreen: DeploymentConfiguration = { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 2 };

const rollouts = (world: World): ServiceDeployment[] =>
  world.store.list(serviceDeployments).toSorted((a, b) => a.createdAt - b.createdAt);
const last = (world: World): ServiceDeployment => {
  const row = rollouts(world).at(-1);
  if (row === undefined) throw new Error('nothing is deployed');
  return row;
};
const over = (world: World) => (): boolean => rollouts(world).every(isOver);

/** The shares of a rule: of the target group, then of the alternate one. */
function shares(world: World, arn: string): number[] {
  const tuples = world.store.get(rules, arn)?.actions[0]?.ForwardConfig?.TargetGroups ?? [];
  return [targetGroupArn, alternateTargetGroupArn].map(
    (group) => tuples.find(({ TargetGroupArn }) => TargetGroupArn === group)?.Weight ?? 0,
  );
}

/** Every stage that the last service deployment was seen in with its production weights, in order. */
function watched(world: World): { readonly stages: string[]; readonly weights: string[] } {
  const stages: string[] = [];
  const weights: string[] = [];
  world.store.watch([serviceDeployments], ({ changes }) => {
    for (const { after } of changes) {
      const { lifecycle, status } = after as ServiceDeployment;
      if (lifecycle === undefined || status === 'STOP_REQUESTED' || status === 'STOPPED') continue;
      if (stages.at(-1) !== lifecycle.stage) stages.push(lifecycle.stage);
      const share = `${lifecycle.production.primary}/${lifecycle.production.alternate}`;
      if (weights.at(-1) !== share) weights.push(share);
    }
  });
  return { stages, weights };
}

/** Resolves once nothing runs but two tasks of that deployment. */
async function left(world: World, deployment: number): Promise<void> {
  const id = world.deploymentIds[deployment];
  const alone = (): boolean =>
    world.live().length === 2 && world.live().every(({ deploymentId }) => deploymentId === id);
  expect(await world.until(alone, 10_000)).toBe(true);
}

/** A world whose service of two tasks shifts traffic, and has come to rest. */
async function world(configuration: DeploymentConfiguration): Promise<World> {
  const begun = await World.begin();
  begun.createService({ desired: 2, shifting: true, configuration });
  expect(await begun.until(over(begun))).toBe(true);
  return begun;
}

const deploy = { desired: 2, shifting: true } as const;

describe('a service that shifts traffic', () => {
  it('begins in the target group that serves', async () => {
    const begun = await world(blueGreen);
    expect(last(begun)).toMatchObject({ status: 'SUCCESSFUL', lifecycle: { stage: 'CLEAN_UP' } });
    expect(shares(begun, 'rule-1')).toEqual([100, 0]);
    expect(begun.live().map(({ loadBalancers }) => loadBalancers[0]?.targetGroupArn)).toEqual([
      targetGroupArn,
      targetGroupArn,
    ]);
  });

  it('scales up beside what serves, shifts, bakes and cleans up; the next goes back the other way', async () => {
    const begun = await world(blueGreen);
    const { stages, weights } = watched(begun);
    begun.deploy(deploy);
    expect(await begun.until(() => last(begun).lifecycle?.stage === 'BAKE_TIME')).toBe(true);
    expect(shares(begun, 'rule-1')).toEqual([0, 100]);
    expect(shares(begun, 'rule-2')).toEqual([0, 100]);
    expect(begun.agent.running()).toHaveLength(4);
    await begun.pass(minuteMs);
    expect(begun.agent.running()).toHaveLength(4);
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun).status).toBe('SUCCESSFUL');
    await left(begun, 1);
    expect(stages).toEqual(['SCALE_UP', 'TEST_TRAFFIC_SHIFT', 'PRODUCTION_TRAFFIC_SHIFT', 'BAKE_TIME', 'CLEAN_UP']);
    expect(weights).toEqual(['100/0', '0/100']);
    begun.deploy(deploy);
    expect(await begun.until(() => begun.store.count(serviceDeployments) === 3 && over(begun)(), 300_000)).toBe(true);
    expect(shares(begun, 'rule-1')).toEqual([100, 0]);
    expect(begun.agent.faults).toEqual([]);
  });

  it.each([
    [
      'canary',
      { strategy: 'CANARY', canaryConfiguration: { canaryPercent: 5.5, canaryBakeTimeInMinutes: 3 } },
      ['100/0', '94.5/5.5', '0/100'],
      3,
    ],
    [
      'linear',
      { strategy: 'LINEAR', linearConfiguration: { stepPercent: 40, stepBakeTimeInMinutes: 1 } },
      ['100/0', '60/40', '20/80', '0/100'],
      2,
    ],
  ] as const)('shifts by steps: %s', async (_, configuration, expected, minutes) => {
    const begun = await world(configuration);
    const { weights } = watched(begun);
    begun.deploy(deploy);
    expect(await begun.until(() => last(begun).lifecycle?.stage === 'PRODUCTION_TRAFFIC_SHIFT')).toBe(true);
    const [primary = 0, alternate = 0] = shares(begun, 'rule-1');
    expect(`${(primary / (primary + alternate)) * 100}/${(alternate / (primary + alternate)) * 100}`).toBe(expected[1]);
    const since = begun.clock.now();
    expect(await begun.until(over(begun), 600_000)).toBe(true);
    expect(begun.clock.now() - since).toBeGreaterThanOrEqual(minutes * minuteMs);
    expect(weights).toEqual(expected);
  });

  it('shifts by the listeners of a network load balancer, which have one rule each', async () => {
    const options = { ...deploy, byListeners: true };
    const begun = await World.begin();
    begun.createService({ ...options, configuration: { ...blueGreen, strategy: 'BLUE_GREEN' } });
    expect(await begun.until(over(begun))).toBe(true);
    expect([shares(begun, 'rule-3'), shares(begun, 'rule-4')]).toEqual([
      [100, 0],
      [100, 0],
    ]);
    const { stages, weights } = watched(begun);
    begun.deploy(options);
    expect(await begun.until(over(begun), 600_000)).toBe(true);
    expect(last(begun).status).toBe('SUCCESSFUL');
    expect(stages).toEqual(['SCALE_UP', 'TEST_TRAFFIC_SHIFT', 'PRODUCTION_TRAFFIC_SHIFT', 'BAKE_TIME', 'CLEAN_UP']);
    expect(weights).toEqual(['100/0', '0/100']);
    expect([shares(begun, 'rule-3'), shares(begun, 'rule-1')]).toEqual([
      [0, 100],
      [0, 0],
    ]);
    await left(begun, 1);
    expect(begun.agent.faults).toEqual([]);
  });

  it('turns back when its tasks fail, without production having seen them', async () => {
    const breaker = { deploymentCircuitBreaker: { enable: true, rollback: true } };
    const begun = await world({ ...blueGreen, ...breaker });
    const { weights } = watched(begun);
    begun.deploy({ ...deploy, image: 'crash' });
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun)).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      rollback: { serviceRevisionArn: rollouts(begun)[0]?.target.arn },
    });
    expect(weights).toEqual(['100/0']);
    await left(begun, 0);
  });

  it.each(['SCALE_UP', 'PRODUCTION_TRAFFIC_SHIFT', 'BAKE_TIME'] as const)(
    'turns back from %s when the user stops it',
    async (stage) => {
      const canary = { canaryPercent: 10, canaryBakeTimeInMinutes: 5 };
      const begun = await world({ strategy: 'CANARY', canaryConfiguration: canary, bakeTimeInMinutes: 5 });
      begun.deploy(deploy);
      expect(await begun.until(() => last(begun).lifecycle?.stage === stage, 600_000)).toBe(true);
      begun.store.transact((tx) => tx.put(serviceDeployments, { ...last(begun), status: 'ROLLBACK_REQUESTED' }));
      expect(await begun.until(over(begun))).toBe(true);
      expect(last(begun).status).toBe('ROLLBACK_SUCCESSFUL');
      expect(shares(begun, 'rule-1')).toEqual([100, 0]);
      await left(begun, 0);
    },
  );

  it('is reconciled to what serves when another deployment supersedes it', async () => {
    const begun = await world(blueGreen);
    begun.deploy(deploy);
    expect(await begun.until(() => last(begun).lifecycle?.stage === 'BAKE_TIME')).toBe(true);
    const { stages } = watched(begun);
    begun.deploy(deploy);
    await begun.pass(200);
    expect(stages[0]).toBe('RECONCILE_SERVICE');
    expect(await begun.until(over(begun), 300_000)).toBe(true);
    expect(rollouts(begun).map(({ status }) => status)).toEqual(['SUCCESSFUL', 'STOPPED', 'SUCCESSFUL']);
    expect(shares(begun, 'rule-1')).toEqual([100, 0]);
    await left(begun, 2);
  });

  it('replaces what dies of either revision while both are there', async () => {
    const begun = await world(blueGreen);
    begun.deploy(deploy);
    await begun.until(() => last(begun).lifecycle?.stage === 'BAKE_TIME');
    for (const { payload } of begun.agent.running()) begun.agent.kill(payload.arn);
    expect(await begun.until(() => begun.agent.running().length === 4, 30_000)).toBe(true);
    const live = begun.live().filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
    expect(new Set(live.map(({ deploymentId }) => deploymentId)).size).toBe(2);
    expect(await begun.until(over(begun), 300_000)).toBe(true);
  });

  it('goes no further while the load balancer has not done as it was told', async () => {
    const begun = await world(blueGreen);
    begun.deploy(deploy);
    expect(await begun.until(() => last(begun).lifecycle?.stage === 'TEST_TRAFFIC_SHIFT')).toBe(true);
    begun.agent.disconnect();
    await begun.pass(minuteMs);
    expect(last(begun).lifecycle?.stage).toBe('TEST_TRAFFIC_SHIFT');
    expect(shares(begun, 'rule-1')).toEqual([100, 0]);
    begun.connect();
    expect(await begun.until(over(begun), 300_000)).toBe(true);
    expect(last(begun).status).toBe('SUCCESSFUL');
  });

  it('does not begin where two target groups serve', async () => {
    const begun = await world(blueGreen);
    begun.store.transact((tx) =>
      tx.update(rules, 'rule-1', (rule): Rule => ({
        ...rule,
        actions: [
          {
            Type: 'forward',
            ForwardConfig: {
              TargetGroups: [
                { TargetGroupArn: targetGroupArn, Weight: 1 },
                { TargetGroupArn: alternateTargetGroupArn, Weight: 1 },
              ],
            },
          },
        ],
      })),
    );
    begun.deploy(deploy);
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun).statusReason).toBe(
      'Service deployment rolled back because of invalid networking configuration. productionListenerRule rule-1 should have exactly one target group serving traffic but found 2 target groups which are serving traffic',
    );
    expect(begun.live()).toHaveLength(2);
  });

  it('outlives the control plane at any moment', async () => {
    const begun = await world({
      strategy: 'LINEAR',
      linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 0 },
    });
    begun.deploy(deploy);
    await begun.store.flushed();
    for (let turn = 0; turn < 30 && !over(begun)(); turn += 1) {
      await begun.pass(300);
      begun.crash();
      begun.start();
      begun.connect();
    }
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun).status).toBe('SUCCESSFUL');
    expect(shares(begun, 'rule-1')).toEqual([0, 100]);
  });
});

describe('lifecycle hooks', () => {
  const url = 'http://127.0.0.1:9/hook';
  const hook = { targetType: 'AWS_LAMBDA', hookTargetArn: url } as const;

  it('are called in their stages until they have succeeded, with what they said before', async () => {
    const events: Record<string, unknown>[] = [];
    const lifecycleHooks = [
      {
        ...hook,
        lifecycleStages: ['POST_SCALE_UP', 'PRODUCTION_TRAFFIC_SHIFT'] as (
          | 'POST_SCALE_UP'
          | 'PRODUCTION_TRAFFIC_SHIFT'
        )[],
        hookDetails: { a: 1 },
      },
    ];
    const begun = await world({ strategy: 'BLUE_GREEN', lifecycleHooks });
    begun.onHook = (_, event) => {
      events.push(event as Record<string, unknown>);
      const again = { hookStatus: 'IN_PROGRESS', callBackDelay: 5, hookDetails: { a: 2 } };
      return Promise.resolve(events.length === 1 ? again : { hookStatus: 'SUCCEEDED' });
    };
    begun.deploy(deploy);
    expect(await begun.until(over(begun))).toBe(true);
    expect(events.map(({ lifecycleStage, hookDetails }) => [lifecycleStage, hookDetails])).toEqual([
      ['POST_SCALE_UP', { a: 1 }],
      ['POST_SCALE_UP', { a: 2 }],
      ['PRODUCTION_TRAFFIC_SHIFT', { a: 1 }],
    ]);
    expect(events[2]).toMatchObject({
      resourceArn: last(begun).arn,
      executionDetails: {
        targetServiceRevisionArn: last(begun).target.arn,
        productionTrafficWeights: { [rollouts(begun)[0]?.target.arn ?? '']: 0, [last(begun).target.arn]: 100 },
      },
    });
  });

  it.each([
    [{ hookStatus: 'FAILED' }, `Lifecycle hook target ${url} returned FAILED status.`],
    [{}, `ECS was unable to parse the response from ${url} due to HookStatus must not be null`],
    [undefined, `ECS was unable to invoke hook target ${url} due to nobody is there`],
  ])('that answer %j turn the deployment back', async (answer, why) => {
    const lifecycleHooks = [{ ...hook, lifecycleStages: ['POST_TEST_TRAFFIC_SHIFT'] as 'POST_TEST_TRAFFIC_SHIFT'[] }];
    const begun = await world({ strategy: 'BLUE_GREEN', lifecycleHooks });
    begun.onHook = () =>
      answer === undefined ? Promise.reject(new Error('nobody is there')) : Promise.resolve(answer);
    begun.deploy(deploy);
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun)).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      statusReason: `Service deployment rolled back because POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed. ${why}`,
    });
    await left(begun, 0);
    expect(shares(begun, 'rule-1')).toEqual([100, 0]);
  });

  it.each([
    ['CONTINUE', 'SUCCESSFUL'],
    ['ROLLBACK', 'ROLLBACK_SUCCESSFUL'],
  ] as const)('that pause time out, and then %s', async (action, status) => {
    const begun = await World.begin();
    begun.createService({ desired: 2, shifting: true, configuration: { strategy: 'BLUE_GREEN' } });
    await begun.until(over(begun));
    const lifecycleHooks = [
      {
        targetType: 'PAUSE',
        lifecycleStages: ['POST_SCALE_UP'],
        timeoutConfiguration: { timeoutInMinutes: 10, action },
      } satisfies NonNullable<DeploymentConfiguration['lifecycleHooks']>[number],
    ];
    begun.update((service) => ({ ...service, deploymentConfiguration: { strategy: 'BLUE_GREEN', lifecycleHooks } }));
    begun.deploy(deploy);
    expect(await begun.until(() => last(begun).lifecycle?.hooks[0]?.status === 'AWAITING_ACTION')).toBe(true);
    await begun.pass(9 * minuteMs);
    expect(last(begun)).toMatchObject({ status: 'IN_PROGRESS', lifecycle: { stage: 'POST_SCALE_UP' } });
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun).status).toBe(status);
  });
});

describe.each(['BLUE_GREEN', 'CANARY', 'LINEAR'] as const)('a %s deployment that an alarm watches', (strategy) => {
  const watching: DeploymentConfiguration = {
    strategy,
    bakeTimeInMinutes: 1,
    ...(strategy === 'CANARY' ? { canaryConfiguration: { canaryPercent: 50, canaryBakeTimeInMinutes: 0 } } : {}),
    ...(strategy === 'LINEAR' ? { linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 0 } } : {}),
    alarms: { alarmNames: ['errors'], enable: true, rollback: true },
  };

  it('turns back, in its bake time as well', async () => {
    const begun = await world(watching);
    setAlarm(begun, 'errors', 'OK');
    begun.deploy({ desired: 2 });
    expect(await begun.until(() => last(begun).lifecycle?.stage === 'BAKE_TIME')).toBe(true);
    setAlarm(begun, 'errors', 'ALARM');
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun)).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      statusReason: 'Service deployment rolled back because of the CloudWatch alarms that were triggered: errors.',
      alarms: { status: 'TRIGGERED', triggered: ['errors'] },
    });
    await left(begun, 0);
  });

  it('is done when the alarm is silent', async () => {
    const begun = await world(watching);
    setAlarm(begun, 'errors', 'OK');
    begun.deploy({ desired: 2 });
    expect(await begun.until(over(begun))).toBe(true);
    expect(last(begun)).toMatchObject({ status: 'SUCCESSFUL', alarms: { status: 'MONITORING_COMPLETE' } });
    await left(begun, 1);
  });
});
