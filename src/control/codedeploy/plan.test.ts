import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededIds } from '../../base/ids.ts';
import type { CodeDeployment } from '../../model/codedeploy/deployment.ts';
import { pendingEvents } from '../../model/codedeploy/lifecycle-event.ts';
import { nextShare, predefinedRoutings, type TrafficRouting } from '../../model/codedeploy/traffic-routing.ts';
import type { Service } from '../../model/ecs/service.ts';
import { newTaskSet, type TaskSet } from '../../model/ecs/task-set.ts';
import type { Rule } from '../../model/elbv2/load-balancing.ts';
import { withWeights } from '../../model/elbv2/shift.ts';
import type { Applied } from '../../model/fleet/machine.ts';
import { failures } from './failures.ts';
import type { ObservedDeployment } from './observe.ts';
import { planDeployment, type DeploymentStep } from './plan.ts';
import { shiftedRules } from './routes.ts';

// The planner alone: a scene of plain values, to which its steps are done as `apply` and the machines would.

const scope = { account: '000000000000', region: 'us-east-1' };
const minuteMs = 60_000;
const hour = 60 * minuteMs;
const hookUrl = 'http://127.0.0.1:9/hook';

const service: Service = {
  ...scope,
  arn: 'service',
  name: 'web',
  clusterArn: 'arn:aws:ecs:us-east-1:000000000000:cluster/default',
  status: 'ACTIVE',
  schedulingStrategy: 'REPLICA',
  deploymentController: 'CODE_DEPLOY',
  deploymentConfiguration: {},
  desiredCount: 2,
  deployments: [],
  serviceRegistries: [],
  placementConstraints: [],
  placementStrategy: [],
  availabilityZoneRebalancing: 'DISABLED',
  enableECSManagedTags: false,
  propagateTags: 'NONE',
  enableExecuteCommand: false,
  createdAt: 0,
  createdBy: 'root',
  tags: [],
  events: [],
  throttle: { consecutiveFailures: 0, retryAt: 0 },
};

interface Options {
  readonly routing?: TrafficRouting;
  readonly hooks?: NonNullable<CodeDeployment['work']>['hooks'];
  readonly waits?: Partial<NonNullable<CodeDeployment['work']>['waits']>;
  readonly test?: boolean;
  readonly rollback?: boolean;
  readonly ignoresUnknown?: boolean;
}

/** A deployment, the task sets of its service and the rules of a load balancer that does at once as it is told, unless it is `away`. */
class Scene {
  readonly ids = seededIds(1);
  now = 1_000;
  deployments: CodeDeployment[];
  taskSets: TaskSet[];
  rules: Record<'production' | 'test', Rule>;
  away = false;
  unstable = false;
  alarms: ObservedDeployment['alarms'] = [];
  gone = false;
  /** The shares of production traffic that the replacement had. */
  readonly shares: number[] = [];

  constructor({
    routing = { type: 'AllAtOnce' },
    hooks = {},
    waits = {},
    test = true,
    rollback = false,
    ignoresUnknown = false,
  }: Options = {}) {
    const spec = { taskDefinitionArn: 'web:2', launchType: 'FARGATE' as const };
    const entry = { containerName: 'web', containerPort: 80 };
    const blue = newTaskSet(
      service,
      { ...spec, taskDefinitionArn: 'web:1', loadBalancers: [{ ...entry, targetGroupArn: 'group-1' }] },
      { status: 'PRIMARY', scale: { value: 100, unit: 'PERCENT' } },
      this.ids,
      0,
    );
    this.taskSets = [{ ...blue, stabilityStatus: 'STEADY_STATE' }];
    const rule = (name: string): Rule => ({
      ...scope,
      arn: name,
      listenerArn: `listener-${name}`,
      priority: 'default',
      conditions: [],
      actions: [{ Type: 'forward', TargetGroupArn: 'group-1' }],
      tags: [],
    });
    this.rules = { production: rule('production'), test: rule('test') };
    this.deployments = [
      {
        ...scope,
        id: 'd-ABCDEFGHI',
        applicationId: 'a',
        applicationName: 'a',
        groupId: 'g',
        groupName: 'g',
        configName: 'c',
        creator: 'user',
        revision: {},
        autoRollback: {
          enabled: rollback,
          events: rollback ? ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'] : [],
        },
        alarms: { enabled: true, ignoresUnknown, names: ['slow'] },
        serviceArn: service.arn,
        clusterName: 'default',
        serviceName: 'web',
        status: 'Created',
        createdAt: 0,
        events: pendingEvents(test),
        share: 0,
        work: {
          spec: { ...spec, loadBalancers: [entry] },
          hooks,
          routing,
          waits: { onReadyTimeout: 'CONTINUE_DEPLOYMENT', readyMinutes: 0, terminationMinutes: 0, ...waits },
          route: {
            targetGroups: ['group-1', 'group-2'],
            productionListenerArn: 'listener-production',
            ...(test ? { testListenerArn: 'listener-test' } : {}),
          },
        },
      },
    ];
  }

