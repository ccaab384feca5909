import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type Instance,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import {
  ConfigureHealthCheckCommand,
  CreateLoadBalancerCommand as CreateClassicCommand,
  DescribeInstanceHealthCommand,
  DescribeLoadBalancersCommand as DescribeClassicCommand,
  ModifyLoadBalancerAttributesCommand as ModifyClassicCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, must, pushHello } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

// Two instances on one machine: both hold port 80 behind a Classic Load Balancer, several tasks of one service stand on each behind one target group, the
// control plane is killed, an instance is terminated, and at the end nothing is left.

let installation: TestInstallation;
let id: string;
beforeAll(async () => {
  installation = await startInstallation();
  ({ installation: id } = JSON.parse(installation.stowage('status', '--json')) as { installation: string });
});
afterAll(async () => {
  installation.remove();
  const filter = `label=stowage.installation=${id}`;
  expect(await must('docker', ['ps', '--all', '--quiet', '--filter', filter])).toBe('');
  expect(groups()).toEqual([]);
});

/** The control groups of the installation's instances that limit memory. */
function groups(): string[] {
  for (const tree of ['/sys/fs/cgroup/memory', '/sys/fs/cgroup', '/sys/fs/cgroup/stowage.slice']) {
    try {
      const names = readdirSync(join(tree, `stowage-${id}`), { withFileTypes: true });
      const found = names.filter((entry) => entry.isDirectory()).map(({ name }) => join(tree, `stowage-${id}`, name));
      if (found.length > 0) return found;
    } catch {
      // Not here.
    }
  }
  return [];
}

/** The page at a URL: the address of the container that made it. */
async function pageFrom(url: string): Promise<string | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return /<b>([0-9.]+)<\/b>/.exec(await response.text())?.[1];
}

