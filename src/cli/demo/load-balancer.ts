import { existing, type Clients } from './clients.ts';

/** A load balancer that forwards to a target group, and where tasks may go. */
export interface Balancer {
  readonly dnsName: string;
  readonly url: string;
  readonly targetGroupArn: string;
  readonly subnets: readonly string[];
  readonly taskGroup: string;
}

/** Makes the load balancer `demo` in the default VPC, with a target group `name` behind it. */
export async function loadBalancer(clients: Clients, name: string): Promise<Balancer> {
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