  get deployment(): CodeDeployment {
    const open = this.deployments.find(({ status }) => !['Succeeded', 'Failed', 'Stopped'].includes(status));
    const last = open ?? this.deployments.at(-1);
    if (last === undefined) throw new Error('there is no deployment');
    return last;
  }

  /** Where an event stands, or what the deployment has come to. */
  at(name: string): string | undefined {
    return this.deployment.events.find((event) => event.name === name)?.status;
  }

  /** The hook that is asked reports. */
  report(outcome: 'Succeeded' | 'Failed'): void {
    this.#write((row) => ({
      ...row,
      events: row.events.map((event) =>
        event.status === 'InProgress' && event.hook !== undefined
          ? { ...event, hook: { ...event.hook, outcome } }
          : event,
      ),
    }));
  }

  continue(continued: NonNullable<CodeDeployment['continued']>): void {
    this.#write((row) => ({ ...row, continued: { ...row.continued, ...continued } }));
  }

  /** Plans until nothing more is done, passing time where the plan asks for it and `ms` allows. */
  run(ms = 0): void {
    const end = this.now + ms;
    for (let turn = 0; turn < 2_000; turn += 1) {
      const { steps, lookAt } = planDeployment(this.#observe(), this.now, this.ids);
      for (const step of steps) this.#do(step);
      if (!this.unstable) this.#settle();
      if (steps.length > 0) continue;
      if (['Succeeded', 'Failed', 'Stopped'].includes(this.deployment.status)) return;
      if (lookAt === undefined || lookAt > end) {
        this.now = end;
        return;
      }
      this.now = lookAt;
    }
    throw new Error('it never comes to rest');
  }

  #observe(): ObservedDeployment {
    const { deployment, rules } = this;
    const groups = deployment.work?.route.targetGroups ?? [];
    return {
      deployment,
      ...(this.gone ? {} : { service }),
      taskSets: this.taskSets,
      production: shiftedRules([rules.production], groups, ['group-1']),
      test: deployment.work?.route.testListenerArn === undefined ? [] : shiftedRules([rules.test], groups, groups),
      alarms: this.alarms,
      served: this.away ? [] : [applied([rules.production, rules.test])],
    };
  }

  #do(step: DeploymentStep): void {
    switch (step.kind) {
      case 'write':
        this.deployments = [
          ...this.deployments.filter(({ id }) => id !== step.deployment.id),
          step.deployment,
        ].toSorted((a, b) => a.createdAt - b.createdAt);
        break;
      case 'install':
        this.taskSets = [...this.taskSets, step.taskSet];
        break;
      case 'promote':
        this.taskSets = this.taskSets.map((one) =>
          one.status === 'DRAINING' ? one : { ...one, status: one.arn === step.taskSetArn ? 'PRIMARY' : 'ACTIVE' },
        );
        break;
      case 'drain':
        this.taskSets = this.taskSets.map((one) =>
          one.arn === step.taskSetArn ? { ...one, status: 'DRAINING' } : one,
        );
        break;
      case 'shift': {
        const name = step.shift.ruleArn as 'production' | 'test';
        this.rules = { ...this.rules, [name]: withWeights(this.rules[name], step.shift) };
        const share = step.shift.weights['group-2'] ?? 0;
        if (name === 'production' && this.shares.at(-1) !== share) this.shares.push(share);
        break;
      }
      default:
        step satisfies never;
    }
  }

  #settle(): void {
    this.taskSets = this.taskSets.map((one) => ({ ...one, stabilityStatus: 'STEADY_STATE' }));
  }

  #write(change: (row: CodeDeployment) => CodeDeployment): void {
    const { deployment } = this;
    this.deployments = this.deployments.map((row) => (row === deployment ? change(row) : row));
  }
}

