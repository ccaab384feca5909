import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { upDetached } from '../commands/up.ts';
import { eventually } from '../control-plane-client.ts';
import type { Installation } from '../installation.ts';
import { locate } from '../prepare/packages.ts';
import { prepareMachine } from '../prepare/prepare.ts';
import type { Terminal } from '../terminal.ts';
import { clientsOf, type Clients } from './clients.ts';

/** What the demo made and saw. */
export interface DemoResult {
  readonly url: string;
  /** The addresses of the tasks whose pages came through the balancer. */
  readonly answeredBy: readonly string[];
}

const name = 'hello';
const clusterName = 'demo';
const example = fileURLToPath(new URL('../../../examples/hello/', import.meta.url));

/** The whole way of the README: machine, control plane, image, service, page. Running it again is fine. */
export async function runDemo(installation: Installation, terminal: Terminal): Promise<DemoResult> {
  const startedAt = systemClock.now();
  terminal.line(terminal.bold('1. This machine'));
  await prepareMachine('demo', terminal);
  await upDetached(installation, terminal);

  const clients = clientsOf(installation, terminal);
  terminal.line(terminal.bold('\n2. An image, through ECR'));
  const image = await pushImage(clients);
  terminal.done(`${image} is in the registry`);

  terminal.line(terminal.bold('\n3. A load balancer'));
  const balancer = await loadBalancer(clients);
  terminal.done(`${balancer.dnsName} forwards to ${name}`);

  terminal.line(terminal.bold('\n4. A Fargate service of two tasks'));
  await service(clients, image, balancer, installation);
  terminal.step('waiting for the service to become stable');
  await clients.awsText('ecs', 'wait', 'services-stable', '--cluster', clusterName, '--services', name);
  terminal.done('two tasks are running and healthy');

  terminal.line(terminal.bold('\n5. The page, through the load balancer'));
  const answeredBy = await pagesFrom(balancer.url, 2);
  for (const address of answeredBy) terminal.done(`GET ${balancer.url} → the task at ${address}`);
  const seconds = Math.round((systemClock.now() - startedAt) / 1000);
  terminal.line(`\nOpen ${terminal.bold(balancer.url)} in a browser. (${seconds} s in all)`);
  terminal.line(
    "Go on: eval \"$(bin/stowage env)\" and use aws as ever; 'bin/stowage status' shows what runs; 'bin/stowage down --all' ends it.",
  );
  return { url: balancer.url, answeredBy };
}