test('two instances serve behind a balancer, through a kill of the control plane and the loss of one', async () => {
  const { ecs, ec2, elb, elbv2 } = sdk(installation);
  const image = await pushHello(installation, 'instances', '1');
  const cluster = 'instances';
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  const vpcs = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }));
  const VpcId = vpcs.Vpcs?.[0]?.VpcId ?? '';
  const subnets = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }));
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'open', Description: 'open', VpcId }),
  );
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpProtocol: '-1', CidrIp: '0.0.0.0/0' }));
  const images = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: ['amzn2-ami-ecs-hvm-*'] }] }),
  );
  const launched = await ec2.send(
    new RunInstancesCommand({
      ImageId: images.Images?.[0]?.ImageId,
      InstanceType: 't3.micro',
      MinCount: 2,
      MaxCount: 2,
      SecurityGroupIds: [GroupId],
      UserData: Buffer.from(`#!/bin/bash\necho ECS_CLUSTER=${cluster} >> /etc/ecs/ecs.config\n`).toString('base64'),
    }),
  );
  const InstanceIds = launched.Instances?.map(({ InstanceId }) => InstanceId ?? '') ?? [];
  const connected = async (count: number): Promise<true | undefined> => {
    const filter = 'agentConnected == true';
    const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster, filter }));
    return containerInstanceArns?.length === count ? true : undefined;
  };
  await eventually('both agents are connected', 30_000, () => connected(2));
  const described = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
  const instances: Instance[] = described.Reservations?.flatMap(({ Instances = [] }) => Instances) ?? [];

  // Each is held to its size.
  const [group = ''] = groups();
  const limit = ['memory.limit_in_bytes', 'memory.max'].map((file) => {
    try {
      return readFileSync(join(group, file), 'utf8').trim();
    } catch {
      return '';
    }
  });
  if (group !== '') expect(limit).toContain(String(2 ** 30));

  const { LoadBalancers } = await elbv2.send(
    new CreateLoadBalancerCommand({
      Name: 'instances',
      Subnets: subnets.Subnets?.slice(0, 2).map(({ SubnetId }) => SubnetId ?? ''),
      SecurityGroups: [GroupId],
    }),
  );
  const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  const { TargetGroups } = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'instances',
      Protocol: 'HTTP',
      Port: 80,
      VpcId,
      TargetType: 'instance',
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
    }),
  );
  const TargetGroupArn = TargetGroups?.[0]?.TargetGroupArn ?? '';
  const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '1' }];
  await elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes }));
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn }],
    }),
  );
  const define = (family: string, hostPort: number) =>
    ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        containerDefinitions: [
          { name: 'web', image, memory: 64, stopTimeout: 2, portMappings: [{ containerPort: 8080, hostPort }] },
        ],
      }),
    );
  await elb.send(
    new CreateClassicCommand({
      LoadBalancerName: 'classic',
      AvailabilityZones: subnets.Subnets?.map(({ AvailabilityZone }) => AvailabilityZone ?? ''),
      SecurityGroups: [GroupId],
      Listeners: [{ Protocol: 'HTTP', LoadBalancerPort: 81, InstancePort: 80 }],
    }),
  );
  const classic = { LoadBalancerName: 'classic' };
  await elb.send(
    new ConfigureHealthCheckCommand({
      ...classic,
      HealthCheck: { Target: 'HTTP:80/', Interval: 5, Timeout: 2, HealthyThreshold: 2, UnhealthyThreshold: 2 },
    }),
  );
  const LoadBalancerAttributes = { ConnectionDraining: { Enabled: true, Timeout: 1 } };
  await elb.send(new ModifyClassicCommand({ ...classic, LoadBalancerAttributes }));
  await define('fixed', 80);
  await define('dynamic', 0);
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName: 'fixed',
      taskDefinition: 'fixed',
      desiredCount: 2,
      launchType: 'EC2',
      loadBalancers: [{ loadBalancerName: 'classic', containerName: 'web', containerPort: 8080 }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName: 'dynamic',
      taskDefinition: 'dynamic',
      desiredCount: 4,
      launchType: 'EC2',
      loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: 'web', containerPort: 8080 }],
    }),
  );
  const healthy = async (): Promise<string[]> => {
    const { TargetHealthDescriptions = [] } = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').map(
      ({ Target }) => Target?.Id ?? '',
    );
  };
  await eventually('four targets are healthy', 60_000, async () => ((await healthy()).length === 4 ? true : undefined));
  expect((await healthy()).sort()).toEqual([...InstanceIds, ...InstanceIds].sort());

  // Both hold port 80.
  const fixedUrls = instances.map(({ PublicIpAddress }) => `http://${PublicIpAddress ?? ''}/`);
  for (const url of fixedUrls) expect(await eventually(url, 20_000, () => pageFrom(url))).toMatch(/^172\.17\.0\./);

  // A Classic Load Balancer has the instances that tasks of its service are on.
  const inService = async (): Promise<string[]> => {
    const { InstanceStates = [] } = await elb.send(new DescribeInstanceHealthCommand(classic));
    return InstanceStates.filter(({ State }) => State === 'InService').map(({ InstanceId = '' }) => InstanceId);
  };
  await eventually('both instances are in service', 60_000, async () =>
    (await inService()).length === 2 ? true : undefined,
  );
  const { LoadBalancerDescriptions } = await elb.send(new DescribeClassicCommand({}));
  expect(LoadBalancerDescriptions?.[0]?.Instances?.map(({ InstanceId }) => InstanceId).sort()).toEqual(
    InstanceIds.toSorted(),
  );
  const balancer = await elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [LoadBalancerArn] }));
  const status = JSON.parse(installation.stowage('status', '--json')) as {
    loadBalancers: { name: string; url: string }[];
  };
  const [classicUrl = '', url = ''] = ['classic', 'instances'].map(
    (name) => status.loadBalancers.find((each) => each.name === name)?.url ?? '',
  );
  expect(balancer.LoadBalancers?.[0]?.State?.Code).toBe('active');
  for (const each of [classicUrl, url]) await eventually(`${each} answers`, 20_000, () => pageFrom(each));

  const taskOf = async (): Promise<Task[]> => {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster }));
    return taskArns.length === 0
      ? []
      : ((await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))).tasks ?? []);
  };
  const before = (await taskOf()).map(({ taskArn = '' }) => taskArn).sort();
  expect(before).toHaveLength(6);
  const bindings = (await taskOf()).map(({ containerInstanceArn, containers }) =>
    [containerInstanceArn, containers?.[0]?.networkBindings?.[0]?.hostPort].join(' '),
  );
  expect(new Set(bindings).size).toBe(6);

  // Killed, nobody notices; back, it takes everything over.
  const pid = installation.pid();
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  for (const each of [...fixedUrls, classicUrl, url]) expect(await pageFrom(each)).toBeDefined();
  installation.stowage('up', '--detach');
  await eventually('both agents are back', 30_000, () => connected(2));
  expect((await taskOf()).map(({ taskArn = '' }) => taskArn).sort()).toEqual(before);
  for (const each of [...fixedUrls, classicUrl, url]) expect(await pageFrom(each)).toBeDefined();

  // One instance goes: what it ran is replaced on the other, as far as there is room.
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: InstanceIds.slice(0, 1) }));
  await eventually('four targets on the instance that is left', 60_000, async () => {
    const ids = await healthy();
    return ids.length === 4 && ids.every((each) => each === InstanceIds[1]) ? true : undefined;
  });
  await eventually('one instance in service', 60_000, async () => {
    const [only, ...more] = await inService();
    return only === InstanceIds[1] && more.length === 0 ? true : undefined;
  });
  expect(await pageFrom(classicUrl)).toBeDefined();
  const left = await taskOf();
  expect(left.filter(({ group: of }) => of === 'service:fixed')).toHaveLength(1);
  const { tasks: ended = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: before }));
  expect(ended.filter(({ lastStatus }) => lastStatus === 'STOPPED').map(({ stoppedReason }) => stoppedReason)).toEqual(
    Array.from({ length: 3 }, () => `Host EC2 (instance ${InstanceIds[0] ?? ''}) terminated.`),
  );
  expect(await pageFrom(url)).toBeDefined();
});
