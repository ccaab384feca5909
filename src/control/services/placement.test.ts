import { beforeEach, describe, expect, it, vi } from 'vitest';
import { seededIds } from '../../base/ids.ts';
import type { ContainerInstance } from '../../model/ecs/container-instance.ts';
import type { Service } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { Store } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import {
  containerInstances,
  serviceDeployments,
  serviceRevisions,
  services,
  taskDefinitions,
  tasks,
  taskSets,
} from '../../store/tables/ecs.ts';
import { targetGroups, targets } from '../../store/tables/elbv2.ts';
import { machines } from '../../store/tables/fleet.ts';
import { applyService } from './apply.ts';
import { observeService } from './observe.ts';
import { planService } from './plan.ts';

// The service scheduler on instances: what finds no place is not made, and is told; what is drained is replaced.

const scope = { account: '000000000000', region: 'us-east-1' };
const cluster = 'arn:aws:ecs:us-east-1:000000000000:cluster/default';
const service = 'arn:aws:ecs:us-east-1:000000000000:service/default/web';
const definition: TaskDefinition = {
  ...scope,
  arn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
  family: 'web',
  revision: 1,
  status: 'ACTIVE',
  document: {
    containerDefinitions: [
      { name: 'web', image: 'web', memory: 300, portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }] },
    ],
  },
  requiresAttributes: [],
  compatibilities: ['EC2'],
  registeredAt: 0,
  registeredBy: 'test',
  tags: [],
};

let store: Store;
const ids = seededIds(1);
let now = 1_000_000;

function instance(id: string, zone: string, status: ContainerInstance['status'] = 'ACTIVE'): void {
  store.transact((tx) => {
    tx.put(containerInstances, {
      ...scope,
      arn: `${cluster}/${id}`,
      id,
      clusterArn: cluster,
      machineId: id,
      status,
      availabilityZone: zone,
      taskInterfaces: 1,
      resources: { cpu: 1024, memory: 1000, ports: [] },
      attributes: [],
      versionInfo: {},
      tags: [],
      registeredAt: 0,
      version: 1,
    });
    tx.put(machines, {
      id,
      clusterArn: cluster,
      containerInstanceArn: `${cluster}/${id}`,
      isInstance: true,
      attributes: [],
      resources: { cpu: 1024, memory: 1000 },
      connected: true,
      connectedAt: 0,
      lastSequence: 0,
    });
  });
}

/** One tick of the scheduler, after everything that was started runs. */
function tick(): void {
  store.transact((tx) => {
    for (const task of tx.list(tasks)) {
      if (task.lastStatus !== 'PENDING') continue;
      tx.put(tasks, { ...task, lastStatus: 'RUNNING', startedAt: now - 60_000 });
    }
    for (const task of tx.list(tasks)) {
      if (task.desiredStatus === 'STOPPED') tx.put(tasks, { ...task, lastStatus: 'STOPPED', stoppedAt: now });
    }
  });
  now += 1000;
  const observed = observeService(store, service);
  if (observed !== undefined) applyService(store, observed, planService(observed, now, ids).steps);
}
const live = (): Task[] => store.list(tasks).filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
const placed = (): string =>
  live()
    .map(({ machineId = '' }) => machineId)
    .toSorted()
    .join(' ');
const events = (): string[] => store.get(services, service)?.events.map(({ message }) => message) ?? [];

beforeEach(() => {
  store = new Store([
    instances,
    containerInstances,
    serviceDeployments,
    serviceRevisions,
    services,
    taskDefinitions,
    tasks,
    targetGroups,
    targets,
    machines,
    taskSets,
  ]);
  const row: Service = {
    ...scope,
    arn: service,
    name: 'web',
    clusterArn: cluster,
    status: 'ACTIVE',
    schedulingStrategy: 'REPLICA',
    deploymentController: 'ECS',
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
    desiredCount: 2,
    deployments: [
      {
        id: 'ecs-svc/1',
        status: 'PRIMARY',
        taskDefinitionArn: definition.arn,
        launchType: 'EC2',
        loadBalancers: [],
        createdAt: 0,
        updatedAt: 0,
        rolloutState: 'IN_PROGRESS',
        rolloutStateReason: '',
        desiredCount: 2,
        pendingCount: 0,
        runningCount: 0,
        failedTasks: 0,
      },
    ],
    serviceRegistries: [],
    placementConstraints: [],
    placementStrategy: [],
    availabilityZoneRebalancing: 'DISABLED',
    enableECSManagedTags: false,
    propagateTags: 'NONE',
    enableExecuteCommand: false,
    createdAt: 0,
    createdBy: 'test',
    tags: [],
    events: [],
    throttle: { consecutiveFailures: 0, retryAt: 0 },
  };
  store.transact((tx) => {
    tx.put(taskDefinitions, definition);
    tx.put(services, row);
  });
});

