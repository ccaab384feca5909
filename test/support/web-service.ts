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
  type AdvancedConfiguration,
  type DeploymentConfiguration,
  type Task,
} from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import {
  CreateListenerCommand,
  CreateRuleCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { given } from '../../src/base/given.ts';
import type { TestInstallation } from './installation.ts';

/** The SDK's clients, pointed at an installation. */
export function sdk(
  installation: Pick<TestInstallation, 'endpoint'>,
  more: { maxAttempts?: number } = {},
): {
  ecs: ECSClient;
  ec2: EC2Client;
  elb: ElasticLoadBalancingClient;
  elbv2: ElasticLoadBalancingV2Client;
} {
  const config = {
    ...more,
    endpoint: installation.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  return {
    ecs: new ECSClient(config),
    ec2: new EC2Client(config),
    elb: new ElasticLoadBalancingClient(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
  };
}

/** A Fargate service of the hello page behind a load balancer of its own. */
export interface WebService {
  readonly name: string;
  readonly url: string;
  readonly targetGroupArn: string;
  readonly listenerArn: string;
  /** Of one that CodeDeploy deploys. */
  readonly testListenerArn?: string;
  /** Registers a revision with another image, or with other variables in its environment, and answers its ARN. */
  register(image: string, environment?: Readonly<Record<string, string>>): Promise<string>;
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
  options: {
    name: string;
    image: string;
    count: number;
    /** Makes a second target group and the rules by which deployments shift traffic as it says. */
    shifting?: DeploymentConfiguration;
    /** CodeDeploy deploys it: there is a second target group, and a listener on port 8080 for test traffic. */
    codeDeploy?: boolean;
    /** Of the targets, in seconds. */
    deregistrationDelay?: number;
  },
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
  const targetGroup = async (groupName: string): Promise<string> => {
    const groups = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: groupName,
        Protocol: 'HTTP',
        Port: 8080,
        TargetType: 'ip',
        VpcId: vpc,
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
      }),
    );
    const arn = groups.TargetGroups?.[0]?.TargetGroupArn ?? '';
    const delay = String(options.deregistrationDelay ?? 3);
    await elbv2.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn: arn,
        Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: delay }],
      }),
    );
    return arn;
  };
  const targetGroupArn = await targetGroup(name);
  const listen = async (port: number): Promise<string> => {
    const listened = await elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer?.LoadBalancerArn,
        Protocol: 'HTTP',
        Port: port,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
      }),
    );
    return listened.Listeners?.[0]?.ListenerArn ?? '';
  };
  const listenerArn = await listen(80);
  const rule = async (priority: number, headers: readonly string[], arns: readonly string[]): Promise<string> => {
    const TargetGroups = arns.map((TargetGroupArn, index) => ({ TargetGroupArn, Weight: index === 0 ? 1 : 0 }));
    const { Rules } = await elbv2.send(
      new CreateRuleCommand({
        ListenerArn: listenerArn,
        Priority: priority,
        Conditions:
          headers.length > 0
            ? [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'x-test', Values: [...headers] } }]
            : [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/*'] } }],
        Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups } }],
      }),
    );
    return Rules?.[0]?.RuleArn ?? '';
  };
  const advanced = async (): Promise<AdvancedConfiguration> => {
    const alternate = await targetGroup(`${name}-alternate`);
    return {
      alternateTargetGroupArn: alternate,
      productionListenerRule: await rule(10, [], [targetGroupArn, alternate]),
      testListenerRule: await rule(5, ['yes'], [alternate]),
      roleArn: 'arn:aws:iam::000000000000:role/ecsInfrastructureRole',
    };
  };
  const advancedConfiguration = options.shifting === undefined ? undefined : await advanced();
  const codeDeploy = options.codeDeploy === true;
  if (codeDeploy) await targetGroup(`${name}-alternate`);
  const testListener = codeDeploy ? await listen(8080) : undefined;
  await ecs.send(new CreateClusterCommand({ clusterName: name }));
  const register = async (revision: string, variables: Readonly<Record<string, string>> = {}): Promise<string> => {
    const environment = Object.entries(variables).map(([key, value]) => ({ name: key, value }));
    const registered = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: name,
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        executionRoleArn: 'arn:aws:iam::000000000000:role/ecsTaskExecutionRole',
        containerDefinitions: [
          { name: 'web', image: revision, portMappings: [{ containerPort: 8080 }], stopTimeout: 5, environment },
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
      ...(options.shifting === undefined ? {} : { deploymentConfiguration: options.shifting }),
      ...(codeDeploy ? { deploymentController: { type: 'CODE_DEPLOY' } } : {}),
      loadBalancers: [{ targetGroupArn, containerName: 'web', containerPort: 8080, advancedConfiguration }],
    }),
  );
  const service: WebService = {
    name,
    url: `http://${balancer?.DNSName}/`,
    targetGroupArn,
    listenerArn,
    ...given('testListenerArn', testListener),
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
  // The waiter counts deployments, of which one that CodeDeploy deploys has none.
  if (!codeDeploy) await service.stable();
  return service;
}
