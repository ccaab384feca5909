import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  waitUntilServicesStable,
  type Task,
} from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { startLoad } from '../support/load.ts';
import { sdk } from '../support/web-service.ts';
import { TestNetwork, type TestMachine } from './machines-for-tests.ts';

/** Three machines and a service behind one load balancer, its tasks in mode bridge on ports that agents choose. */
describe('a service on three machines', () => {
  const network = new TestNetwork();
  const cluster = 'fleet';
  const service = 'web';
  const count = 6;
  let installation: TestInstallation;
  let control: string;
  let machines: TestMachine[];
  let clients: ReturnType<typeof sdk>;
  let url: string;
  let targetGroupArn: string;

  beforeAll(async () => {
    await network.open();
    [installation] = await Promise.all([
      startInstallation({ STOWAGE_LISTEN: network.hostAddress }),
      network.add(),
      network.add(),
      network.add(),
    ]);

    ({ machines } = network);
    control = `http://${network.hostAddress}:${installation.port}`;
    clients = sdk(installation);
    await clients.ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    const zones = ['a', 'b', 'c'];
    await Promise.all([
      openInstances(),
      ...machines.map(async (machine, index) => {
        const { token } = JSON.parse(installation.stowage('token', 'create', '--json')) as { token: string };
        await machine.join(control, '--token', token, '--cluster', cluster, '--zone', `us-east-1${zones[index]}`);
      }),
    ]);
    await connected(3);
    await createService(await pushHello(installation, 'hello', '1'));
  });

  afterAll(async () => {
    await network.close();
    installation?.remove();
  });

  /** The instances stand in the default group: it lets the balancer in. */
  async function openInstances(): Promise<void> {
    const { ec2 } = clients;
    const filter = { Filters: [{ Name: 'is-default', Values: ['true'] }] };
    const vpc = (await ec2.send(new DescribeVpcsCommand(filter))).Vpcs?.[0]?.VpcId ?? '';
    const found = await ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [
          { Name: 'vpc-id', Values: [vpc] },
          { Name: 'group-name', Values: ['default'] },
        ],
      }),
    );
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: found.SecurityGroups?.[0]?.GroupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    );
  }

  async function createService(image: string): Promise<void> {
    const { ecs, ec2, elbv2 } = clients;
    const filter = { Filters: [{ Name: 'is-default', Values: ['true'] }] };
    const VpcId = (await ec2.send(new DescribeVpcsCommand(filter))).Vpcs?.[0]?.VpcId ?? '';
    const subnets = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }));
    const Subnets = (subnets.Subnets ?? []).map(({ SubnetId = '' }) => SubnetId);
    const group = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId }));
    const SecurityGroups = [group.GroupId ?? ''];
    await ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group.GroupId,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
      }),
    );
    const balancers = await elbv2.send(new CreateLoadBalancerCommand({ Name: 'web', Subnets, SecurityGroups }));
    const groups = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: 'web',
        Protocol: 'HTTP',
        Port: 80,
        TargetType: 'instance',
        VpcId,
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 2,
      }),
    );
    targetGroupArn = groups.TargetGroups?.[0]?.TargetGroupArn ?? '';
    await elbv2.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn: targetGroupArn,
        Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '1' }],
      }),
    );
    await elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancers.LoadBalancers?.[0]?.LoadBalancerArn,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
      }),
    );
    url = `http://${balancers.LoadBalancers?.[0]?.DNSName}/`;
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: service,
        networkMode: 'bridge',
        requiresCompatibilities: ['EC2'],
        containerDefinitions: [
          { name: 'web', image, memory: 64, stopTimeout: 2, portMappings: [{ containerPort: 8080, hostPort: 0 }] },
        ],
      }),
    );
    await ecs.send(
      new CreateServiceCommand({
        cluster,
        serviceName: service,
        taskDefinition: service,
        desiredCount: count,
        launchType: 'EC2',
        loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 8080 }],
      }),
    );
    await stable();
  }

  const stable = (): Promise<unknown> =>
    waitUntilServicesStable(
      { client: clients.ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 },
      { cluster, services: [service] },
    );

  const connected = (least: number): Promise<true> =>
    eventually(`${least} machines are connected`, 60_000, async () => {
      const { containerInstanceArns } = await clients.ecs.send(new ListContainerInstancesCommand({ cluster }));
      if (containerInstanceArns === undefined || containerInstanceArns.length === 0) return undefined;
      const { containerInstances = [] } = await clients.ecs.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
      );
      return containerInstances.filter(({ agentConnected }) => agentConnected === true).length === least || undefined;
    });

  const tasks = async (): Promise<Task[]> => {
    const { taskArns = [] } = await clients.ecs.send(new ListTasksCommand({ cluster, serviceName: service }));
    return (await clients.ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }))).tasks ?? [];
  };

  const healthy = async (): Promise<number> => {
    const answer = await clients.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    return (answer.TargetHealthDescriptions ?? []).filter(({ TargetHealth }) => TargetHealth?.State === 'healthy')
      .length;
  };

  /** The tasks whose program runs on a machine, by what its engine says. */
  const runningOn = async (machine: TestMachine): Promise<string[]> => {
    const [filter, format] = ['label=com.amazonaws.ecs.container-name=web', '{{.Label "com.amazonaws.ecs.task-arn"}}'];
    const found = await machine.docker('ps', '--filter', filter, '--format', format);
    return found.split('\n').filter(Boolean);
  };

  /** What runs is what ECS says runs, once each, and no two of a machine share a port. */
  const agrees = async (where: readonly TestMachine[]): Promise<void> => {
    const known = await tasks();
    const running = (await Promise.all(where.map(runningOn))).flat();
    expect(running.toSorted()).toEqual(known.map(({ taskArn = '' }) => taskArn).toSorted());
    const ports = known.map(
      ({ containerInstanceArn, containers }) =>
        `${containerInstanceArn} ${containers?.[0]?.networkBindings?.[0]?.hostPort}`,
    );
    expect(new Set(ports).size).toBe(count);
  };

  it('is spread over them, and all are in good health', async () => {
    await agrees(machines);
    for (const machine of machines) expect(await runningOn(machine)).toHaveLength(2);
    await eventually('all are in good health', 20_000, async () => (await healthy()) === count || undefined);
    expect(await (await fetch(url)).text()).toContain('Hello from a container');
  });

  it('loses no request while agents and the control plane are killed one after the other', async () => {
    const before = await Promise.all(machines.map(runningOn));
    const load = startLoad(url, 4);
    for (const [index, machine] of machines.entries()) {
      await machine.killAgent();
      if (index === 1) {
        process.kill(installation.pid(), 'SIGKILL');
        installation.stowage('up', '--detach');
      }
      await machine.join(control);
    }
    await connected(3);
    const { requests, failed, printed } = await load.stop();
    expect(failed, printed).toBe(0);
    expect(requests).toBeGreaterThan(50);
    expect(await Promise.all(machines.map(runningOn))).toEqual(before);
    await agrees(machines);
  });

  it('is whole again without a machine whose cable was pulled, and nothing runs twice when that comes back', async () => {
    const [first, second, third] = machines as [TestMachine, TestMachine, TestMachine];
    const before = await runningOn(third);
    expect(before).toHaveLength(2);
    await third.unplug();
    await eventually('its tasks are replaced', 180_000, async () => {
      const now = await tasks();
      return (now.length === count && now.every(({ taskArn = '' }) => !before.includes(taskArn))) || undefined;
    });
    await stable();
    await eventually('the balancer has six again', 30_000, async () => (await healthy()) === count || undefined);
    await agrees([first, second]);
    await connected(2);
    // What it runs still, nobody is sent to; it does not know better.
    expect(await runningOn(third)).toEqual(before);
    const load = startLoad(url, 4);
    await third.plug();
    await connected(3);
    await eventually(
      'it stops what was replaced',
      30_000,
      async () => (await runningOn(third)).length === 0 || undefined,
    );
    const { failed, printed } = await load.stop();
    expect(failed, printed).toBe(0);
    await agrees(machines);
  });

  it('is whole again without a machine that died, which is removed by force', async () => {
    const [first, second, third] = machines as [TestMachine, TestMachine, TestMachine];
    await second.killAgent();
    await second.engine.stop('SIGKILL');
    await second.unplug();
    const { machineId } = second.identity();
    installation.stowage('machines', 'remove', machineId, '--force');
    await eventually(
      'it is gone',
      30_000,
      () => !installation.stowage('machines', 'list').includes(machineId) || undefined,
    );
    await eventually('its tasks are replaced', 180_000, async () => {
      const here = [...(await runningOn(first)), ...(await runningOn(third))];
      return here.length === count || undefined;
    });
    await stable();
    await agrees([first, third]);
    const { services } = await clients.ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
    expect(services?.[0]).toMatchObject({ runningCount: count, pendingCount: 0 });
    const load = startLoad(url, 4);
    await eventually('some answers', 10_000, async () => (await fetch(url)).ok || undefined);
    const { failed, printed } = await load.stop();
    expect(failed, printed).toBe(0);
    // Should it come back after all, it is told, ends what it runs, and forgets.
    await second.engine.start();
    await second.plug();
    expect((await second.run('join', control)).stdout).toContain('nothing of it runs here any more');
    expect(await second.docker('ps', '--all', '--quiet')).toBe('');
    expect((await second.run('leave')).stderr).toContain('has joined');
    await agrees([first, second, third]);
  });
});
