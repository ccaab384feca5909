import {
  EC2Client,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeTasksCommand,
  ECSClient,
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
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TestInstallation } from './installation.ts';

/** The SDK's clients, pointed at an installation. */
export function sdk(
  installation: Pick<TestInstallation, 'endpoint'>,
  more: { maxAttempts?: number } = {},
): {
  ecs: ECSClient;
  ec2: EC2Client;
  elbv2: ElasticLoadBalancingV2Client;
} {
  const config = {
    ...more,
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  return { ecs: new ECSClient(config), ec2: new EC2Client(config), elbv2: new ElasticLoadBalancingV2Client(config) };
}

/** A Fargate service of the hello page behind a load balancer of its own. */
export interface WebService {
  readonly name: string;
  readonly url: string;
  readonly targetGroupArn: string;
  /** Registers a revision with another image and answers its ARN. */
  register(image: string): Promise<string>;
  /** Its tasks that are to run. */
  tasks(): Promise<Task[]>;
  healthyTargets(): Promise<number>;
  /** Where its tasks stand. */
  readonly placement: { readonly subnets: string[]; readonly securityGroups: string[] };
  /** Resolves once ECS calls it stable. */
  stable(): Promise<void>;
}

/** Makes one, and waits until it is stable. */
export async function createWebService(
  installation: TestInstallation,
  options: { name: string; image: string; count: number },
): Promise<WebService> {
  const { ecs, ec2, elbv2 } = sdk(installation);
  const { name, image, count } = options;
  const vpc =
    (await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }))).Vpcs?.[0]
      ?.VpcId ?? '';
  const found = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }));
  const subnets = (found.Subnets ?? []).slice(0, 2).map((subnet) => subnet.SubnetId ?? '');
  const group = await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: vpc }));
  const groupId = group.GroupId ?? '';
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [80, 8080].map((port) => ({
        IpProtocol: 'tcp',
        FromPort: port,
        ToPort: port,
        IpRanges: [{ CidrIp: '0.0.0.0/0' }],
      })),
    }),
  );
  const balancers = await elbv2.send(
    new CreateLoadBalancerCommand({ Name: name, Subnets: subnets, SecurityGroups: [groupId] }),
  );
  const balancer = balancers.LoadBalancers?.[0];
  const groups = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: name,
      Protocol: 'HTTP',
      Port: 8080,
      TargetType: 'ip',
      VpcId: vpc,
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
    }),
  );
  const targetGroupArn = groups.TargetGroups?.[0]?.TargetGroupArn ?? '';
  await elbv2.send(
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn: targetGroupArn,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '3' }],
    }),
  );
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    }),
  );
  await ecs.send(new CreateClusterCommand({ clusterName: name }));
  const register = async (revision: string): Promise<string> => {
    const registered = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: name,
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        executionRoleArn: 'arn:aws:iam::000000000000:role/ecsTaskExecutionRole',
        containerDefinitions: [
          { name: 'web', image: revision, portMappings: [{ containerPort: 8080 }], stopTimeout: 5 },
        ],
      }),
    );
    return registered.taskDefinition?.taskDefinitionArn ?? '';
  };
  await register(image);
  await ecs.send(
    new CreateServiceCommand({
      cluster: name,
      serviceName: name,
      taskDefinition: name,
      desiredCount: count,
      launchType: 'FARGATE',
      healthCheckGracePeriodSeconds: 60,
      networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups: [groupId] } },
      loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 8080 }],
    }),
  );
  const service: WebService = {
    name,
    url: `http://${balancer?.DNSName}/`,
    targetGroupArn,
    placement: { subnets, securityGroups: [groupId] },
    register,
    async tasks() {
      const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: name, serviceName: name }));
      if (taskArns.length === 0) return [];
      return (await ecs.send(new DescribeTasksCommand({ cluster: name, tasks: taskArns }))).tasks ?? [];
    },
    async healthyTargets() {
      const health = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
      return (health.TargetHealthDescriptions ?? []).filter((target) => target.TargetHealth?.State === 'healthy')
        .length;
    },
    async stable() {
      await waitUntilServicesStable(
        { client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 },
        { cluster: name, services: [name] },
      );
    },
  };
  await service.stable();
  return service;
}
