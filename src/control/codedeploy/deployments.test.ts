import type * as sdk from '@aws-sdk/client-codedeploy';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../../test/simulation/scripted-agent.ts';
import { alternateTargetGroupArn, targetGroupArn, World } from '../../../test/simulation/world.ts';
import { silentLog } from '../../base/log.ts';
import { codeDeployHandlers } from '../../services/codedeploy/handlers.ts';
import { taskSetReader } from '../../services/ecs/task-set-spec.ts';
import { callerIn } from '../../services/testing.ts';
import { clusters, taskSets } from '../../store/tables/ecs.ts';
import { listeners, loadBalancers, rules, targets } from '../../store/tables/elbv2.ts';
import { makePrimary } from '../../store/task-sets.ts';

// CodeDeploy's own operations on a control plane in simulated time, with its loops, load balancer and scripted machine.

const minuteMs = 60_000;
const ctx = callerIn();
const production = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/web/1/production';
const testing = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/web/1/testing';
const hookUrl = 'http://127.0.0.1:9/hook';
const clusterArn = 'arn:aws:ecs:us-east-1:000000000000:cluster/default';

/** A service of two tasks that CodeDeploy deploys, at rest, with an application and a deployment group `web`. */
class Scene {
  readonly world: World;
  /** The shares of production traffic that the alternate target group had. */
  readonly shares: number[] = [];
  /** What was seen that must not be. */
  readonly faults: string[] = [];

  private constructor(world: World) {
    this.world = world;
  }

  static async begin(group: Partial<sdk.CreateDeploymentGroupInput> = {}): Promise<Scene> {
    const scene = new Scene(await World.begin());
    const { world } = scene;
    world.createExternalService({ desired: 2 });
    world.update((service) => ({ ...service, deploymentController: 'CODE_DEPLOY' }));
    scene.#furnish();
    const first = world.createTaskSet('ok', 100, targetGroupArn);
    world.store.transact((tx) => makePrimary(tx, first, world.clock.now()));
    const steady = (): boolean => world.store.get(taskSets, first.arn)?.stabilityStatus === 'STEADY_STATE';
    expect(await world.until(steady)).toBe(true);
    const api = scene.api();
    await api.CreateApplication({ applicationName: 'web', computePlatform: 'ECS' }, ctx);
    await api.CreateDeploymentGroup(
      {
        applicationName: 'web',
        deploymentGroupName: 'web',
        serviceRoleArn: 'arn:aws:iam::000000000000:role/deploy',
        deploymentStyle: { deploymentType: 'BLUE_GREEN', deploymentOption: 'WITH_TRAFFIC_CONTROL' },
        blueGreenDeploymentConfiguration: {
          deploymentReadyOption: { actionOnTimeout: 'CONTINUE_DEPLOYMENT' },
          terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE' },
        },
        loadBalancerInfo: {
          targetGroupPairInfoList: [
            {
              targetGroups: [{ name: 'web' }, { name: 'alternate' }],
              prodTrafficRoute: { listenerArns: [production] },
              testTrafficRoute: { listenerArns: [testing] },
            },
          ],
        },
        ecsServices: [{ clusterName: 'default', serviceName: 'web' }],
        ...group,
      },
      ctx,
    );
    scene.watch();
    return scene;
  }

  /** The operations, on the control plane as it is now. */
  api() {
    const { store, clock, ids } = this.world;
    const deps = { store, clock, ids, log: silentLog, publicPool: '100.127.0.0/24' };
    const readObject = (): Promise<never> => Promise.reject(new Error('there is no S3 here'));
    const handlers = codeDeployHandlers({ ...deps, readObject, readTaskSet: taskSetReader(deps) });
    return handlers as Required<typeof handlers>;
  }

  /** Notes the shares of production traffic, and whether who gets any has two healthy targets. */
  watch(): void {
    this.world.store.watch([rules], ({ changes }) => {
      if (!changes.some(({ key }) => key === 'production')) return;
      const weights = this.weights('production');
      const share = weights[1] ?? 0;
      if (this.shares.at(-1) !== share) this.shares.push(share);
      for (const [index, group] of [targetGroupArn, alternateTargetGroupArn].entries()) {
        if ((weights[index] ?? 0) === 0) continue;
        const healthy = this.world.store
          .by(targets, 'targetGroup', group)
          .filter(({ health, drainingSince }) => health.state === 'healthy' && drainingSince === undefined);
        if (healthy.length < 2) this.faults.push(`${healthy.length} healthy targets in ${group} at ${share} %`);
      }
    });
  }