describe('a service on instances', () => {
  const unable = '(service web) was unable to place a task because no container instance met all of its requirements.';
  const more = 'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.';

  it('tells once that there is no instance, and begins when one comes', () => {
    tick();
    tick();
    expect(events()).toEqual([`${unable} Reason: No Container Instances were found in your cluster. ${more}`]);
    expect(live()).toEqual([]);
    instance('x', 'a');
    tick();
    expect(placed()).toBe('x');
    expect(events()).toContain(
      `${unable} The closest matching (container-instance x) is already using a port required by your task. ${more}`,
    );
    expect(live()[0]).toMatchObject({
      lastStatus: 'PENDING',
      containerInstanceArn: `${cluster}/x`,
      reservation: { memory: 300, ports: [{ port: 80, protocol: 'tcp' }] },
    });
    instance('y', 'b');
    tick();
    expect(placed()).toBe('x y');
    // Nothing failed to start.
    expect(store.get(services, service)?.throttle.consecutiveFailures).toBe(0);
  });

  it('looks at what instances have left only where there is a task to place', () => {
    instance('x', 'a');
    instance('y', 'b');
    const looks = vi.spyOn(store, 'by');
    const looked = (): number => looks.mock.calls.filter(([, index]) => index === 'instance').length;
    tick();
    expect(looked()).toBe(2);
    tick();
    expect(placed()).toBe('x y');
    expect(looked()).toBe(2);
  });

  it('waits for agents that were connected just now before it tells that they are away', () => {
    instance('x', 'a');
    const lostAt = now;
    store.transact((tx) => tx.update(machines, 'x', (row) => ({ ...row, connected: false, disconnectedAt: lostAt })));
    tick();
    expect(events()).toEqual([]);
    const observed = observeService(store, service);
    expect(observed && planService(observed, now, ids).lookAt).toBe(lostAt + 30_000);
    now = lostAt + 30_000;
    tick();
    expect(events()).toEqual([
      `${unable} The closest matching (container-instance x) encountered error "AGENT". ${more}`,
    ]);
  });

  it('leaves a daemon what that is still to have of an instance', () => {
    instance('x', 'a');
    instance('y', 'b');
    const daemon: TaskDefinition = {
      ...definition,
      arn: 'arn:daemon',
      document: { containerDefinitions: [{ name: 'd', image: 'd', memory: 800 }] },
    };
    const [primary] = store.get(services, service)?.deployments ?? [];
    store.transact((tx) => {
      tx.put(taskDefinitions, daemon);
      const row = tx.get(services, service);
      if (row === undefined || primary === undefined) return;
      const deployments = [{ ...primary, id: 'ecs-svc/2', taskDefinitionArn: daemon.arn }];
      tx.put(services, {
        ...row,
        arn: 'arn:everywhere',
        name: 'everywhere',
        schedulingStrategy: 'DAEMON',
        deployments,
      });
      tx.put(tasks, {
        ...scope,
        arn: 'arn:task',
        serviceArn: 'arn:everywhere',
        clusterArn: cluster,
        group: '',
        containerInstanceArn: `${cluster}/y`,
        lastStatus: 'RUNNING',
        desiredStatus: 'RUNNING',
        containers: [],
        reservation: { cpu: 0, memory: 600, ports: [] },
      } as unknown as Task);
    });
    tick();
    // It is there already on y, and comes first on x.
    expect(placed().trim()).toBe('y');
    expect(events().join()).toContain('(container-instance x) has insufficient memory available');
  });

  it('replaces what is drained, and only then stops it', () => {
    instance('x', 'a');
    instance('y', 'b');
    tick();
    tick();
    expect(placed()).toBe('x y');
    instance('x', 'a', 'DRAINING');
    tick();
    expect(placed()).toBe('x y');
    instance('z', 'a');
    tick();
    expect(placed()).toBe('x y z');
    tick();
    tick();
    expect(placed()).toBe('y z');
  });

  it('is kept even over the zones of instances that can have its tasks', () => {
    store.transact((tx) =>
      tx.update(services, service, (row): Service => ({ ...row, availabilityZoneRebalancing: 'ENABLED' })),
    );
    instance('x', 'a');
    instance('y', 'a');
    for (let ticks = 0; ticks < 3; ticks += 1) tick();
    expect(placed()).toBe('x y');
    expect(store.get(services, service)?.steadyAt).toBeDefined();
    instance('z', 'b');
    store.transact((tx) => tx.update(machines, 'z', (row) => ({ ...row, connected: false, disconnectedAt: 0 })));
    tick();
    tick();
    expect(placed()).toBe('x y');
    expect(events()[0]).toBe(
      '(service web) is unable to place a task in b because no container instance met all of its requirements.',
    );
    instance('z', 'b');
    tick();
    expect(placed()).toBe('x y z');
    tick();
    expect(live().map(({ availabilityZone }) => availabilityZone)).toEqual(['a', 'b']);
    for (let ticks = 0; ticks < 3; ticks += 1) tick();
    expect(events().slice(0, 2)).toEqual([
      '(service web) has reached a steady state.',
      '(service web) is AZ balanced with 1 tasks in a, 1 tasks in b.',
    ]);
    expect(live()).toHaveLength(2);
  });

  it('as a daemon has a task on each, also on one that comes later, and leaves a drained one', () => {
    instance('x', 'a');
    store.transact((tx) =>
      tx.update(services, service, (row): Service => ({
        ...row,
        schedulingStrategy: 'DAEMON',
        desiredCount: 0,
        deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
      })),
    );
    tick();
    expect(placed()).toBe('x');
    instance('y', 'b');
    tick();
    expect(placed()).toBe('x y');
    tick();
    tick();
    expect(store.get(services, service)).toMatchObject({ desiredCount: 2 });
    expect(events()[0]).toBe('(service web) has reached a steady state.');
    instance('x', 'a', 'DRAINING');
    tick();
    expect(placed()).toBe('y');
    expect(store.get(services, service)).toMatchObject({ desiredCount: 1 });
    store.transact((tx) => tx.update(services, service, (row): Service => ({ ...row, status: 'DRAINING' })));
    tick();
    tick();
    expect(placed()).toBe('');
    tick();
    expect(store.get(services, service)?.status).toBe('INACTIVE');
  });
});
