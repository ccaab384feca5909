import { describe, expect, it } from 'vitest';
import type { Ctx } from '../../src/aws/handlers.ts';
import { AwsError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { capacityProviderLoop } from '../../src/control/capacity-providers/loop.ts';
import { reservationOf, type ObservedCapacity } from '../../src/control/capacity-providers/plan.ts';
import { runLoop } from '../../src/control/loop.ts';
import { serviceLoop } from '../../src/control/services/loop.ts';
import { taskLoop } from '../../src/control/tasks/loop.ts';
import type { Instance } from '../../src/model/ec2/instance.ts';
import type { ContainerInstance } from '../../src/model/ecs/container-instance.ts';
import type { Task, TaskContainer } from '../../src/model/ecs/task.ts';
import type { Machine } from '../../src/model/fleet/machine.ts';
import { ecsHandlers } from '../../src/services/ecs/handlers.ts';
import { autoScalingGroups, groupInstances, scalingActivities } from '../../src/store/tables/autoscaling.ts';
import { instances } from '../../src/store/tables/ec2.ts';
import { capacityProviders, containerInstances, tasks } from '../../src/store/tables/ecs.ts';
import { machines } from '../../src/store/tables/fleet.ts';
import { Scene } from './scene.ts';

const clusterArn = 'arn:aws:ecs:us-east-1:000000000000:cluster/demo';

/** A cluster `demo` whose capacity provider `fleet` is the group `web`; agents that register, run what they are given and stop it. */
class Cluster extends Scene {
  constructor(managed: object = {}, group: object = {}) {
    super();
    const { store } = this;
    const deps = { store, clock: this.clock, ids: this.ids, log: silentLog, publicPool: '100.127.0.0/24' };
    for (const loop of [capacityProviderLoop(deps), serviceLoop(deps), taskLoop(deps)]) runLoop(loop, deps);
    store.watch([instances, tasks], ({ changes }) => {
      for (const { table, after } of changes) {
        if (after === undefined) continue;
        this.clock.after(1_000, () =>
          table === instances.name ? this.#register(after as Instance) : this.#run(after as Task),
        );
      }
    });
    this.group({ MaxSize: 5, ...group });
    this.ecs('CreateCapacityProvider', {
      name: 'fleet',
      autoScalingGroupProvider: { autoScalingGroupArn: 'web', managedScaling: { status: 'ENABLED' }, ...managed },
    });
    this.ecs('CreateCluster', {
      clusterName: 'demo',
      capacityProviders: ['fleet', 'FARGATE'],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'fleet', weight: 1 }],
    });
    this.ecs('RegisterTaskDefinition', {
      family: 'web',
      requiresCompatibilities: ['EC2'],
      containerDefinitions: [{ name: 'web', image: 'web', memory: 400 }],
    });
  }

  ecs(name: string, input: object): Record<string, unknown> {
    const deps = { store: this.store, clock: this.clock, ids: this.ids, log: silentLog, publicPool: '100.127.0.0/24' };
    const handlers = ecsHandlers(deps) as Record<string, ((input: object, ctx: Ctx) => unknown) | undefined>;
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`${name} is not served`);
    return handler(input, this.ctx) as Record<string, unknown>;
  }

  ecsRefusal(name: string, input: object): string {
    try {
      this.ecs(name, input);
    } catch (error) {
      if (error instanceof AwsError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return `${name} was not refused`;
  }

  live(): Task[] {
    return this.store.list(tasks).filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }

  desired(): number {
    return this.store.list(autoScalingGroups)[0]?.desiredCapacity ?? -1;
  }

  #register({ id }: Instance): void {
    const { store } = this;
    const instance = store.get(instances, id);
    const arn = `${clusterArn.replace(':cluster/', ':container-instance/')}/${id}`;
    store.transact((tx) => {
      if (instance?.state === 'running' && tx.get(containerInstances, arn) === undefined) {
        tx.put(machines, { id, isInstance: true, connected: true, attributes: [] } as unknown as Machine);
        const row = {
          account: instance.account,
          region: instance.region,
          arn,
          id,
          clusterArn,
          ec2InstanceId: id,
          machineId: id,
          status: 'ACTIVE',
          availabilityZone: instance.availabilityZone,
          taskInterfaces: 1,
          resources: { cpu: 1024, memory: 983, ports: [] },
          attributes: [{ name: 'com.amazonaws.ecs.capability.docker-remote-api.1.18' }],
          versionInfo: {},
          tags: [],
          registeredAt: this.clock.now(),
          version: 1,
        } satisfies ContainerInstance;
        tx.put(containerInstances, row);
      }
      if (instance?.state === 'terminated') {
        tx.update(containerInstances, arn, (row): ContainerInstance => ({ ...row, status: 'INACTIVE' }));
      }
    });
  }

  #run({ arn }: Task): void {
    const task = this.store.get(tasks, arn);
    if (task === undefined) return;
    const status: 'RUNNING' | 'STOPPED' | undefined =
      task.desiredStatus === 'STOPPED' && task.lastStatus === 'STOPPING'
        ? 'STOPPED'
        : task.lastStatus === 'PENDING'
          ? 'RUNNING'
          : undefined;
    if (status === undefined || task.reported.status === status) return;
    this.store.transact((tx) =>
      tx.put(tasks, {
        ...task,
        reported: { ...task.reported, status, ran: true },
        containers: task.containers.map((one): TaskContainer => ({ ...one, lastStatus: status })),
      }),
    );
  }
}

