/**
 * The AWS managed policies that container stacks name: path and name after `arn:aws:iam::aws:policy`, and what each
 * allows ("AWS managed policies for …" pages of each service's guide), condensed: conditions and service-specific resources
 * are left out. Others do not exist here.
 */
interface Statement {
  readonly Effect: 'Allow';
  readonly Action?: string | readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource: '*';
}

const allow = (...actions: readonly string[]): readonly Statement[] => [
  { Effect: 'Allow', Action: actions.length === 1 ? (actions[0] ?? '') : actions, Resource: '*' },
];

const readEcr = [
  'ecr:GetAuthorizationToken',
  'ecr:BatchCheckLayerAvailability',
  'ecr:GetDownloadUrlForLayer',
  'ecr:BatchGetImage',
];
const writeLogs = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const listEcr = [
  ...readEcr,
  'ecr:GetRepositoryPolicy',
  'ecr:DescribeRepositories',
  'ecr:ListImages',
  'ecr:DescribeImages',
  'ecr:GetLifecyclePolicy',
  'ecr:GetLifecyclePolicyPreview',
  'ecr:ListTagsForResource',
  'ecr:DescribeImageScanFindings',
];

const documents: Readonly<Record<string, readonly Statement[]>> = {
  '/service-role/AmazonECSTaskExecutionRolePolicy': allow(...readEcr, 'logs:CreateLogStream', 'logs:PutLogEvents'),
  '/service-role/AmazonEC2ContainerServiceforEC2Role': allow(
    'ec2:DescribeTags',
    'ecs:CreateCluster',
    'ecs:DeregisterContainerInstance',
    'ecs:DiscoverPollEndpoint',
    'ecs:Poll',
    'ecs:RegisterContainerInstance',
    'ecs:StartTelemetrySession',
    'ecs:UpdateContainerInstancesState',
    'ecs:Submit*',
    'ecs:ListTagsForResource',
    ...readEcr,
    'logs:CreateLogStream',
    'logs:PutLogEvents',
  ),
  '/service-role/AmazonEC2ContainerServiceRole': allow(
    'ec2:AuthorizeSecurityGroupIngress',
    'ec2:Describe*',
    'elasticloadbalancing:DeregisterInstancesFromLoadBalancer',
    'elasticloadbalancing:DeregisterTargets',
    'elasticloadbalancing:Describe*',
    'elasticloadbalancing:RegisterInstancesWithLoadBalancer',
    'elasticloadbalancing:RegisterTargets',
  ),
  '/service-role/AmazonEC2ContainerServiceAutoscaleRole': allow(
    'ecs:DescribeServices',
    'ecs:UpdateService',
    'cloudwatch:DescribeAlarms',
    'cloudwatch:PutMetricAlarm',
  ),
  '/service-role/AmazonEC2ContainerServiceEventsRole': allow('ecs:RunTask', 'iam:PassRole', 'ecs:TagResource'),
  '/service-role/AmazonECSInfrastructureRolePolicyForVolumes': allow(
    'ec2:CreateVolume',
    'ec2:DeleteVolume',
    'ec2:Describe*',
    'ec2:AttachVolume',
    'ec2:DetachVolume',
    'ec2:CreateTags',
  ),
  '/service-role/AWSLambdaBasicExecutionRole': allow(...writeLogs),
  '/service-role/AWSAppRunnerServicePolicyForECRAccess': allow(...readEcr, 'ecr:DescribeImages'),
  '/AWSCodeDeployRoleForECS': allow(
    'ecs:*TaskSet',
    'ecs:DescribeServices',
    'ecs:UpdateServicePrimaryTaskSet',
    'elasticloadbalancing:*',
    'lambda:InvokeFunction',
    'cloudwatch:DescribeAlarms',
    'sns:Publish',
    's3:GetObject',
    's3:GetObjectVersion',
    'iam:PassRole',
  ),
  '/AmazonECS_FullAccess': allow(
    'ecs:*',
    'ec2:*',
    'elasticloadbalancing:*',
    'autoscaling:*',
    'application-autoscaling:*',
    'cloudwatch:*',
    'cloudformation:*',
    'events:*',
    'servicediscovery:*',
    'logs:*',
    'codedeploy:*',
    'iam:ListRoles',
    'iam:PassRole',
  ),
  '/AmazonEC2ContainerRegistryReadOnly': allow(...listEcr),
  '/AmazonEC2ContainerRegistryPullOnly': allow(...readEcr, 'ecr:BatchImportUpstreamImage'),
  '/AmazonEC2ContainerRegistryPowerUser': allow(
    ...listEcr,
    'ecr:InitiateLayerUpload',
    'ecr:UploadLayerPart',
    'ecr:CompleteLayerUpload',
    'ecr:PutImage',
  ),
  '/AmazonEC2ContainerRegistryFullAccess': allow('ecr:*', 'cloudtrail:LookupEvents'),
  '/AmazonSSMManagedInstanceCore': allow(
    'ssm:DescribeAssociation',
    'ssm:DescribeDocument',
    'ssm:GetDeployablePatchSnapshotForInstance',
    'ssm:GetDocument',
    'ssm:GetManifest',
    'ssm:GetParameter',
    'ssm:GetParameters',
    'ssm:ListAssociations',
    'ssm:ListInstanceAssociations',
    'ssm:PutComplianceItems',
    'ssm:PutConfigurePackageResult',
    'ssm:PutInventory',
    'ssm:UpdateAssociationStatus',
    'ssm:UpdateInstanceAssociationStatus',
    'ssm:UpdateInstanceInformation',
    'ssmmessages:CreateControlChannel',
    'ssmmessages:CreateDataChannel',
    'ssmmessages:OpenControlChannel',
    'ssmmessages:OpenDataChannel',
    'ec2messages:*',
  ),
  '/AmazonSSMReadOnlyAccess': allow('ssm:Describe*', 'ssm:Get*', 'ssm:List*'),
  '/AmazonS3ReadOnlyAccess': allow(
    's3:Get*',
    's3:List*',
    's3:Describe*',
    's3-object-lambda:Get*',
    's3-object-lambda:List*',
  ),
  '/AmazonS3FullAccess': allow('s3:*', 's3-object-lambda:*'),
  '/AmazonDynamoDBFullAccess': allow('dynamodb:*'),
  '/AmazonDynamoDBReadOnlyAccess': allow(
    'dynamodb:Get*',
    'dynamodb:List*',
    'dynamodb:Describe*',
    'dynamodb:Query',
    'dynamodb:Scan',
    'dynamodb:BatchGetItem',
  ),
  '/AmazonSQSFullAccess': allow('sqs:*'),
  '/AmazonSNSFullAccess': allow('sns:*'),
  '/AmazonElasticFileSystemClientReadWriteAccess': allow(
    'elasticfilesystem:ClientMount',
    'elasticfilesystem:ClientWrite',
    'elasticfilesystem:DescribeMountTargets',
  ),
  '/AmazonEKSClusterPolicy': allow(
    'ec2:*',
    'elasticloadbalancing:*',
    'autoscaling:Describe*',
    'autoscaling:UpdateAutoScalingGroup',
    'kms:DescribeKey',
    'iam:CreateServiceLinkedRole',
  ),
  '/AmazonEKSWorkerNodePolicy': allow('ec2:Describe*', 'eks:DescribeCluster', 'eks-auth:AssumeRoleForPodIdentity'),
  '/AmazonEKS_CNI_Policy': allow(
    'ec2:AssignPrivateIpAddresses',
    'ec2:AttachNetworkInterface',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:Describe*',
    'ec2:DetachNetworkInterface',
    'ec2:ModifyNetworkInterfaceAttribute',
    'ec2:UnassignPrivateIpAddresses',
    'ec2:CreateTags',
  ),
  '/CloudWatchAgentServerPolicy': allow(
    'cloudwatch:PutMetricData',
    'ec2:DescribeVolumes',
    'ec2:DescribeTags',
    ...writeLogs,
    'logs:DescribeLogStreams',
    'logs:DescribeLogGroups',
    'xray:Put*',
    'ssm:GetParameter',
  ),
  '/CloudWatchLogsFullAccess': allow('logs:*', 'cloudwatch:GenerateQuery'),
  '/CloudWatchFullAccess': allow(
    'autoscaling:Describe*',
    'cloudwatch:*',
    'logs:*',
    'sns:*',
    'iam:GetPolicy*',
    'iam:GetRole',
  ),
  '/AWSXRayDaemonWriteAccess': allow('xray:Put*', 'xray:GetSampling*'),
  '/AWSXrayWriteOnlyAccess': allow('xray:Put*', 'xray:GetSampling*'),
  '/AdministratorAccess': allow('*'),
  '/PowerUserAccess': [{ Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' }],
  '/ReadOnlyAccess': allow('*:Describe*', '*:Get*', '*:List*'),
  '/SecretsManagerReadWrite': allow('secretsmanager:*', 'kms:DescribeKey', 'kms:ListAliases', 'kms:ListKeys'),
  '/IAMFullAccess': allow('iam:*', 'organizations:Describe*', 'organizations:List*'),
};

/** A managed policy of AWS's own. */
export interface AwsManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly document: string;
}

const prefix = 'arn:aws:iam::aws:policy';

/** Every one we know, in the order of their names. */
export const awsManagedPolicies: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  Object.entries(documents).map(([resource, statements], index) => {
    const cut = resource.lastIndexOf('/') + 1;
    return [
      `${prefix}${resource}`,
      {
        arn: `${prefix}${resource}`,
        name: resource.slice(cut),
        path: resource.slice(0, cut),
        id: `ANPA${String(index)
          .padStart(17, '0')
          .replaceAll(/\d/g, (digit) => 'ABCDEFGHIJ'.charAt(Number(digit)))}`,
        document: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
      },
    ];
  }),
);