  weights(rule: string): number[] {
    const [action] = this.world.store.get(rules, rule)?.actions ?? [];
    const tuples = action?.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: action?.TargetGroupArn, Weight: 100 }];
    return [targetGroupArn, alternateTargetGroupArn].map(
      (group) => tuples.find(({ TargetGroupArn }) => TargetGroupArn === group)?.Weight ?? 0,
    );
  }

  async deploy(image: Behaviour = 'ok', hooks: object[] = []): Promise<string> {
    const { arn } = this.world.define(image);
    const content = JSON.stringify({
      version: 0,
      Resources: [
        {
          TargetService: {
            Type: 'AWS::ECS::Service',
            Properties: { TaskDefinition: arn, LoadBalancerInfo: { ContainerName: 'web', ContainerPort: 80 } },
          },
        },
      ],
      Hooks: hooks,
    });
    const { deploymentId = '' } = await this.api().CreateDeployment(
      {
        applicationName: 'web',
        deploymentGroupName: 'web',
        revision: { revisionType: 'AppSpecContent', appSpecContent: { content } },
      },
      ctx,
    );
    return deploymentId;
  }

  async get(deploymentId: string): Promise<sdk.DeploymentInfo> {
    const { deploymentInfo } = await this.api().GetDeployment({ deploymentId }, ctx);
    if (deploymentInfo === undefined) throw new Error('there is no such deployment');
    return deploymentInfo;
  }

  async target(deploymentId: string): Promise<sdk.ECSTarget> {
    const asked = { deploymentId, targetId: 'default:web' };
    const { deploymentTarget } = await this.api().GetDeploymentTarget(asked, ctx);
    return deploymentTarget?.ecsTarget ?? {};
  }

  /** Resolves once a deployment has come to that. */
  async until(deploymentId: string, status: string, withinMs = 300_000): Promise<void> {
    let at: string | undefined;
    for (let passed = 0; passed <= withinMs && at !== status; passed += 500) {
      at = (await this.get(deploymentId)).status;
      if (at !== status) await this.world.pass(500);
    }
    expect(at).toBe(status);
  }

  /** Resolves once nothing is left but two tasks of the PRIMARY task set. */
  async alone(): Promise<void> {
    const { world } = this;
    const alone = (): boolean => world.store.count(taskSets) === 1 && world.live().length === 2;
    expect(await world.until(alone)).toBe(true);
  }

  #furnish(): void {
    this.world.store.transact((tx) => {
      const [balancer] = tx.list(loadBalancers);
      tx.put(clusters, {
        account: ctx.account,
        region: ctx.region,
        arn: clusterArn,
        name: 'default',
        status: 'ACTIVE',
        createdAt: 0,
        settings: [],
        capacityProviders: [],
        defaultCapacityProviderStrategy: [],
        tags: [],
      });
      for (const [name, arn, port] of [
        ['production', production, 8080],
        ['testing', testing, 8081],
      ] as const) {
        const scoped = { account: ctx.account, region: ctx.region, tags: [] };
        tx.put(listeners, {
          ...scoped,
          arn,
          loadBalancerArn: balancer?.arn ?? '',
          protocol: 'HTTP',
          port,
          certificates: [],
          attributes: {},
        });
        tx.put(rules, {
          ...scoped,
          arn: name,
          listenerArn: arn,
          priority: 'default',
          conditions: [],
          actions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
        });
      }
    });
  }
}

const canary = { deploymentConfigName: 'CodeDeployDefault.ECSCanary10Percent5Minutes' };
const rollsBack = { autoRollbackConfiguration: { enabled: true, events: ['DEPLOYMENT_FAILURE' as const] } };

