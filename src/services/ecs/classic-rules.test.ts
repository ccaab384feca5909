import { beforeEach, describe, expect, test } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import { loadBalancers, listeners, targetGroups } from '../../store/tables/elbv2.ts';
import type { Listener, LoadBalancer, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { taskTargets } from '../../store/task-targets.ts';
import { ctx, ecsFixture, web } from './fixture.ts';

const scope = { account: ctx.account, region: ctx.region };
const arn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/old';
const entry = { loadBalancerName: 'old', containerName: 'web', containerPort: 80 };

let fixture: ReturnType<typeof ecsFixture>;
beforeEach(() => {
  fixture = ecsFixture();
  fixture.store.transact((tx) => {
    tx.put(loadBalancers, { ...scope, arn, name: 'old', type: 'classic' } as Partial<LoadBalancer> as LoadBalancer);
    const classic = { instanceProtocol: 'HTTP', instancePort: 8080, policies: [] } as const;
    const listener = { ...scope, arn: `${arn}/listener/80`, loadBalancerArn: arn, certificates: [], classic };
    tx.put(listeners, listener as Partial<Listener> as Listener);
    tx.put(targetGroups, { ...scope, arn: `${arn}/instances`, vpcId: 'vpc-1' } as Partial<TargetGroup> as TargetGroup);
  });
});

const create = (
  hostPort: number | undefined,
  networkMode: 'bridge' | 'host' | 'awsvpc',
  entries: object[] = [entry],
) => {
  const containerPort = networkMode === 'host' ? 8080 : 80;
  const portMappings = [{ containerPort, ...(hostPort === undefined ? {} : { hostPort }) }];
  fixture.ecs.RegisterTaskDefinition(
    { family: 'old', networkMode, containerDefinitions: [{ ...web, memory: 64, portMappings }] },
    ctx,
  );
  return fixture.ecs.CreateService(
    {
      serviceName: 'old',
      taskDefinition: 'old',
      desiredCount: 1,
      launchType: 'EC2',
      loadBalancers: entries,
      ...(networkMode === 'awsvpc' ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'] } } } : {}),
    },
    ctx,
  ).service;
};

describe('a service behind a Classic Load Balancer', () => {
  test('is described with it', () => {
    expect(create(8080, 'bridge')?.loadBalancers).toEqual([entry]);
  });

  test('may use the network of its instance', () => {
    const own = { ...entry, containerPort: 8080 };
    expect(create(undefined, 'host', [own])?.loadBalancers).toEqual([own]);
  });

  test.each<[string, Parameters<typeof create>, string]>([
    [
      'a port that is chosen when it starts',
      [0, 'bridge'],
      'A host port mapping for the container port 80 is required.',
    ],
    ['no host port', [undefined, 'bridge'], 'A host port mapping for the container port 80 is required.'],
    ['an interface of its own', [undefined, 'awsvpc'], 'not supported for tasks that use the awsvpc network mode'],
    ['a port that no listener goes on to', [9090, 'bridge'], 'no listener whose instance port is 9090'],
    ['a load balancer that is not there', [8080, 'bridge', [{ ...entry, loadBalancerName: 'x' }]], "named 'x'"],
    ['two load balancers', [8080, 'bridge', [entry, entry]], 'at most 1 items'],
    ['another container', [8080, 'bridge', [{ ...entry, containerName: 'db' }]], 'The container db does not exist'],
  ])('is refused with %s', (_, args, message) => {
    expect(() => create(...args)).toThrow(message);
  });

  test('has the instance for its target', () => {
    const containers = [{ name: 'web', networkBindings: [{ containerPort: 80, hostPort: 8080 }] }];
    const task = { ...scope, machineId: 'i-1', containers, loadBalancers: [entry] } as unknown as Task;
    expect(taskTargets(fixture.store, task)).toEqual([
      { targetGroupArn: `${arn}/instances`, loadBalancerName: 'old', id: 'i-1', port: 1, state: 'absent' },
    ]);
    expect(taskTargets(fixture.store, { ...task, containers: [] })).toEqual([]);
  });
});