async function pushImage(clients: Clients): Promise<string> {
  const busybox = locate('busybox');
  if (busybox === undefined) throw new Error('busybox is not installed');
  const context = mkdtempSync(join(tmpdir(), 'stowage-hello-'));
  try {
    copyFileSync(busybox, join(context, 'busybox'));
    for (const file of ['Dockerfile', 'index.cgi']) copyFileSync(join(example, file), join(context, file));
    chmodSync(join(context, 'index.cgi'), 0o755);
    await clients.docker(['build', '--quiet', '--tag', name, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  const described = await existing(
    () => clients.aws<Repositories>('ecr', 'describe-repositories', '--repository-names', name),
    'RepositoryNotFoundException',
  );
  const uri =
    described?.repositories[0]?.repositoryUri ??
    (
      await clients.aws<{ repository: { repositoryUri: string } }>(
        'ecr',
        'create-repository',
        '--repository-name',
        name,
      )
    ).repository.repositoryUri;
  const password = await clients.awsText('ecr', 'get-login-password');
  await clients.docker(['login', '--username', 'AWS', '--password-stdin', uri.split('/')[0] ?? uri], password);
  await clients.docker(['tag', name, `${uri}:latest`]);
  await clients.docker(['push', '--quiet', `${uri}:latest`]);
  return `${uri}:latest`;
}

interface Repositories {
  readonly repositories: readonly { readonly repositoryUri: string }[];
}

interface Balancer {
  readonly dnsName: string;
  readonly url: string;
  readonly targetGroupArn: string;
  readonly subnets: readonly string[];
  readonly taskGroup: string;
}

async function loadBalancer(clients: Clients): Promise<Balancer> {
  const { Vpcs } = await clients.aws<{ Vpcs: { VpcId: string }[] }>(
    'ec2',
    'describe-vpcs',
    '--filters',
    'Name=is-default,Values=true',
  );
  const vpcId = Vpcs[0]?.VpcId ?? '';
  const { Subnets } = await clients.aws<{ Subnets: { SubnetId: string }[] }>(
    'ec2',
    'describe-subnets',
    '--filters',
    `Name=vpc-id,Values=${vpcId}`,
    'Name=default-for-az,Values=true',
  );
  const subnets = Subnets.slice(0, 2).map((subnet) => subnet.SubnetId);
  const front = await securityGroup(clients, vpcId, 'demo-web', 'HTTP from anywhere', [
    '--protocol',
    'tcp',
    '--port',
    '80',
    '--cidr',
    '0.0.0.0/0',
  ]);
  const taskGroup = await securityGroup(clients, vpcId, 'demo-tasks', 'only from the load balancer', [
    '--protocol',
    'tcp',
    '--port',
    '8080',
    '--source-group',
    front,
  ]);
  const found = await existing(
    () => clients.aws<LoadBalancers>('elbv2', 'describe-load-balancers', '--names', 'demo'),
    'LoadBalancerNotFound',
  );
  const { LoadBalancers } =
    found ??
    (await clients.aws<LoadBalancers>(
      'elbv2',
      'create-load-balancer',
      '--name',
      'demo',
      '--subnets',
      ...subnets,
      '--security-groups',
      front,
    ));
  const { LoadBalancerArn: arn = '', DNSName: dnsName = '' } = LoadBalancers[0] ?? {};
  const groups = await existing(
    () => clients.aws<TargetGroups>('elbv2', 'describe-target-groups', '--names', name),
    'TargetGroupNotFound',
  );
  const { TargetGroups } =
    groups ??
    (await clients.aws<TargetGroups>(
      'elbv2',
      'create-target-group',
      '--name',
      name,
      '--protocol',
      'HTTP',
      '--port',
      '8080',
      '--vpc-id',
      vpcId,
      '--target-type',
      'ip',
      '--health-check-interval-seconds',
      '5',
      '--health-check-timeout-seconds',
      '2',
      '--healthy-threshold-count',
      '2',
    ));
  const targetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
  // The default gives clients five minutes to finish with a task that leaves; a page is done at once.
  await clients.aws(
    'elbv2',
    'modify-target-group-attributes',
    '--target-group-arn',
    targetGroupArn,
    '--attributes',
    'Key=deregistration_delay.timeout_seconds,Value=2',
  );
  const { Listeners } = await clients.aws<{ Listeners: unknown[] }>(
    'elbv2',
    'describe-listeners',
    '--load-balancer-arn',
    arn,
  );
  if (Listeners.length === 0) {
    await clients.aws(
      'elbv2',
      'create-listener',
      '--load-balancer-arn',
      arn,
      '--protocol',
      'HTTP',
      '--port',
      '80',
      '--default-actions',
      `Type=forward,TargetGroupArn=${targetGroupArn}`,
    );
  }
  await clients.awsText('elbv2', 'wait', 'load-balancer-available', '--load-balancer-arns', arn);
  return { dnsName, url: `http://${dnsName}/`, targetGroupArn, subnets, taskGroup };
}

interface LoadBalancers {
  readonly LoadBalancers: readonly { readonly LoadBalancerArn: string; readonly DNSName: string }[];
}

interface TargetGroups {
  readonly TargetGroups: readonly { readonly TargetGroupArn: string }[];
}

async function securityGroup(
  clients: Clients,
  vpcId: string,
  group: string,
  description: string,
  ingress: string[],
): Promise<string> {
  const { SecurityGroups } = await clients.aws<{ SecurityGroups: { GroupId: string }[] }>(
    'ec2',
    'describe-security-groups',
    '--filters',
    `Name=vpc-id,Values=${vpcId}`,
    `Name=group-name,Values=${group}`,
  );
  if (SecurityGroups[0] !== undefined) return SecurityGroups[0].GroupId;
  const { GroupId } = await clients.aws<{ GroupId: string }>(
    'ec2',
    'create-security-group',
    '--group-name',
    group,
    '--description',
    description,
    '--vpc-id',
    vpcId,
  );
  await clients.aws('ec2', 'authorize-security-group-ingress', '--group-id', GroupId, ...ingress);
  return GroupId;
}

async function service(clients: Clients, image: string, balancer: Balancer, installation: Installation): Promise<void> {
  const role = await existing(
    () => clients.aws<Role>('iam', 'get-role', '--role-name', 'ecsTaskExecutionRole'),
    'NoSuchEntity',
  );
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  const { Role } =
    role ??
    (await clients.aws<Role>(
      'iam',
      'create-role',
      '--role-name',
      'ecsTaskExecutionRole',
      '--assume-role-policy-document',
      JSON.stringify(trust),
    ));
  await clients.awsText(
    'iam',
    'attach-role-policy',
    '--role-name',
    'ecsTaskExecutionRole',
    '--policy-arn',
    'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
  );
  await clients.aws('ecs', 'create-cluster', '--cluster-name', clusterName);
  const container = {
    name,
    image,
    essential: true,
    portMappings: [{ containerPort: 8080 }],
    logConfiguration: {
      logDriver: 'awslogs',
      options: {
        'awslogs-group': '/demo/hello',
        'awslogs-region': installation.region,
        'awslogs-stream-prefix': 'web',
        'awslogs-create-group': 'true',
      },
    },
  };
  await clients.aws(
    'ecs',
    'register-task-definition',
    '--family',
    name,
    '--requires-compatibilities',
    'FARGATE',
    '--network-mode',
    'awsvpc',
    '--cpu',
    '.25vCPU',
    '--memory',
    '0.5GB',
    '--execution-role-arn',
    Role.Arn,
    '--container-definitions',
    JSON.stringify([container]),
  );
  const { services } = await clients.aws<{ services: { status: string }[] }>(
    'ecs',
    'describe-services',
    '--cluster',
    clusterName,
    '--services',
    name,
  );
  if (services.some((row) => row.status === 'ACTIVE')) {
    await clients.aws(
      'ecs',
      'update-service',
      '--cluster',
      clusterName,
      '--service',
      name,
      '--task-definition',
      name,
      '--desired-count',
      '2',
    );
    return;
  }
  await clients.aws(
    'ecs',
    'create-service',
    '--cluster',
    clusterName,
    '--service-name',
    name,
    '--task-definition',
    name,
    '--launch-type',
    'FARGATE',
    '--desired-count',
    '2',
    '--network-configuration',
    `awsvpcConfiguration={subnets=[${balancer.subnets.join(',')}],securityGroups=[${balancer.taskGroup}],assignPublicIp=DISABLED}`,
    '--load-balancers',
    `targetGroupArn=${balancer.targetGroupArn},containerName=${name},containerPort=8080`,
    '--health-check-grace-period-seconds',
    '30',
  );
}

interface Role {
  readonly Role: { readonly Arn: string };
}

/** The answer of a describe call, or `undefined` when it fails because there is no such thing yet. */
async function existing<Answer>(describe: () => Promise<Answer>, notFoundCode: string): Promise<Answer | undefined> {
  try {
    return await describe();
  } catch (error) {
    if (messageOf(error).includes(notFoundCode)) return undefined;
    throw error;
  }
}

/** Fetches the page until `count` different tasks have made it. */
async function pagesFrom(url: string, count: number): Promise<string[]> {
  const seen = new Set<string>();
  let last = '';
  const enough = await eventually(60_000, async () => {
    last = await fetchPage(url).catch(messageOf);
    const address = /<b>([\d.]+)<\/b>/.exec(last)?.[1];
    if (address !== undefined) seen.add(address);
    return seen.size >= count ? true : undefined;
  });
  if (enough === undefined)
    throw new Error(`${url} was answered by ${seen.size} tasks instead of ${count}; the last answer: ${last}`);
  return [...seen];
}

function fetchPage(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // A connection of its own for each page, so that nothing but the balancer chooses the task.
  const asked = request(url, { agent: false, timeout: 5000 }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    answer.on('end', () => resolve(body));
  });
  asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
  asked.on('error', reject);
  asked.end();
  return promise;
}
