import {
  CreateServiceCommand,
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  UpdateContainerInstancesStateCommand,
  waitUntilServicesStable,
} from '@aws-sdk/client-ecs';
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scene } from '../instances/scene.ts';
import { eventually } from '../support/clients.ts';
import { allClients } from './clients.ts';
import { buildServer } from './scene.ts';

// Container instances are drained one after the other under load; docs/evidence/deployments.md has what was measured.

/** How many requests have to be answered. */
const atLeast = 100_000;
/** How long anything may take on a machine that is busy with other things. */
const patienceMs = 240_000;
const service = 'drained';

let scene: Scene;
let image: string;
beforeAll(async () => {
  [scene, image] = await Promise.all([Scene.open('drain'), buildServer()]);
});
afterAll(() => scene.installation.remove());

/** A load balancer and a target group of instances; answers the URL and the group. */
async function balance(): Promise<{ url: string; group: string }> {
  const { elbv2, ec2 } = scene.clients;
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const balancers = await elbv2.send(
    new CreateLoadBalancerCommand({
      Name: service,
      Subnets: scene.subnets.slice(0, 2),
      SecurityGroups: [scene.group],
    }),
  );
  const balancer = balancers.LoadBalancers?.[0];
  const groups = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: service,
      Protocol: 'HTTP',
      Port: 8080,
      TargetType: 'instance',
      VpcId: Subnets[0]?.VpcId,
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
    }),
  );
  const group = groups.TargetGroups?.[0]?.TargetGroupArn ?? '';
  await elbv2.send(
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn: group,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '3' }],
    }),
  );
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: group }],
    }),
  );
  return { url: `http://${balancer?.DNSName}/`, group };
}

/** Resolves once the service has all its tasks, and no other. */
async function stable(): Promise<void> {
  const { ecs } = scene.clients;
  await waitUntilServicesStable(
    { client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 },
    { cluster: scene.cluster, services: [service] },
  );
}

it('draining an instance loses no request of a hundred thousand', async () => {
  const { clients, cluster } = scene;
  const { ecs } = clients;
  const { url, group } = await balance();
  await scene.launch(1, { InstanceType: 't3.small' });
  await scene.launch(2, { InstanceType: 't3.small', SubnetId: scene.subnets[1] });
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: service,
      networkMode: 'bridge',
      containerDefinitions: [
        { name: 'web', image, memory: 256, portMappings: [{ containerPort: 8080 }], stopTimeout: 5 },
      ],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName: service,
      taskDefinition: service,
      desiredCount: 4,
      launchType: 'EC2',
      healthCheckGracePeriodSeconds: 60,
      loadBalancers: [{ targetGroupArn: group, containerName: 'web', containerPort: 8080 }],
    }),
  );
  await stable();
  const { containerInstanceArns: instances = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
  expect(instances).toHaveLength(2);
  const set = (instance: string, status: 'ACTIVE' | 'DRAINING') =>
    ecs.send(new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [instance], status }));
  const sum = { rounds: 0, requests: 0, kept: 0, webSockets: 0 };
  while (sum.requests < atLeast) {
    const drained = instances[sum.rounds % instances.length] ?? '';
    sum.rounds += 1;
    const all = allClients(url);
    await set(drained, 'DRAINING');
    await eventually('nothing is left on it', patienceMs, async () => {
      const described = await ecs.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances: [drained] }),
      );
      const [{ runningTasksCount, pendingTasksCount } = {}] = described.containerInstances ?? [];
      return runningTasksCount === 0 && pendingTasksCount === 0 ? true : undefined;
    });
    await stable();
    await set(drained, 'ACTIVE');
    const toll = await all.stop();
    expect(toll.failures).toEqual([]);
    sum.requests += toll.requests;
    sum.kept += toll.kept.done;
    sum.webSockets += toll.webSockets.done;
  }
  expect(sum.kept).toBeGreaterThan(0);
  expect(sum.webSockets).toBeGreaterThan(0);
  console.info(`drain: ${JSON.stringify(sum)}, none failed`);
});
