import { existing, type Clients } from './clients.ts';
import type { Balancer } from './load-balancer.ts';

/** What the service is made from. */
export interface ServicePlan {
  readonly name: string;
  readonly clusterName: string;
  readonly image: string;
  readonly balancer: Balancer;
  readonly region: string;
}

/** Makes the Fargate service of two tasks, or brings an existing one to the newest revision. */
export async function createService(clients: Clients, plan: ServicePlan): Promise<void> {
  const { name, clusterName, image, balancer, region } = plan;
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
        'awslogs-region': region,
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
