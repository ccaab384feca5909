import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must, eventually } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { buildImage } from '../in-task/images.ts';

const image = 'stowage-test-who:1';

describe('a network load balancer before a service of Fargate', () => {
  let installation: TestInstallation;
  let address: string;
  let balancerArn: string;
  let balancerGroup: string;
  const groups: Record<string, string> = {};
  /** The balancer's private addresses. */
  let own: string[];

  const aws = async <Answer>(
    command: string,
    options: Readonly<Record<string, string | readonly string[]>> = {},
  ): Promise<Answer> => {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value].flat());
    const line = [...command.split(' '), ...args, '--output=json', `--endpoint-url=${installation.endpoint}`];
    const text = await must('aws', line, { env: installation.env });
    return (text === '' ? {} : JSON.parse(text)) as Answer;
  };
  /** What a task says: its own address, and the client's as it sees it; an empty list where nobody answers. */
  const overTcp = (port: number): Promise<string[]> => {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    let text = '';
    const socket = connect({ host: address, port }, () => socket.write('who\n'));
    socket.setTimeout(5000, () => socket.destroy());
    socket.on('data', (chunk) => (text += chunk.toString())).on('error', () => {});
    socket.on('close', () => resolve(text.split(/\s/).filter(Boolean)));
    return promise;
  };
  const overUdp = async (port: number): Promise<string[]> => {
    const socket = createSocket('udp4');
    const answer = await askBy(socket, port);
    socket.close();
    return answer;
  };
  const askBy = (socket: Socket, port: number): Promise<string[]> => {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    const answer = (text: string): void => {
      clearTimeout(timer);
      resolve(text.split(/\s/).filter(Boolean));
    };
    const timer = setTimeout(() => answer(''), 2000);
    socket.once('message', (data) => answer(data.toString())).once('error', () => answer(''));
    socket.send('who', port, address);
    return promise;
  };
  /** Asks until two tasks have answered; what they called the client. */
  const clientsSeen = async (ask: () => Promise<string[]>): Promise<string[]> => {
    const tasks = new Set<string>();
    const clients = new Set<string>();
    await eventually('two tasks answer', 120_000, async () => {
      const [task, ...client] = await ask();
      if (task === undefined) return undefined;
      tasks.add(task);
      clients.add(client.join(' '));
      return tasks.size >= 2 ? true : undefined;
    });
    return [...clients];
  };
  const targetGroup = async (
    name: string,
    protocol: string,
    port: string,
    ...attributes: string[]
  ): Promise<string> => {
    const { TargetGroups } = await aws<{ TargetGroups: { TargetGroupArn: string }[] }>('elbv2 create-target-group', {
      name,
      protocol,
      port,
      'vpc-id': vpc,
      'target-type': 'ip',
      'health-check-interval-seconds': '5',
      'health-check-timeout-seconds': '4',
      'healthy-threshold-count': '2',
      ...(protocol === 'UDP' ? { 'health-check-port': '9000' } : {}),
    });
    const arn = TargetGroups[0]?.TargetGroupArn ?? '';
    const set = ['deregistration_delay.timeout_seconds=1', ...attributes].map((each) => {
      const [key, value] = each.split('=');
      return `Key=${key},Value=${value}`;
    });
    await aws('elbv2 modify-target-group-attributes', { 'target-group-arn': arn, attributes: set });
    groups[name] = arn;
    return arn;
  };
  let vpc: string;

  beforeAll(async () => {
    await buildImage(image, {
      files: { '/bin/node': process.execPath, '/who.mjs': join(import.meta.dirname, 'who.mjs') },
      programs: [process.execPath],
      entryPoint: ['/bin/node', '/who.mjs'],
    });
    installation = await startInstallation();
    const { Subnets } = await aws<{ Subnets: { SubnetId: string; VpcId: string }[] }>('ec2 describe-subnets');
    const subnets = Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId);
    vpc = Subnets[0]?.VpcId ?? '';
    const securityGroup = async (name: string, ...rules: string[]): Promise<string> => {
      const made = { 'group-name': name, description: name, 'vpc-id': vpc };
      const { GroupId } = await aws<{ GroupId: string }>('ec2 create-security-group', made);
      await aws('ec2 authorize-security-group-ingress', { 'group-id': GroupId, 'ip-permissions': rules });
      return GroupId;
    };
    const open = (protocol: string, port: number): string =>
      `IpProtocol=${protocol},FromPort=${port},ToPort=${port},IpRanges=[{CidrIp=0.0.0.0/0}]`;
    balancerGroup = await securityGroup('nlb', open('tcp', 80), open('tcp', 81), open('tcp', 82), open('udp', 53));
    // Tasks let in nobody but the balancer, whoever the packets say they are from.
    const task = await securityGroup(
      'task',
      `IpProtocol=tcp,FromPort=9000,ToPort=9000,UserIdGroupPairs=[{GroupId=${balancerGroup}}]`,
      `IpProtocol=udp,FromPort=9001,ToPort=9001,UserIdGroupPairs=[{GroupId=${balancerGroup}}]`,
    );
    const { LoadBalancers } = await aws<{ LoadBalancers: { LoadBalancerArn: string; DNSName: string }[] }>(
      'elbv2 create-load-balancer',
      { name: 'net', type: 'network', subnets, 'security-groups': balancerGroup },
    );
    const arn = (balancerArn = LoadBalancers[0]?.LoadBalancerArn ?? '');
    await aws('elbv2 modify-load-balancer-attributes', {
      'load-balancer-arn': arn,
      attributes: 'Key=load_balancing.cross_zone.enabled,Value=true',
    });
    const listeners: [string, string, string][] = [
      ['TCP', '80', await targetGroup('plain', 'TCP', '9000')],
      ['TCP', '81', await targetGroup('preserving', 'TCP', '9000', 'preserve_client_ip.enabled=true')],
      ['TCP', '82', await targetGroup('proxied', 'TCP', '9000', 'proxy_protocol_v2.enabled=true')],
      ['UDP', '53', await targetGroup('udp', 'UDP', '9001')],
    ];
    for (const [protocol, port, group] of listeners) {
      await aws('elbv2 create-listener', {
        'load-balancer-arn': arn,
        protocol,
        port,
        'default-actions': `Type=forward,TargetGroupArn=${group}`,
      });
    }
    const { NetworkInterfaces } = await aws<{
      NetworkInterfaces: { PrivateIpAddress: string; Description: string; Association?: { PublicIp: string } }[];
    }>('ec2 describe-network-interfaces');
    const mine = NetworkInterfaces.filter(({ Description }) => Description.startsWith('ELB net/net/'));
    own = mine.map(({ PrivateIpAddress }) => PrivateIpAddress);
    address = mine[0]?.Association?.PublicIp ?? '';
    await aws('ecs create-cluster', { 'cluster-name': 'net' });
    await aws('ecs register-task-definition', {
      family: 'who',
      'network-mode': 'awsvpc',
      'requires-compatibilities': 'FARGATE',
      cpu: '256',
      memory: '512',
      'container-definitions': JSON.stringify([
        {
          name: 'who',
          image,
          portMappings: [{ containerPort: 9000 }, { containerPort: 9001, protocol: 'udp' }],
          stopTimeout: 10,
        },
      ]),
    });
    await aws('ecs create-service', {
      cluster: 'net',
      'service-name': 'who',
      'task-definition': 'who',
      'desired-count': '2',
      'launch-type': 'FARGATE',
      'health-check-grace-period-seconds': '60',
      'load-balancers': Object.entries(groups).map(
        ([name, group]) => `targetGroupArn=${group},containerName=who,containerPort=${name === 'udp' ? 9001 : 9000}`,
      ),
      'network-configuration': `awsvpcConfiguration={subnets=[${subnets.join(',')}],securityGroups=[${task}]}`,
    });
  }, 300_000);
  afterAll(async () => {
    installation.remove();
    await must('docker', ['rmi', '-f', image]);
  });

  it('shows targets its own address, the client, or both', async () => {
    const [plain, preserved, proxied, udp] = [
      await clientsSeen(() => overTcp(80)),
      await clientsSeen(() => overTcp(81)),
      await clientsSeen(() => overTcp(82)),
      await clientsSeen(() => overUdp(53)),
    ];
    for (const each of plain) expect(own).toContain(each);
    // This machine, as tasks see it: the last address of its public ones.
    expect(preserved).toEqual([expect.stringMatching(/^100\./)]);
    for (const each of proxied) expect(own.map((mine) => `${mine} ${preserved[0]}`)).toContain(each);
    expect(udp).toEqual(preserved);
  });

  it('loses no connection while the service is deployed anew', async () => {
    let asked = 0;
    let lost = 0;
    const over = new AbortController();
    const load = [80, 81].map(async (port) => {
      while (!over.signal.aborted) {
        asked += 1;
        if ((await overTcp(port)).length === 0) lost += 1;
      }
    });
    // A client that never changes its port is one flow, which ends with its target.
    const faithful = createSocket('udp4');
    const [first = ''] = await askBy(faithful, 53);
    const before = await aws<{ taskArns: string[] }>('ecs list-tasks', { cluster: 'net' });
    await aws('ecs update-service', { cluster: 'net', service: 'who', 'force-new-deployment': [] });
    await eventually('the tasks are others', 180_000, async () => {
      const { taskArns } = await aws<{ taskArns: string[] }>('ecs list-tasks', { cluster: 'net' });
      return taskArns.length === 2 && taskArns.every((arn) => !before.taskArns.includes(arn)) ? true : undefined;
    });
    over.abort();
    await Promise.all(load);
    expect(asked).toBeGreaterThan(100);
    expect(lost).toBe(0);
    await eventually('the flow goes to another task', 120_000, async () => {
      const [task = first] = await askBy(faithful, 53);
      return task === first ? undefined : true;
    });
    faithful.close();
  });

  it('lets in what its own security groups say, and goes on without the control plane', async () => {
    const rule = { 'group-id': balancerGroup, protocol: 'tcp', port: '81', cidr: '0.0.0.0/0' };
    await aws('ec2 revoke-security-group-ingress', rule);
    await eventually('nobody gets in', 60_000, async () => ((await overTcp(81)).length === 0 ? true : undefined));
    expect(await overTcp(80)).toHaveLength(2);
    await aws('ec2 authorize-security-group-ingress', rule);
    await eventually('everybody gets in', 60_000, async () => ((await overTcp(81)).length > 0 ? true : undefined));
    const pid = installation.pid();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    for (const ask of [() => overTcp(80), () => overTcp(81), () => overUdp(53)]) expect(await ask()).toHaveLength(2);
    installation.stowage('up', '--detach');
    for (const ask of [() => overTcp(80), () => overTcp(81), () => overUdp(53)]) expect(await ask()).toHaveLength(2);
  });

  it('has told what flowed once it is gone', async () => {
    await aws('elbv2 delete-load-balancer', { 'load-balancer-arn': balancerArn });
    const sumOf = (name: string): number => {
      const metrics = new DatabaseSync(join(installation.home, 'metrics.sqlite'), { readOnly: true });
      const sql = 'SELECT sum(sum) AS sum FROM unitPoints JOIN series ON series = id WHERE json LIKE ?';
      const row = metrics.prepare(sql).get(`%"${name}"%`);
      metrics.close();
      return Number(row?.['sum'] ?? 0);
    };
    await eventually('the last figures are told', 120_000, () => (sumOf('NewFlowCount_UDP') > 0 ? true : undefined));
    expect(sumOf('NewFlowCount_TCP')).toBeGreaterThan(100);
    expect(sumOf('ProcessedBytes_UDP')).toBeGreaterThan(0);
  });
});
