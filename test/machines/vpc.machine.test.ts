import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeNetworkInterfacesCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateServiceCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
  waitUntilServicesStable,
  waitUntilTasksRunning,
  type Task,
} from '@aws-sdk/client-ecs';
import { ModifyTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, must, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';
import { TestNetwork, type TestMachine } from './machines-for-tests.ts';

/** One VPC on the control plane's machine, one that joined as a container instance, and one that joined for Fargate. */
describe('a VPC on three machines', () => {
  const network = new TestNetwork();
  const name = 'web';
  const waiting = { maxWaitTime: 600, minDelay: 1, maxDelay: 1 };
  let installation: TestInstallation;
  let instance: TestMachine;
  let fargate: TestMachine;
  let image: string;
  let service: WebService;
  let clients: ReturnType<typeof sdk>;
  /** Of Fargate on two machines, and one on the container instance. */
  let tasks: Task[];

  beforeAll(async () => {
    await network.open();
    installation = await startInstallation({ STOWAGE_LISTEN: network.hostAddress });
    clients = sdk(installation);
    instance = await network.add();
    fargate = await network.add();
    image = await pushHello(installation, 'hello', '1');
    const control = `http://${network.hostAddress}:${installation.port}`;
    for (const [machine, ...options] of [[instance] as const, [fargate, '--fargate'] as const]) {
      const { token } = JSON.parse(installation.stowage('token', 'create', '--json')) as { token: string };
      await machine.join(control, '--token', token, ...options);
    }
    service = await createWebService(installation, { name, image, count: 2 });
    // Targets that nobody lets in for a while are not to be replaced.
    const patient = { HealthCheckIntervalSeconds: 30, UnhealthyThresholdCount: 10 };
    await clients.elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn: service.targetGroupArn, ...patient }));
    await createOnInstance();
    tasks = [...(await service.tasks()), ...(await onInstance())];
  });

  /** A service of the same tasks on container instances, with the same targets. */
  const createOnInstance = async (): Promise<void> => {
    await clients.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'on-instance',
        networkMode: 'awsvpc',
        requiresCompatibilities: ['EC2'],
        containerDefinitions: [{ name: 'web', image, memory: 64, portMappings: [{ containerPort: 8080 }] }],
      }),
    );
    await clients.ecs.send(
      new CreateServiceCommand({
        cluster: 'default',
        serviceName: name,
        taskDefinition: 'on-instance',
        desiredCount: 1,
        launchType: 'EC2',
        networkConfiguration: { awsvpcConfiguration: service.placement },
        loadBalancers: [{ targetGroupArn: service.targetGroupArn, containerName: 'web', containerPort: 8080 }],
      }),
    );
    await waitUntilServicesStable({ client: clients.ecs, ...waiting }, { cluster: 'default', services: [name] });
  };
  const onInstance = async (): Promise<Task[]> => {
    const { taskArns } = await clients.ecs.send(new ListTasksCommand({ cluster: 'default', serviceName: name }));
    return (await clients.ecs.send(new DescribeTasksCommand({ cluster: 'default', tasks: taskArns }))).tasks ?? [];
  };

  afterAll(async () => {
    await network.close();
    installation?.remove();
  });

  const detail = (task: Task, name: string): string =>
    task.attachments?.[0]?.details?.find((each) => each.name === name)?.value ?? '';
  const addressOf = (task: Task): string => detail(task, 'privateIPv4Address');
  /** Docker's words about the containers of a task, from the engine that has it. */
  const places = async (
    task: Task,
  ): Promise<{ docker: (...args: string[]) => Promise<string>; id: string; engine: number }> => {
    const engines = [
      (...args: string[]) => must('docker', args),
      (...args: string[]) => instance.docker(...args),
      (...args: string[]) => fargate.docker(...args),
    ];
    for (const [engine, docker] of engines.entries()) {
      const labels = ['com.amazonaws.ecs.container-name=web', `com.amazonaws.ecs.task-arn=${task.taskArn}`];
      const id = await docker('ps', '--quiet', ...labels.flatMap((label) => ['--filter', `label=${label}`]));
      if (id.trim() !== '') return { docker, id: id.trim(), engine };
    }
    throw new Error(`no machine has ${task.taskArn}`);
  };
  /** Runs a line of shell in a task; `undefined` when it fails. */
  const within = async (task: Task, line: string): Promise<string | undefined> => {
    const { docker, id } = await places(task);
    return docker('exec', id, '/bin/busybox', 'sh', '-c', line).catch(() => undefined);
  };
  /** The page that a task gets from an address; empty when none comes within two seconds. */
  const fetch = async (task: Task, address: string, port: number): Promise<string> => {
    const request = String.raw`printf 'GET / HTTP/1.0\r\n\r\n'`;
    return (await within(task, `${request} | /bin/busybox nc -w 2 ${address} ${port}`)) ?? '';
  };

  it('has tasks on each, all behind the load balancer', async () => {
    const where = await Promise.all(tasks.map(async (task) => (await places(task)).engine));
    expect(where.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(await service.healthyTargets()).toBe(3);
    const seen = new Set<string>();
    await eventually('each has answered', 20_000, async () => {
      const page = await must('curl', ['-sf', '-m', '5', service.url]);
      seen.add(/<b>([\d.]+)<\/b>/.exec(page)?.[1] ?? '');
      return seen.size === 3 || undefined;
    });
    expect([...seen].sort()).toEqual(tasks.map(addressOf).sort());
    for (const task of tasks) {
      expect(task).toMatchObject({ connectivity: 'CONNECTED', lastStatus: 'RUNNING' });
      const [attachment] = task.attachments ?? [];
      expect(attachment).toMatchObject({ type: 'ElasticNetworkInterface', status: 'ATTACHED' });
      const { NetworkInterfaces: [eni] = [] } = await clients.ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [detail(task, 'networkInterfaceId')] }),
      );
      expect(eni).toMatchObject({
        Status: 'in-use',
        PrivateIpAddress: addressOf(task),
        SubnetId: detail(task, 'subnetId'),
        MacAddress: detail(task, 'macAddress'),
      });
      expect(task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address).toBe(addressOf(task));
    }
  });

  it('lets every task reach every other, and the load balancer by its name', async () => {
    for (const from of tasks) {
      for (const to of tasks) expect(await fetch(from, addressOf(to), 8080)).toContain(`<b>${addressOf(to)}</b>`);
      const said = await within(
        from,
        `/bin/busybox nslookup -type=a ${new URL(service.url).hostname} 169.254.169.253 || true`,
      );
      const balancer = /^Address[^:]*: (172\.31\.[\d.]+)/m.exec(said ?? '')?.[1] ?? '';
      expect([said, balancer]).toEqual([said, expect.stringMatching(/^172/)]);
      expect(await fetch(from, balancer, 80)).toContain('Hello');
    }
  });

  it('blocks and allows what security groups say, wherever the sender is', async () => {
    const [GroupId = ''] = service.placement.securityGroups;
    const anybody = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const members = { ...anybody, IpRanges: [], UserIdGroupPairs: [{ GroupId }] };
    const pairs = tasks.flatMap((from) => tasks.filter((to) => to !== from).map((to) => [from, to] as const));
    const reached = (): Promise<string[]> => Promise.all(pairs.map(([from, to]) => fetch(from, addressOf(to), 8080)));
    await clients.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [anybody] }));
    await eventually(
      'nobody is let in',
      20_000,
      async () => (await reached()).every((each) => each === '') || undefined,
    );
    await clients.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [members] }));
    await eventually(
      'members are let in',
      20_000,
      async () => (await reached()).every((each) => each !== '') || undefined,
    );
    await clients.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [anybody] }));
  });

  it("has tasks with public addresses on any machine, which the control plane's host reaches", async () => {
    const { tasks: started = [] } = await clients.ecs.send(
      new RunTaskCommand({
        cluster: name,
        taskDefinition: name,
        count: 2,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { ...service.placement, assignPublicIp: 'ENABLED' } },
      }),
    );
    const arns = started.map(({ taskArn = '' }) => taskArn);
    await waitUntilTasksRunning({ client: clients.ecs, ...waiting }, { cluster: name, tasks: arns });
    const { tasks: running = [] } = await clients.ecs.send(new DescribeTasksCommand({ cluster: name, tasks: arns }));
    const engines = await Promise.all(running.map(async (task) => (await places(task)).engine));
    expect(engines.toSorted((a, b) => a - b)).toEqual([0, 2]);
    for (const task of running) {
      const { NetworkInterfaces: [eni] = [] } = await clients.ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [detail(task, 'networkInterfaceId')] }),
      );
      const url = `http://${eni?.Association?.PublicIp}:8080/`;
      expect(await eventually('it answers', 20_000, () => must('curl', ['-sf', '-m', '5', url]))).toContain('1');
    }
    for (const task of arns) await clients.ecs.send(new StopTaskCommand({ cluster: name, task }));
  });

  it('is no longer on a machine that has nothing of it', async () => {
    const told = (machine: TestMachine): Promise<string> => must('ip', ['-n', machine.name, '-br', 'link']);
    expect(await told(fargate)).toContain('wide');
    await clients.ecs.send(new UpdateServiceCommand({ cluster: name, service: name, desiredCount: 0 }));
    await eventually('it is gone', 60_000, async () => !(await told(fargate)).includes('wide') || undefined);
    expect(await told(instance)).toContain('wide');
  });
});