describe('a deployment of CodeDeploy', () => {
  it('takes a service from one target group to the other, and the next one back', async () => {
    const scene = await Scene.begin();
    const first = await scene.deploy();
    await scene.until(first, 'Succeeded');
    await scene.alone();
    expect(scene.weights('production')).toEqual([0, 100]);
    expect(scene.weights('testing')).toEqual([0, 100]);
    const { lifecycleEvents, taskSetsInfo, status } = await scene.target(first);
    expect(lifecycleEvents?.map((event) => event.status)).toEqual(Array.from({ length: 8 }, () => 'Succeeded'));
    expect(status).toBe('Succeeded');
    expect(taskSetsInfo).toMatchObject([
      { taskSetLabel: 'Blue', trafficWeight: 0, targetGroup: { name: 'web' }, runningCount: 2 },
      { taskSetLabel: 'Green', trafficWeight: 100, targetGroup: { name: 'alternate' }, status: 'PRIMARY' },
    ]);
    const second = await scene.deploy();
    await scene.until(second, 'Succeeded');
    await scene.alone();
    expect(scene.weights('production')).toEqual([100, 0]);
    expect(scene.faults).toEqual([]);
    expect(scene.world.agent.faults).toEqual([]);
  });

  it('shifts as its configuration says, and keeps the original until it may go', async () => {
    const scene = await Scene.begin({
      ...canary,
      blueGreenDeploymentConfiguration: {
        deploymentReadyOption: { actionOnTimeout: 'STOP_DEPLOYMENT', waitTimeInMinutes: 30 },
        terminateBlueInstancesOnDeploymentSuccess: { action: 'TERMINATE', terminationWaitTimeInMinutes: 60 },
      },
    });
    const id = await scene.deploy();
    await scene.until(id, 'Ready');
    expect(scene.weights('testing')).toEqual([0, 100]);
    expect(scene.shares.at(-1)).toBe(0);
    await scene.api().ContinueDeployment({ deploymentId: id, deploymentWaitType: 'READY_WAIT' }, ctx);
    await scene.world.pass(4 * minuteMs);
    expect(scene.weights('production')).toEqual([90, 10]);
    await scene.world.pass(2 * minuteMs);
    expect(scene.weights('production')).toEqual([0, 100]);
    expect(await scene.get(id)).toMatchObject({ status: 'InProgress', instanceTerminationWaitTimeStarted: true });
    expect(scene.world.agent.running()).toHaveLength(4);
    await scene.api().ContinueDeployment({ deploymentId: id, deploymentWaitType: 'TERMINATION_WAIT' }, ctx);
    await scene.until(id, 'Succeeded');
    await scene.alone();
    expect(scene.shares).toEqual([0, 10, 100]);
    expect(scene.faults).toEqual([]);
  });

  it('asks its hooks by their URLs, and rolls back when one reports that it failed', async () => {
    const scene = await Scene.begin(rollsBack);
    const asked: object[] = [];
    scene.world.onHook = async (target, event) => {
      asked.push({ target, ...event });
      const { DeploymentId: deploymentId, LifecycleEventHookExecutionId } = event as Record<string, string>;
      const status = asked.length === 1 ? 'Succeeded' : 'Failed';
      const execution = { deploymentId, lifecycleEventHookExecutionId: LifecycleEventHookExecutionId, status } as const;
      await scene.api().PutLifecycleEventHookExecutionStatus(execution, ctx);
      return undefined;
    };
    const id = await scene.deploy('ok', [{ AfterAllowTestTraffic: hookUrl }, { AfterAllowTraffic: hookUrl }]);
    await scene.until(id, 'Failed');
    expect(asked).toHaveLength(2);
    const { rollbackInfo, errorInformation } = await scene.get(id);
    expect(errorInformation?.code).toBe('HOOK_EXECUTION_FAILURE');
    await scene.until(rollbackInfo?.rollbackDeploymentId ?? '', 'Succeeded');
    await scene.alone();
    expect(scene.shares).toEqual([0, 100, 0]);
    expect(scene.weights('testing')).toEqual([100, 0]);
    expect(scene.faults).toEqual([]);
    expect(scene.world.agent.faults).toEqual([]);
  });

  it('fails with a hook that cannot be called', async () => {
    const scene = await Scene.begin();
    scene.world.onHook = () => Promise.reject(new Error('nobody is there'));
    const id = await scene.deploy('ok', [{ BeforeInstall: hookUrl }]);
    await scene.until(id, 'Failed');
    expect(scene.world.store.count(taskSets)).toBe(1);
  });

  it('takes away what never became healthy when it is stopped and rolled back', async () => {
    const scene = await Scene.begin();
    const id = await scene.deploy('crash');
    await scene.world.pass(minuteMs);
    expect(await scene.get(id)).toMatchObject({ status: 'InProgress' });
    await expect(scene.deploy()).rejects.toThrow(`The Deployment Group 'web' already has an active Deployment '${id}'`);
    await scene.api().StopDeployment({ deploymentId: id, autoRollbackEnabled: true }, ctx);
    const { rollbackInfo, status } = await scene.get(id);
    expect(status).toBe('Stopped');
    await scene.until(rollbackInfo?.rollbackDeploymentId ?? '', 'Succeeded');
    await scene.alone();
    expect(scene.shares).toEqual([0]);
  });

  it('is put in order by the next one when it was stopped in the middle of a shift', async () => {
    const scene = await Scene.begin(canary);
    const id = await scene.deploy();
    const shifted = (): boolean => scene.weights('production')[1] === 10;
    expect(await scene.world.until(shifted)).toBe(true);
    await scene.api().StopDeployment({ deploymentId: id }, ctx);
    await scene.world.pass(minuteMs);
    expect(scene.weights('production')).toEqual([90, 10]);
    expect(scene.world.agent.running()).toHaveLength(4);
    await scene.until(await scene.deploy(), 'Succeeded', 600_000);
    await scene.alone();
    expect(scene.shares).toEqual([0, 10, 0, 10, 100]);
    expect(scene.faults).toEqual([]);
    expect(scene.world.agent.faults).toEqual([]);
  });

  it('outlives the control plane at any moment', async () => {
    const scene = await Scene.begin(canary);
    const id = await scene.deploy();
    const { world } = scene;
    await world.store.flushed();
    for (let turn = 0; turn < 60; turn += 1) {
      await world.pass(300);
      world.crash();
      world.start();
      scene.watch();
      world.connect();
      await world.settle();
    }
    await scene.until(id, 'Succeeded', 900_000);
    await scene.alone();
    expect(scene.weights('production')).toEqual([0, 100]);
    expect(scene.faults).toEqual([]);
  });
});