describe('CapacityProviderReservation', () => {
  const instance = (state: string, busy: boolean, ready = true) => ({
    row: { state, launchedAt: 0, instanceId: 'i' },
    busy,
    ready,
  });
  it.each([
    ['nothing there, nothing needed', [], [], 100],
    ['nothing there, something needed', [], [{ count: 1, perInstance: 2 }], 200],
    ['all are busy', [instance('InService', true)], [], 100],
    ['half of them are', [instance('InService', true), instance('InService', false)], [], 50],
    ['none is', [instance('InService', false)], [], 0],
    ['one that leaves does not count', [instance('InService', true), instance('Terminating', true)], [], 100],
    ['tasks wait', [instance('InService', true)], [{ count: 5, perInstance: 2 }], 400],
    [
      'the largest kind counts',
      [instance('InService', true)],
      [
        { count: 1, perInstance: 2 },
        { count: 4, perInstance: 2 },
      ],
      300,
    ],
    ['what fits on none counts for nothing', [instance('InService', true)], [{ count: 5, perInstance: 0 }], 100],
    [
      'they come already',
      [instance('InService', true), instance('Pending', false, false)],
      [{ count: 2, perInstance: 2 }],
      100,
    ],
  ])('%s', (_, all, waiting, percent) => {
    const observed = {
      provider: { managedScaling: { instanceWarmupPeriod: 300 } },
      instances: all,
      waiting,
    } as unknown as ObservedCapacity;
    expect(reservationOf(observed, 1_000).percent).toBe(percent);
  });
});

