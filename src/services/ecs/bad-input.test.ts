import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { awsvpc, ctx, ecsFixture, fargateWeb, targetGroupArns, web } from './fixture.ts';

type Fixture = ReturnType<typeof ecsFixture>;

/** Runs `act` and answers the code and message that it is refused with. */
function refusal(act: () => unknown): { code: string; message: string } {
  try {
    act();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  return { code: 'accepted', message: '' };
}

/** A task definition of one container that differs from `web` in `container`. */
function withContainer(container: ContainerDefinition, rest: Partial<RegisterTaskDefinitionCommandInput> = {}) {
  return { ...fargateWeb, ...rest, containerDefinitions: [{ ...web, ...container }] };
}

const ec2 = { family: 'web', containerDefinitions: [{ ...web, memory: 128 }] };
const role = 'arn:aws:iam::000000000000:role/execution';
const awslogs = {
  logDriver: 'awslogs',
  options: { 'awslogs-group': 'g', 'awslogs-region': 'us-east-1', 'awslogs-stream-prefix': 'p' },
} as const;
const healthCheck = { command: ['CMD-SHELL', 'true'] };

describe('RegisterTaskDefinition refuses', () => {
  const rows: readonly (readonly [string, RegisterTaskDefinitionCommandInput, string])[] = [
    ['no family', { ...fargateWeb, family: '' }, 'Family should not be null or empty.'],
    ['a bad family', { ...fargateWeb, family: 'a b' }, 'Family contains invalid characters.'],
    ['no containers', { ...fargateWeb, containerDefinitions: [] }, 'Container list cannot be empty.'],
    [
      'eleven containers',
      { ...fargateWeb, containerDefinitions: Array.from({ length: 11 }, (_, i) => ({ ...web, name: `c${i}` })) },
      'Too many containers.',
    ],
    ['no task cpu on Fargate', without('cpu'), "Fargate requires that 'cpu' be defined at the task level."],
    ['no task memory on Fargate', without('memory'), "Fargate requires that 'memory' be defined at the task level."],
    [
      'a pair that Fargate does not have',
      { ...fargateWeb, cpu: '256', memory: '4GB' },
      'No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for the valid values.',
    ],
    [
      'a cpu that is no size',
      { ...fargateWeb, cpu: 'much' },
      "Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
    ],
    [
      'a memory that is no size',
      { ...fargateWeb, memory: '1TB' },
      "Invalid 'memory' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
    ],
    ['bridge on Fargate', { ...fargateWeb, networkMode: 'bridge' }, "Fargate only supports network mode 'awsvpc'."],
    ['no mode on Fargate', without('networkMode'), "Fargate only supports network mode 'awsvpc'."],
    ['no image', withContainer({ image: '' }), 'Container.image should not be null or empty.'],
    ['a bad image', withContainer({ image: '$IMAGE' }), 'Container.image contains invalid characters.'],
    ['no container name', withContainer({ name: '' }), 'Container.name should not be null or empty.'],
    ['a bad container name', withContainer({ name: 'a.b' }), 'Container.name contains invalid characters.'],
    [
      'two containers of one name',
      { ...fargateWeb, containerDefinitions: [web, web] },
      'Container names must be unique within a task definition.',
    ],
    [
      'no essential container',
      withContainer({ essential: false }),
      "Task definition doesn't have any essential container.",
    ],
    [
      'a container without memory',
      { family: 'web', containerDefinitions: [web] },
      "Invalid setting for container 'web'. At least one of 'memory' or 'memoryReservation' must be specified.",
    ],
    [
      'a reservation over the limit',
      withContainer({ memory: 128, memoryReservation: 256 }),
      "'memory' must be greater than or equal to 'memoryReservation'.",
    ],
    [
      'a container bigger than its task',
      withContainer({ memory: 1024 }),
      "The 'memory' setting for container 'web' is greater than for the task.",
    ],
    [
      'containers with more cpu than the task',
      withContainer({ cpu: 512 }),
      "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    ],
    [
      'another host port in awsvpc',
      withContainer({ portMappings: [{ containerPort: 80, hostPort: 8080 }] }),
      'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
    ],
    [
      'a container port twice in awsvpc',
      { ...fargateWeb, containerDefinitions: [web, { ...web, name: 'b' }] },
      "TCP container port '80' is used multiple times in task when networkMode=awsvpc.",
    ],
    [
      'a host port twice in bridge',
      withContainer(
        {
          memory: 128,
          portMappings: [
            { containerPort: 80, hostPort: 80 },
            { containerPort: 81, hostPort: 80 },
          ],
        },
        { ...ec2, networkMode: 'bridge', requiresCompatibilities: ['EC2'] },
      ),
      "TCP host port '80' is used multiple times in task when networkMode=bridge.",
    ],
    [
      'a port mapping name twice',
      withContainer({
        portMappings: [
          { containerPort: 80, name: 'http' },
          { containerPort: 81, name: 'http' },
        ],
      }),
      'When networkMode=awsvpc, port mapping name is already used',
    ],
    [
      'a port that is none',
      withContainer({ portMappings: [{ containerPort: 70_000 }] }),
      "Invalid 'containerPort' setting for container 'web'.",
    ],
    ['links in awsvpc', withContainer({ links: ['db'] }), 'Links are not supported when networkMode=awsvpc.'],
    [
      'a hostname in awsvpc',
      withContainer({ hostname: 'me' }),
      'hostname is not supported on container when networkMode=awsvpc.',
    ],
    [
      'extra hosts in awsvpc',
      withContainer({ extraHosts: [{ hostname: 'a', ipAddress: '10.0.0.1' }] }),
      'Extra hosts are not supported on container when networkMode=awsvpc.',
    ],
    [
      'an unknown volume',
      withContainer({ mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }] }),
      "Unknown volume 'data'.",
    ],
    [
      'volumes from a container that is not there',
      withContainer({ volumesFrom: [{ sourceContainer: 'db' }] }),
      "Invalid 'volumesFrom' setting. Unknown container: 'db'.",
    ],
    [
      'a host path on Fargate',
      { ...fargateWeb, volumes: [{ name: 'data', host: { sourcePath: '/data' } }] },
      'Fargate compatible task definitions do not support sourcePath',
    ],
    [
      'a dependency that is not there',
      withContainer({ dependsOn: [{ containerName: 'db', condition: 'START' }] }),
      "Cannot depend on container 'db' because it does not exist.",
    ],
    [
      'a cycle of dependencies',
      {
        ...fargateWeb,
        containerDefinitions: [
          { ...web, dependsOn: [{ containerName: 'b', condition: 'START' }] },
          { name: 'b', image: 'b', dependsOn: [{ containerName: 'web', condition: 'START' }] },
        ],
      },
      'There is a cycle in the container dependencies.',
    ],
    [
      'waiting for an essential container to end',
      {
        ...fargateWeb,
        containerDefinitions: [
          { ...web, dependsOn: [{ containerName: 'b', condition: 'SUCCESS' }] },
          { name: 'b', image: 'b' },
        ],
      },
      'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container.',
    ],
    [
      'waiting for the health of a container without a check',
      {
        ...fargateWeb,
        containerDefinitions: [
          { ...web, dependsOn: [{ containerName: 'b', condition: 'HEALTHY' }] },
          { name: 'b', image: 'b' },
        ],
      },
      'A dependency container with HEALTHY condition must have a health check defined.',
    ],
    [
      'a privileged container on Fargate',
      withContainer({ privileged: true }),
      'Fargate requires that the ‘privileged’ setting be ‘false’ at the container level.',
    ],
    [
      'a log driver that Fargate lacks',
      withContainer({ logConfiguration: { logDriver: 'journald' } }),
      'journald is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]',
    ],
    [
      'awslogs without its options',
      withContainer({ logConfiguration: { logDriver: 'awslogs' } }, { executionRoleArn: role }),
      'Log driver awslogs requires options: awslogs-region, awslogs-group',
    ],
    [
      'awslogs with another option',
      withContainer({
        logConfiguration: { ...awslogs, options: { ...awslogs.options, 'awslogs-endpoint': 'http://x' } },
      }),
      'Log driver awslogs disallows options: awslogs-endpoint',
    ],
    [
      'awslogs without a stream prefix on Fargate',
      withContainer({
        logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g', 'awslogs-region': 'r' } },
      }),
      'Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.',
    ],
    [
      'awslogs without an execution role on Fargate',
      withContainer({ logConfiguration: awslogs }),
      'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
    ],
    [
      'an ECR image without an execution role on Fargate',
      withContainer({ image: '000000000000.dkr.ecr.us-east-1.amazonaws.com/app:1' }),
      'Fargate requires task definition to have execution role ARN to support ECR images.',
    ],
    ['a role that is none', { ...fargateWeb, taskRoleArn: 'not a role' }, 'Role is not valid'],
    [
      'a health check without a command',
      withContainer({ healthCheck: { command: [] } }),
      "Health check command cannot be empty for container 'web'.",
    ],
    [
      'a health check that names no way to run it',
      withContainer({ healthCheck: { command: ['curl localhost'] } }),
      "Health check command must start with CMD or CMD-SHELL for container 'web'.",
    ],
    [
      'a health check that is too rare',
      withContainer({ healthCheck: { ...healthCheck, interval: 301 } }),
      "Health check interval must be less than or equal to the maximum allowed value 300 for container 'web'.",
    ],
    [
      'a restart policy that says nothing',
      withContainer({ restartPolicy: { enabled: undefined } }),
      "Invalid 'restartPolicy' setting for container 'web'. 'enabled' must be specified.",
    ],
    [
      'a restart that comes too soon',
      withContainer({ restartPolicy: { enabled: true, restartAttemptPeriod: 59 } }),
      "The 'restartAttemptPeriod' setting for container 'web' must be between 60 and 1800.",
    ],
    [
      'more than fifty exit codes',
      withContainer({ restartPolicy: { enabled: true, ignoredExitCodes: Array.from({ length: 51 }, (_, i) => i) } }),
      "Invalid 'restartPolicy' setting for container 'web'. 'ignoredExitCodes' can contain at most 50 exit codes.",
    ],
    [
      'a start that may take longer than Fargate waits',
      withContainer({ startTimeout: 121 }),
      'Tasks using the Fargate launch type must have a container start timeout of less than 120 seconds.',
    ],
    [
      'a start that may take no time on Fargate',
      withContainer({ startTimeout: 1 }),
      "The 'startTimeout' setting for container 'web' must be at least 2 on Fargate.",
    ],
    ['no tags', { ...fargateWeb, tags: [] }, 'Tags can not be empty.'],
    [
      'secrets without an execution role',
      withContainer({ secrets: [{ name: 'A', valueFrom: 'a' }] }),
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    ],
    [
      'environment files without an execution role',
      withContainer({ environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::b/k.env' }] }),
      "When you are specifying environment files, you must also specify a value for 'executionRoleArn'.",
    ],
    [
      'an environment file with another name',
      withContainer({ environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::b/k.txt' }] }, { executionRoleArn: role }),
      "Invalid 'environmentFiles' setting for container 'web'. 'arn:aws:s3:::b/k.txt' is not the ARN of an Amazon S3 object whose name ends with .env.",
    ],
    [
      'eleven environment files',
      withContainer(
        {
          environmentFiles: Array.from({ length: 11 }, () => ({ type: 's3' as const, value: 'arn:aws:s3:::b/k.env' })),
        },
        { executionRoleArn: role },
      ),
      "Invalid 'environmentFiles' setting for container 'web'. There may be at most 10 files.",
    ],
    [
      'repository credentials without an execution role',
      withContainer({ repositoryCredentials: { credentialsParameter: 'registry' } }),
      "When you are specifying repository credentials, you must also specify a value for 'executionRoleArn'.",
    ],
    [
      'repository credentials in Parameter Store',
      withContainer(
        { repositoryCredentials: { credentialsParameter: 'arn:aws:ssm:us-east-1:000000000000:parameter/a' } },
        { executionRoleArn: role },
      ),
      "Invalid 'repositoryCredentials' setting for container 'web'.",
    ],
    [
      'a secret that is a variable already',
      withContainer(
        { secrets: [{ name: 'A', valueFrom: 'a' }], environment: [{ name: 'A', value: '1' }] },
        { executionRoleArn: role },
      ),
      "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'.",
    ],
    [
      'two secrets of one name',
      withContainer(
        {
          secrets: [
            { name: 'A', valueFrom: 'a' },
            { name: 'A', valueFrom: 'b' },
          ],
        },
        { executionRoleArn: role },
      ),
      "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'.",
    ],
    [
      'a secret without a name',
      withContainer({ secrets: [{ name: '', valueFrom: 'a' }] }, { executionRoleArn: role }),
      "Invalid 'secrets' setting for container 'web'. A secret has no name.",
    ],
    [
      'a secret from nowhere',
      withContainer({ secrets: [{ name: 'A', valueFrom: '' }] }, { executionRoleArn: role }),
      "Invalid 'secrets' setting for container 'web'. The secret 'A' has no valueFrom.",
    ],
    [
      'a secret in a bucket',
      withContainer({ secrets: [{ name: 'A', valueFrom: 'arn:aws:s3:::bucket/key' }] }, { executionRoleArn: role }),
      "Invalid 'secrets' setting for container 'web'. The ARN of 'A' is neither of a parameter of Systems Manager nor of a secret of Secrets Manager.",
    ],
    [
      'a secret option of awslogs',
      withContainer(
        { logConfiguration: { ...awslogs, secretOptions: [{ name: 'awslogs-group', valueFrom: 'a' }] } },
        { executionRoleArn: role },
      ),
      'Log driver awslogs disallows options: awslogs-group',
    ],
    [
      'EFS',
      {
        ...fargateWeb,
        volumes: [{ name: 'data', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }],
      },
      "volumes[0].efsVolumeConfiguration isn't supported by Stowage: there are no Amazon EFS file systems.",
    ],
  ];

  it.each(rows)('%s', (_, input, message) => {
    const { ecs } = ecsFixture();
    expect(refusal(() => ecs.RegisterTaskDefinition(input, ctx))).toEqual({ code: 'ClientException', message });
    expect(ecs.ListTaskDefinitionFamilies({}, ctx).families).toEqual([]);
  });
});

function without(member: 'cpu' | 'memory' | 'networkMode'): RegisterTaskDefinitionCommandInput {
  const { [member]: _, ...rest } = fargateWeb;
  return rest;
}

const run = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: awsvpc } as const;
const service = { ...run, serviceName: 'web', desiredCount: 1 } as const;
const balanced = { targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 };

describe('With a cluster and a task definition,', () => {
  const rows: readonly (readonly [string, (fixture: Fixture) => unknown, string, string])[] = [
    [
      'RunTask in an unknown cluster',
      ({ ecs }) => ecs.RunTask({ ...run, cluster: 'none' }, ctx),
      'ClusterNotFoundException',
      'Cluster not found.',
    ],
    [
      'RunTask in a deleted cluster',
      ({ ecs }) => {
        ecs.DeleteCluster({ cluster: 'default' }, ctx);
        return ecs.RunTask(run, ctx);
      },
      'ClusterNotFoundException',
      'The referenced cluster was inactive.',
    ],
    [
      'RunTask of an unknown definition',
      ({ ecs }) => ecs.RunTask({ ...run, taskDefinition: 'none' }, ctx),
      'ClientException',
      'TaskDefinition not found.',
    ],
    [
      'RunTask of an unknown revision',
      ({ ecs }) => ecs.RunTask({ ...run, taskDefinition: 'web:9' }, ctx),
      'ClientException',
      'TaskDefinition not found.',
    ],
    [
      'RunTask of an inactive revision',
      ({ ecs }) => {
        ecs.DeregisterTaskDefinition({ taskDefinition: 'web:1' }, ctx);
        return ecs.RunTask({ ...run, taskDefinition: 'web:1' }, ctx);
      },
      'ClientException',
      'TaskDefinition is inactive',
    ],
    [
      'RunTask of eleven',
      ({ ecs }) => ecs.RunTask({ ...run, count: 11 }, ctx),
      'InvalidParameterException',
      'count must be between 1 and 10.',
    ],
    [
      'RunTask without a network',
      ({ ecs }) => ecs.RunTask({ taskDefinition: 'web', launchType: 'FARGATE' }, ctx),
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      'RunTask in no subnet',
      ({ ecs }) => ecs.RunTask({ ...run, networkConfiguration: { awsvpcConfiguration: { subnets: [] } } }, ctx),
      'InvalidParameterException',
      'subnets can not be empty.',
    ],
    [
      'RunTask in an unknown subnet',
      ({ ecs }) =>
        ecs.RunTask({ ...run, networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-x'] } } }, ctx),
      'InvalidParameterException',
      "Error retrieving subnet information for [subnet-x]: The subnet ID 'subnet-x' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
    ],
    [
      'RunTask in seventeen subnets',
      ({ ecs }) =>
        ecs.RunTask(
          { ...run, networkConfiguration: { awsvpcConfiguration: { subnets: Array<string>(17).fill('subnet-a') } } },
          ctx,
        ),
      'InvalidParameterException',
      'subnets can have at most 16 items.',
    ],
    [
      'RunTask with an unknown group',
      ({ ecs }) => ecs.RunTask({ ...run, networkConfiguration: withGroups('sg-x') }, ctx),
      'InvalidParameterException',
      "Error retrieving security group information for [sg-x]: The security group 'sg-x' does not exist (ErrorCode: InvalidGroup.NotFound)",
    ],
    [
      'RunTask with a group of another VPC',
      ({ ecs }) => ecs.RunTask({ ...run, networkConfiguration: withGroups('sg-web2') }, ctx),
      'InvalidParameterException',
      'Security group sg-web2 does not appear to belong to the same VPC as the input subnets.',
    ],
    [
      'RunTask on EC2 without an instance',
      ({ ecs }) => ecs.RunTask({ taskDefinition: 'web', networkConfiguration: awsvpc }, ctx),
      'InvalidParameterException',
      'No Container Instances were found in your cluster.',
    ],
    [
      'RunTask on Fargate of a bridge definition',
      ({ ecs }) => {
        ecs.RegisterTaskDefinition({ ...ec2, family: 'bridge' }, ctx);
        return ecs.RunTask({ ...run, taskDefinition: 'bridge' }, ctx);
      },
      'InvalidParameterException',
      'Task definition does not support launch_type FARGATE.',
    ],
    [
      'RunTask with a launch type and a strategy',
      ({ ecs }) => ecs.RunTask({ ...run, capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }] }, ctx),
      'InvalidParameterException',
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    ],
    [
      'RunTask on an unknown platform',
      ({ ecs }) => ecs.RunTask({ ...run, platformVersion: '9.9' }, ctx),
      'PlatformUnknownException',
      'The specified platform does not exist.',
    ],
    [
      'RunTask with an override for nobody',
      ({ ecs }) => ecs.RunTask({ ...run, overrides: { containerOverrides: [{ name: 'db' }] } }, ctx),
      'InvalidParameterException',
      'Override for container named db is not a container in the TaskDefinition.',
    ],
    [
      'RunTask with a tag of AWS',
      ({ ecs }) => ecs.RunTask({ ...run, tags: [{ key: 'aws:x', value: '1' }] }, ctx),
      'InvalidParameterException',
      'aws: prefixed tag key names are not allowed for external use.',
    ],
    [
      'RunTask with a used token',
      ({ ecs }) => {
        ecs.RunTask({ ...run, clientToken: 'once' }, ctx);
        return ecs.RunTask({ ...run, clientToken: 'once', count: 2 }, ctx);
      },
      'ConflictException',
      'The client token was already used for a request with other parameters. Use a new one and try again.',
    ],
    [
      'StopTask of an unknown task',
      ({ ecs }) => ecs.StopTask({ task: 'none' }, ctx),
      'InvalidParameterException',
      'The referenced task was not found.',
    ],
    [
      'DescribeTasks of none',
      ({ ecs }) => ecs.DescribeTasks({ tasks: [] }, ctx),
      'InvalidParameterException',
      'Tasks cannot be empty.',
    ],
    [
      'ListTasks of an unknown service',
      ({ ecs }) => ecs.ListTasks({ serviceName: 'none' }, ctx),
      'ServiceNotFoundException',
      'Service not found.',
    ],
    [
      'DescribeTaskDefinition of an unknown one',
      ({ ecs }) => ecs.DescribeTaskDefinition({ taskDefinition: 'none' }, ctx),
      'ClientException',
      'Unable to describe task definition.',
    ],
    [
      'CreateService with a bad name',
      ({ ecs }) => ecs.CreateService({ ...service, serviceName: 'a b' }, ctx),
      'InvalidParameterException',
      'ServiceName must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b',
    ],
    [
      'CreateService again, otherwise',
      ({ ecs }) => {
        ecs.CreateService(service, ctx);
        return ecs.CreateService({ ...service, desiredCount: 2 }, ctx);
      },
      'InvalidParameterException',
      'Creation of service was not idempotent.',
    ],
    [
      'CreateService while the old one drains',
      ({ ecs }) => {
        ecs.CreateService(service, ctx);
        ecs.DeleteService({ service: 'web', force: true }, ctx);
        return ecs.CreateService(service, ctx);
      },
      'InvalidParameterException',
      'Unable to Start a service that is still Draining.',
    ],
    [
      'CreateService with a target group that is loose',
      ({ ecs }) =>
        ecs.CreateService({ ...service, loadBalancers: [{ ...balanced, targetGroupArn: targetGroupArns.loose }] }, ctx),
      'InvalidParameterException',
      `The target group with targetGroupArn ${targetGroupArns.loose} does not have an associated load balancer.`,
    ],
    [
      'CreateService with a target group of instances',
      ({ ecs }) =>
        ecs.CreateService(
          { ...service, loadBalancers: [{ ...balanced, targetGroupArn: targetGroupArns.instance }] },
          ctx,
        ),
      'InvalidParameterException',
      `The provided target group ${targetGroupArns.instance} has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.`,
    ],
    [
      'CreateService balancing an unknown container',
      ({ ecs }) => ecs.CreateService({ ...service, loadBalancers: [{ ...balanced, containerName: 'db' }] }, ctx),
      'InvalidParameterException',
      'The container db does not exist in the task definition.',
    ],
    [
      'CreateService balancing an unknown port',
      ({ ecs }) => ecs.CreateService({ ...service, loadBalancers: [{ ...balanced, containerPort: 81 }] }, ctx),
      'InvalidParameterException',
      'The container web did not have a container port 81 defined.',
    ],
    [
      'CreateService with a grace period for nothing',
      ({ ecs }) => ecs.CreateService({ ...service, healthCheckGracePeriodSeconds: 30 }, ctx),
      'InvalidParameterException',
      'Health check grace period is only valid for services configured to use load balancers',
    ],
    [
      'CreateService that can never deploy',
      ({ ecs }) =>
        ecs.CreateService(
          { ...service, deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 100 } },
          ctx,
        ),
      'InvalidParameterException',
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block any deployment.',
    ],
    [
      'CreateService with placement on Fargate',
      ({ ecs }) => ecs.CreateService({ ...service, placementStrategy: [{ type: 'random' }] }, ctx),
      'InvalidParameterException',
      'Placement strategies are not supported with FARGATE launch type.',
    ],
    [
      'CreateService with a role for awsvpc',
      ({ ecs }) => ecs.CreateService({ ...service, role: 'mine' }, ctx),
      'InvalidParameterException',
      'You cannot specify an IAM role for services that require a service linked role.',
    ],
    [
      'CreateService with registries, for now',
      ({ ecs }) => ecs.CreateService({ ...service, serviceRegistries: [{ registryArn: 'arn' }] }, ctx),
      'ClientException',
      "serviceRegistries isn't supported by Stowage yet.",
    ],
    [
      'UpdateService of an unknown service',
      ({ ecs }) => ecs.UpdateService({ service: 'none' }, ctx),
      'ServiceNotFoundException',
      'Service not found.',
    ],
    [
      'UpdateService of a draining service',
      ({ ecs }) => {
        ecs.CreateService(service, ctx);
        ecs.DeleteService({ service: 'web', force: true }, ctx);
        return ecs.UpdateService({ service: 'web', desiredCount: 1 }, ctx);
      },
      'ServiceNotActiveException',
      'Service was not ACTIVE.',
    ],
    [
      'UpdateService to an inactive revision',
      ({ ecs }) => {
        ecs.CreateService(service, ctx);
        ecs.DeregisterTaskDefinition({ taskDefinition: 'web:1' }, ctx);
        return ecs.UpdateService({ service: 'web', taskDefinition: 'web:1' }, ctx);
      },
      'ClientException',
      'TaskDefinition is inactive',
    ],
    [
      'DeleteService that is scaled up',
      ({ ecs }) => {
        ecs.CreateService(service, ctx);
        return ecs.DeleteService({ service: 'web' }, ctx);
      },
      'InvalidParameterException',
      'The service cannot be stopped while it is scaled above 0.',
    ],
    [
      'DescribeServices of none',
      ({ ecs }) => ecs.DescribeServices({ services: [] }, ctx),
      'InvalidParameterException',
      'Services cannot be empty.',
    ],
    [
      'DescribeServices of eleven',
      ({ ecs }) => ecs.DescribeServices({ services: Array.from({ length: 11 }, (_, i) => `s${i}`) }, ctx),
      'InvalidParameterException',
      'services can have at most 10 items.',
    ],
    [
      'DeleteCluster with a service',
      ({ ecs }) => {
        ecs.CreateService(service, ctx);
        return ecs.DeleteCluster({ cluster: 'default' }, ctx);
      },
      'ClusterContainsServicesException',
      'The Cluster cannot be deleted while Services are active.',
    ],
    [
      'DeleteCluster with a task',
      ({ ecs }) => {
        ecs.RunTask(run, ctx);
        return ecs.DeleteCluster({ cluster: 'default' }, ctx);
      },
      'ClusterContainsTasksException',
      'The Cluster cannot be deleted while Tasks are active.',
    ],
    [
      'CreateCluster with a bad name',
      ({ ecs }) => ecs.CreateCluster({ clusterName: 'a b' }, ctx),
      'InvalidParameterException',
      'ClusterName must match ^[a-zA-Z0-9\\-_]{1,255}$',
    ],
    [
      'CreateCluster with an unknown provider',
      ({ ecs }) => ecs.CreateCluster({ clusterName: 'a', capacityProviders: ['mine'] }, ctx),
      'InvalidParameterException',
      "The specified capacity provider 'mine' does not exist. Specify a valid name or ARN and try again.",
    ],
    [
      'CreateCluster with a strategy of foreign providers',
      ({ ecs }) =>
        ecs.CreateCluster(
          { clusterName: 'a', defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }] },
          ctx,
        ),
      'InvalidParameterException',
      'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.',
    ],
    [
      'CreateService with early success criteria',
      ({ ecs }) =>
        ecs.CreateService({ ...service, deploymentConfiguration: { earlySuccessCriteria: { enable: true } } }, ctx),
      'ClientException',
      "deploymentConfiguration.earlySuccessCriteria isn't supported by Stowage yet.",
    ],
    [
      'CreateService with a threshold of nothing for the circuit breaker',
      ({ ecs }) => {
        const thresholdConfiguration = { type: 'COUNT', value: 0 } as const;
        const deploymentCircuitBreaker = { enable: true, rollback: true, thresholdConfiguration };
        return ecs.CreateService({ ...service, deploymentConfiguration: { deploymentCircuitBreaker } }, ctx);
      },
      'InvalidParameterException',
      'thresholdConfiguration.value must be at least 1.',
    ],
    [
      'CreateService with alarms that are none',
      ({ ecs }) => {
        const alarms = { alarmNames: [], enable: true, rollback: true };
        return ecs.CreateService({ ...service, deploymentConfiguration: { alarms } }, ctx);
      },
      'InvalidParameterException',
      'Alarm names can not be empty when deployment alarms are enabled.',
    ],
    [
      'ListServiceDeployments of no service',
      ({ ecs }) => ecs.ListServiceDeployments({ service: 'none' }, ctx),
      'ServiceNotFoundException',
      'Service not found.',
    ],
    [
      'DescribeServiceDeployments of none',
      ({ ecs }) => ecs.DescribeServiceDeployments({ serviceDeploymentArns: [] }),
      'InvalidParameterException',
      'serviceDeploymentArns cannot be empty.',
    ],
    [
      'DescribeServiceRevisions of too many',
      ({ ecs }) => ecs.DescribeServiceRevisions({ serviceRevisionArns: Array.from({ length: 21 }, () => 'a') }),
      'InvalidParameterException',
      'serviceRevisionArns can have at most 20 items.',
    ],
    [
      'StopServiceDeployment of none',
      ({ ecs }) => ecs.StopServiceDeployment({ serviceDeploymentArn: 'none' }),
      'ServiceDeploymentNotFoundException',
      'Service deployment not found.',
    ],
    [
      'CreateService with monitoring',
      ({ ecs }) => ecs.CreateService({ ...service, monitoring: {} }, ctx),
      'ClientException',
      "monitoring isn't supported by Stowage yet.",
    ],
    [
      'PutAccountSetting of an unknown one',
      ({ ecs }) => ecs.PutAccountSetting({ name: 'none' as 'containerInsights', value: 'enabled' }, ctx),
      'InvalidParameterException',
      "The account setting 'none' does not exist.",
    ],
    [
      'TagResource of nothing ours',
      ({ ecs }) => ecs.TagResource({ resourceArn: 'arn:aws:s3:::bucket', tags: [{ key: 'a', value: 'b' }] }),
      'InvalidParameterException',
      "Invalid ARN: 'arn:aws:s3:::bucket' is not that of a resource which can be tagged.",
    ],
  ];

  it.each(rows)('%s is refused', (_, act, code, message) => {
    const fixture = ecsFixture();
    fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
    expect(refusal(() => act(fixture))).toEqual({ code, message });
  });
});

function withGroups(...securityGroups: string[]) {
  return { awsvpcConfiguration: { ...awsvpc.awsvpcConfiguration, securityGroups } };
}