function applied(rules: readonly Rule[]): Applied {
  return {
    kind: 'balancer',
    id: 'web',
    machineId: 'machine-1',
    at: 0,
    shares: rules.map(({ arn, actions }) => ({
      ruleArn: arn,
      targetGroups: (actions[0]?.ForwardConfig?.TargetGroups ?? []).map(({ TargetGroupArn = '', Weight = 1 }) => ({
        targetGroupArn: TargetGroupArn,
        weight: Weight,
      })),
    })),
  };
}

const statuses = (scene: Scene): string[] => scene.deployment.events.map(({ status }) => status);

describe('a deployment', () => {
  it('installs, shifts test traffic, then production, and takes the original away', () => {
    const scene = new Scene();
    scene.run();
    expect(scene.deployment.status).toBe('Succeeded');
    expect(statuses(scene)).toEqual(Array.from({ length: 8 }, () => 'Succeeded'));
    expect(scene.shares).toEqual([0, 100]);
    expect(scene.taskSets.map(({ status, loadBalancers }) => [status, loadBalancers[0]?.targetGroupArn])).toEqual([
      ['DRAINING', 'group-1'],
      ['PRIMARY', 'group-2'],
    ]);
    expect(scene.taskSets[1]).toMatchObject({
      taskDefinitionArn: 'web:2',
      startedBy: 'CODE_DEPLOY',
      externalId: 'd-ABCDEFGHI',
      scale: { value: 100, unit: 'PERCENT' },
    });
    expect(scene.deployment.taskSets?.map(({ label, trafficPercent }) => [label, trafficPercent])).toEqual([
      ['Blue', 0],
      ['Green', 100],
    ]);
  });

  it('has no events of test traffic without a test listener', () => {
    const scene = new Scene({ test: false });
    scene.run();
    expect(scene.deployment.events.map(({ name }) => name)).toEqual([
      'BeforeInstall',
      'Install',
      'AfterInstall',
      'BeforeAllowTraffic',
      'AllowTraffic',
      'AfterAllowTraffic',
    ]);
    expect(scene.deployment.status).toBe('Succeeded');
  });

  it.each([
    ['CodeDeployDefault.ECSAllAtOnce', [0, 100], 0],
    ['CodeDeployDefault.ECSLinear10PercentEvery1Minutes', [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 9],
    ['CodeDeployDefault.ECSLinear10PercentEvery3Minutes', [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 27],
    ['CodeDeployDefault.ECSCanary10Percent5Minutes', [0, 10, 100], 5],
    ['CodeDeployDefault.ECSCanary10Percent15Minutes', [0, 10, 100], 15],
  ] as const)('shifts production traffic as %s says', (name, shares, minutes) => {
    const scene = new Scene({ routing: predefinedRoutings[name] ?? { type: 'AllAtOnce' } });
    scene.run(hour);
    expect(scene.deployment.status).toBe('Succeeded');
    expect(scene.shares).toEqual(shares);
    expect(scene.now - 1_000).toBe(minutes * minuteMs);
  });

  it('waits for the replacement task set, an hour at most', () => {
    const scene = new Scene();
    scene.unstable = true;
    scene.run(hour - 1);
    expect(scene.at('Install')).toBe('InProgress');
    scene.run(1);
    expect(scene.deployment).toMatchObject({ status: 'Failed', error: failures.notHealthy });
    expect(statuses(scene)).toEqual(['Succeeded', 'Failed', ...Array.from({ length: 6 }, () => 'Skipped')]);
    expect(scene.shares).toEqual([0]);
  });

  it('goes no further while the load balancer has not done as it was told', () => {
    const scene = new Scene({ hooks: { AfterInstall: hookUrl } });
    scene.run();
    scene.away = true;
    scene.report('Succeeded');
    scene.run(hour);
    expect(scene.at('AllowTestTraffic')).toBe('InProgress');
    expect(scene.shares).toEqual([0]);
    scene.away = false;
    scene.run();
    expect(scene.deployment.status).toBe('Succeeded');
  });

  it('waits until it is continued, and before it terminates the original', () => {
    const waits = { onReadyTimeout: 'STOP_DEPLOYMENT', readyMinutes: 30, terminationMinutes: 60 } as const;
    const scene = new Scene({ waits });
    scene.run(29 * minuteMs);
    expect(scene.deployment.status).toBe('Ready');
    expect(scene.at('AfterAllowTestTraffic')).toBe('Succeeded');
    expect(scene.at('BeforeAllowTraffic')).toBe('Pending');
    scene.continue({ ready: true });
    scene.run(59 * minuteMs);
    expect(scene.deployment).toMatchObject({ status: 'InProgress', share: 100 });
    expect(scene.taskSets.map(({ status }) => status)).toEqual(['ACTIVE', 'PRIMARY']);
    scene.continue({ termination: true });
    scene.run();
    expect(scene.deployment.status).toBe('Succeeded');
    expect(scene.taskSets.map(({ status }) => status)).toEqual(['DRAINING', 'PRIMARY']);
  });

  it('stops when nobody continues it in time', () => {
    const scene = new Scene({ waits: { onReadyTimeout: 'STOP_DEPLOYMENT', readyMinutes: 30 } });
    scene.run(hour);
    expect(scene.deployment).toMatchObject({ status: 'Stopped', error: failures.notContinued(30) });
    expect(scene.shares).toEqual([0]);
  });

  it.each([
    'BeforeInstall',
    'AfterInstall',
    'AfterAllowTestTraffic',
    'BeforeAllowTraffic',
    'AfterAllowTraffic',
  ] as const)('asks the hook %s, and waits for what it reports', (name) => {
    const scene = new Scene({ hooks: { [name]: hookUrl } });
    scene.run(minuteMs);
    expect(scene.at(name)).toBe('InProgress');
    expect(scene.deployment.events.find((event) => event.name === name)?.hook?.target).toBe(hookUrl);
    scene.report('Succeeded');
    scene.run();
    expect(scene.deployment.status).toBe('Succeeded');
  });

  it.each([
    'BeforeInstall',
    'AfterInstall',
    'AfterAllowTestTraffic',
    'BeforeAllowTraffic',
    'AfterAllowTraffic',
  ] as const)('rolls back when the hook %s fails', (name) => {
    const scene = new Scene({ hooks: { [name]: hookUrl }, rollback: true });
    scene.run();
    scene.report('Failed');
    scene.run();
    const [failed, back] = scene.deployments;
    expect(failed).toMatchObject({
      status: 'Failed',
      error: failures.hookFailed,
      rollbackInfo: { rollbackDeploymentId: back?.id },
    });
    expect(back).toMatchObject({
      status: 'Succeeded',
      creator: 'codeDeployRollback',
      rollbackInfo: { rollbackTriggeringDeploymentId: failed?.id },
    });
    expect(scene.shares.at(-1)).toBe(0);
    expect(scene.taskSets.map(({ status }) => status)).toEqual(
      name === 'BeforeInstall' ? ['PRIMARY'] : ['PRIMARY', 'DRAINING'],
    );
    expect(scene.rules.test.actions[0]?.ForwardConfig?.TargetGroups?.map(({ Weight }) => Weight)).toEqual([100, 0]);
  });

  it('is stopped by an alarm, and rolled back', () => {
    const scene = new Scene({
      routing: { type: 'TimeBasedCanary', percent: 10, minutes: 5 },
      rollback: true,
    });
    scene.alarms = [{ name: 'slow', state: 'OK' }];
    scene.run(minuteMs);
    expect(scene.shares).toEqual([0, 10]);
    scene.alarms = [{ name: 'slow', state: 'ALARM' }];
    scene.run(minuteMs);
    const [stopped, back] = scene.deployments;
    expect(stopped).toMatchObject({ status: 'Stopped', error: failures.alarmed(['slow']) });
    expect(back).toMatchObject({ status: 'Succeeded', creator: 'codeDeployRollback' });
    expect(scene.shares).toEqual([0, 10, 0]);
    expect(scene.taskSets.map(({ status }) => status)).toEqual(['PRIMARY', 'DRAINING']);
  });

  it.each([
    [false, 'Stopped'],
    [true, 'Succeeded'],
  ])('with an alarm that there is not, and ignorePollAlarmFailure %s, is %s', (ignoresUnknown, status) => {
    const scene = new Scene({ ignoresUnknown });
    scene.alarms = [{ name: 'slow' }];
    scene.run();
    expect(scene.deployment.status).toBe(status);
  });

  it('does not wait for a hook longer than an hour', () => {
    const scene = new Scene({ hooks: { AfterInstall: hookUrl } });
    scene.run(hour);
    expect(scene.deployment).toMatchObject({ status: 'Failed', error: failures.hookSilent });
  });

  it('leaves everything as it is when it fails and is not to be rolled back; the next one puts it in order', () => {
    const scene = new Scene({ hooks: { AfterAllowTestTraffic: hookUrl } });
    scene.run();
    scene.report('Failed');
    scene.run();
    expect(scene.deployment.status).toBe('Failed');
    expect(scene.taskSets.map(({ status }) => status)).toEqual(['PRIMARY', 'ACTIVE']);
    const [next] = new Scene().deployments;
    if (next === undefined) throw new Error('there is no other');
    scene.deployments = [{ ...next, id: 'd-NEXT00000', createdAt: 5 }];
    scene.run();
    expect(scene.deployment.status).toBe('Succeeded');
    expect(scene.taskSets.map(({ status }) => status)).toEqual(['DRAINING', 'DRAINING', 'PRIMARY']);
  });

  it.each([
    ['the service is gone', (scene: Scene): void => void (scene.gone = true), 'ECS_UPDATE_ERROR'],
    ['there is no primary task set', (scene: Scene): void => void (scene.taskSets = []), 'ECS_UPDATE_ERROR'],
    [
      'production does not come from the primary target group',
      (scene: Scene): void => {
        const actions = [{ Type: 'forward' as const, TargetGroupArn: 'group-3' }];
        scene.rules = { ...scene.rules, production: { ...scene.rules.production, actions } };
      },
      'ELASTIC_LOAD_BALANCING_INVALID',
    ],
  ] as const)('fails when %s', (_, spoil, code) => {
    const scene = new Scene();
    spoil(scene);
    scene.run();
    expect(scene.deployment).toMatchObject({ status: 'Failed', error: { code } });
    expect(scene.taskSets.every(({ status }) => status === 'PRIMARY')).toBe(true);
  });
});

const routings: fc.Arbitrary<TrafficRouting> = fc.oneof(
  fc.constant({ type: 'AllAtOnce' } as const),
  fc.record({
    type: fc.constantFrom('TimeBasedCanary' as const, 'TimeBasedLinear' as const),
    percent: fc.integer({ min: 1, max: 99 }),
    minutes: fc.integer({ min: 1, max: 10 }),
  }),
);

describe('shifting', () => {
  it('only ever gives the replacement more, never by more than is said, and all in the end', () => {
    fc.assert(
      fc.property(routings, (routing) => {
        const shares = [0];
        for (let share = 0; share < 100; share = shares.at(-1) ?? 100) shares.push(nextShare(routing, share));
        expect(shares.at(-1)).toBe(100);
        for (const [index, share] of shares.slice(1).entries()) {
          const more = share - (shares[index] ?? 0);
          expect(more).toBeGreaterThan(0);
          if (routing.type === 'TimeBasedLinear') expect(more).toBeLessThanOrEqual(routing.percent);
        }
        expect(shares.length).toBe(
          routing.type === 'AllAtOnce'
            ? 2
            : routing.type === 'TimeBasedCanary'
              ? 3
              : Math.ceil(100 / routing.percent) + 1,
        );
      }),
    );
  });

  it('never sends traffic to a task set that is not steady or drains, whatever hooks say and whoever stops waiting', () => {
    const hook = fc.constantFrom('Succeeded', 'Failed', 'silent');
    fc.assert(
      fc.property(
        routings,
        fc.boolean(),
        fc.boolean(),
        fc.array(hook, { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 0, max: 3 }),
        (routing, test, rollback, reports, terminationMinutes) => {
          const hooks = { BeforeInstall: hookUrl, AfterInstall: hookUrl, AfterAllowTraffic: hookUrl };
          const scene = new Scene({ routing, test, rollback, hooks, waits: { terminationMinutes } });
          for (const report of reports) {
            scene.run(report === 'silent' ? 100 * hour : 2 * minuteMs);
            if (report !== 'silent') scene.report(report);
            check(scene);
          }
          scene.run(1_000 * hour);
          check(scene);
          expect(['Succeeded', 'Failed', 'Stopped']).toContain(scene.deployment.status);
          const primary = scene.taskSets.filter(({ status }) => status === 'PRIMARY');
          expect(primary).toHaveLength(1);
          if (rollback || scene.deployment.status === 'Succeeded') {
            expect(scene.taskSets.filter(({ status }) => status === 'ACTIVE')).toEqual([]);
          }
        },
      ),
    );
  });
});

/** Whoever has production traffic stands and is steady. */
function check(scene: Scene): void {
  const { TargetGroups } = scene.rules.production.actions[0]?.ForwardConfig ?? {};
  for (const { TargetGroupArn, Weight = 1 } of TargetGroups ?? []) {
    if (Weight === 0) continue;
    const behind = scene.taskSets.filter(
      ({ loadBalancers, status }) => loadBalancers[0]?.targetGroupArn === TargetGroupArn && status !== 'DRAINING',
    );
    expect(behind.map(({ stabilityStatus }) => stabilityStatus)).toContain('STEADY_STATE');
  }
}