describe('a service of a capacity provider', () => {
  it('makes instances appear, and lets them go after a quarter of an hour', async () => {
    const cluster = new Cluster();
    cluster.ecs('CreateService', { cluster: 'demo', serviceName: 'web', taskDefinition: 'web', desiredCount: 3 });
    await cluster.pass(2_000);
    expect(cluster.live().map(({ lastStatus, capacityProviderName }) => [lastStatus, capacityProviderName])).toEqual(
      Array.from({ length: 3 }, () => ['PROVISIONING', 'fleet']),
    );
    // Two fit on each.
    expect(cluster.desired()).toBe(2);
    await cluster.pass(60_000);
    expect(cluster.live().map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
    expect(new Set(cluster.live().map(({ containerInstanceArn }) => containerInstanceArn)).size).toBe(2);
    expect(cluster.activities()[0]?.cause).toMatch(
      /^At \S+Z Amazon ECS managed scaling of capacity provider fleet \(CapacityProviderReservation 200, target 100\) changing the desired capacity from 0 to 2\. /,
    );
    cluster.ecs('UpdateService', { cluster: 'demo', service: 'web', desiredCount: 0 });
    await cluster.pass(14 * 60_000);
    expect(cluster.desired()).toBe(2);
    await cluster.pass(3 * 60_000);
    expect(cluster.desired()).toBe(0);
    expect(cluster.states()).toEqual({});
    expect(cluster.live()).toEqual([]);
    expect(cluster.store.list(scalingActivities).every(({ status }) => status === 'Successful')).toBe(true);
  });

  it('keeps instances with tasks, and moves tasks off those that go', async () => {
    const cluster = new Cluster(
      { managedTerminationProtection: 'ENABLED' },
      { NewInstancesProtectedFromScaleIn: true },
    );
    cluster.ecs('CreateService', { cluster: 'demo', serviceName: 'web', taskDefinition: 'web', desiredCount: 4 });
    // Until its tasks count as healthy: before, none of them has to be replaced first.
    await cluster.pass(120_000);
    const [first = ''] = cluster.inService();
    // Somebody ends an instance by hand: it is drained first.
    cluster.call('TerminateInstanceInAutoScalingGroup', { InstanceId: first, ShouldDecrementDesiredCapacity: false });
    await cluster.pass(5_000);
    expect(cluster.states()[first]).toBe('Terminating:Wait');
    await cluster.pass(120_000);
    expect(cluster.states()[first]).toBeUndefined();
    const running = cluster.live().filter(({ lastStatus }) => lastStatus === 'RUNNING');
    expect(running).toHaveLength(4);
    expect(running.some(({ machineId }) => machineId === first)).toBe(false);
    // One task is left: its instance stays, whatever the policy would have chosen.
    cluster.ecs('UpdateService', { cluster: 'demo', service: 'web', desiredCount: 1 });
    await cluster.pass(20 * 60_000);
    const [last] = cluster.live();
    expect(cluster.inService()).toEqual([last?.machineId]);
    expect(cluster.store.get(groupInstances, last?.machineId ?? '')?.protectedFromScaleIn).toBe(true);
  });

  it('grows in steps, and no further than its group may', async () => {
    const cluster = new Cluster({ managedScaling: { status: 'ENABLED', maximumScalingStepSize: 1 } });
    cluster.ecs('RunTask', { cluster: 'demo', taskDefinition: 'web', count: 6 });
    await cluster.pass(1_000);
    expect(cluster.desired()).toBe(1);
    await cluster.pass(300_000);
    expect(cluster.desired()).toBe(3);
    cluster.ecs('RunTask', { cluster: 'demo', taskDefinition: 'web', count: 10 });
    await cluster.pass(600_000);
    expect(cluster.desired()).toBe(5);
    expect(cluster.live().filter(({ lastStatus }) => lastStatus === 'RUNNING')).toHaveLength(10);
    expect(cluster.live().filter(({ lastStatus }) => lastStatus === 'PROVISIONING')).toHaveLength(6);
  });

  it('fails where nobody sizes the group', async () => {
    const cluster = new Cluster({ managedScaling: { status: 'DISABLED' } });
    expect(cluster.ecsRefusal('RunTask', { cluster: 'demo', taskDefinition: 'web' })).toBe(
      'InvalidParameterException: No Container Instances were found in your capacity provider.',
    );
    cluster.call('SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
    await cluster.pass(60_000);
    expect(cluster.ecs('RunTask', { cluster: 'demo', taskDefinition: 'web', count: 3 })['failures']).toMatchObject([
      { reason: 'RESOURCE:MEMORY' },
    ]);
    await cluster.pass(5_000);
    expect(cluster.live().map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING', 'RUNNING']);
  });
});

it('is kept while it is used, and refuses what cannot be', () => {
  const cluster = new Cluster();
  const inUse = 'ResourceInUseException: The specified capacity provider is in use and cannot be removed.';
  expect(cluster.ecsRefusal('DeleteCapacityProvider', { capacityProvider: 'fleet' })).toBe(inUse);
  const group = { autoScalingGroupProvider: { autoScalingGroupArn: 'web' } };
  expect(cluster.ecsRefusal('CreateCapacityProvider', { name: 'other', ...group })).toContain('already being used');
  expect(cluster.ecsRefusal('CreateCapacityProvider', { name: 'fargate-1', ...group })).toContain('name is invalid');
  const protection = { managedTerminationProtection: 'ENABLED' };
  expect(
    cluster.ecsRefusal('UpdateCapacityProvider', { name: 'fleet', autoScalingGroupProvider: protection }),
  ).toContain('must have instance protection from scale in enabled.');
  const mixed = [
    { capacityProvider: 'fleet', weight: 1 },
    { capacityProvider: 'FARGATE', weight: 1 },
  ];
  expect(
    cluster.ecsRefusal('RunTask', { cluster: 'demo', taskDefinition: 'web', capacityProviderStrategy: mixed }),
  ).toContain('cannot contain both');
  cluster.ecs('PutClusterCapacityProviders', {
    cluster: 'demo',
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
  });
  cluster.ecs('DeleteCapacityProvider', { capacityProvider: 'fleet' });
  expect(cluster.store.list(capacityProviders)).toEqual([]);
});
