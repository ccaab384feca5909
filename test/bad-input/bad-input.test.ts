import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServiceId } from '../../src/aws/service-table.ts';
import { startApi, type ApiServer, type RawAnswer, type RawRequest } from './front-for-tests.ts';

// What AWS answers to requests that cannot be: its code, its status and a sentence that helps, over the wire; and nothing
// is half done.

let api: ApiServer;
/** Ids that the table below refers to by name. */
const there = { subnet: '', group: '', vpc: '', balancer: '', targetGroup: '' };

const versions: Partial<Record<ServiceId, string>> = {
  ec2: '2016-11-15',
  elb: '2012-06-01',
  elbv2: '2015-12-01',
  iam: '2010-05-08',
  sts: '2011-06-15',
};

/** A JSON body, or the parameters of a query. */
function request(service: ServiceId, operation: string, input: object = {}): RawRequest {
  const version = versions[service];
  const body =
    version === undefined
      ? JSON.stringify(input)
      : new URLSearchParams({ Action: operation, Version: version, ...input }).toString();
  return { service, operation, body };
}

async function must(...args: Parameters<typeof request>): Promise<RawAnswer> {
  const answer = await api.ask(request(...args));
  expect(answer).toMatchObject({ status: 200 });
  return answer;
}

const element = (text: string, name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? '';

const fargate = {
  family: 'web',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  containerDefinitions: [{ name: 'web', image: 'web', portMappings: [{ containerPort: 80 }] }],
};
const network = (over: object = {}) => ({
  networkConfiguration: { awsvpcConfiguration: { subnets: [there.subnet], securityGroups: [there.group], ...over } },
});
const run = (over: object = {}) => ({
  cluster: 'there',
  taskDefinition: 'web',
  launchType: 'FARGATE',
  ...network(),
  ...over,
});

beforeAll(async () => {
  api = await startApi();
  const subnets = await must('ec2', 'DescribeSubnets');
  there.subnet = element(subnets.text, 'subnetId');
  there.vpc = element(subnets.text, 'vpcId');
  const other = [...subnets.text.matchAll(/<subnetId>([^<]*)</g)][1]?.[1] ?? '';
  there.group = element((await must('ec2', 'DescribeSecurityGroups')).text, 'groupId');
  await must('ec2', 'CreateSecurityGroup', { GroupName: 'there', GroupDescription: 'x', VpcId: there.vpc });
  await must('ecs', 'CreateCluster', { clusterName: 'there' });
  await must('ecs', 'RegisterTaskDefinition', fargate);
  await must('ecs', 'RegisterTaskDefinition', { ...fargate, family: 'old' });
  await must('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'old:1' });
  await must('ecs', 'CreateService', { ...run(), serviceName: 'there', desiredCount: 1 });
  await must('ecr', 'CreateRepository', { repositoryName: 'there' });
  await must('logs', 'CreateLogGroup', { logGroupName: 'there' });
  await must('ssm', 'PutParameter', { Name: '/there', Value: 'x', Type: 'String' });
  await must('secretsmanager', 'CreateSecret', { Name: 'there' });
  await must('iam', 'CreateRole', { RoleName: 'there', AssumeRolePolicyDocument: trust });
  const balancer = await must('elbv2', 'CreateLoadBalancer', {
    Name: 'there',
    'Subnets.member.1': there.subnet,
    'Subnets.member.2': other,
  });
  there.balancer = element(balancer.text, 'LoadBalancerArn');
  await must('elbv2', 'CreateListener', listener());
});
afterAll(() => api.close());

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const listener = () => ({
  LoadBalancerArn: there.balancer,
  Protocol: 'HTTP',
  Port: '80',
  'DefaultActions.member.1.Type': 'fixed-response',
  'DefaultActions.member.1.FixedResponseConfig.StatusCode': '404',
});

type Row = [
  what: string,
  service: ServiceId,
  operation: string,
  input: object | (() => object),
  status: number,
  code: string,
  message: RegExp,
];

const rows: Row[] = [
  ['unknown cluster', 'ecs', 'RunTask', () => run({ cluster: 'none' }), 400, 'ClusterNotFoundException', /Cluster not/],
  [
    'unknown task definition',
    'ecs',
    'RunTask',
    () => run({ taskDefinition: 'none' }),
    400,
    'ClientException',
    /not found/,
  ],
  [
    'unknown revision',
    'ecs',
    'DescribeTaskDefinition',
    { taskDefinition: 'web:9' },
    400,
    'ClientException',
    /Unable to/,
  ],
  [
    'inactive revision',
    'ecs',
    'RunTask',
    () => run({ taskDefinition: 'old:1' }),
    400,
    'ClientException',
    /is inactive/,
  ],
  [
    'inactive revision in a service',
    'ecs',
    'CreateService',
    () => ({ ...run({ taskDefinition: 'old:1' }), serviceName: 'new', desiredCount: 1 }),
    400,
    'ClientException',
    /is inactive/,
  ],
  [
    'a pair that Fargate does not have',
    'ecs',
    'RegisterTaskDefinition',
    { ...fargate, cpu: '256', memory: '4096' },
    400,
    'ClientException',
    /No Fargate configuration exists for given values: 256 CPU, 4096 memory/,
  ],
  [
    'no essential container',
    'ecs',
    'RegisterTaskDefinition',
    { ...fargate, containerDefinitions: [{ name: 'web', image: 'web', essential: false }] },
    400,
    'ClientException',
    /essential container/,
  ],
  [
    'containers of one name',
    'ecs',
    'RegisterTaskDefinition',
    { ...fargate, containerDefinitions: [...fargate.containerDefinitions, { name: 'web', image: 'b' }] },
    400,
    'ClientException',
    /unique/,
  ],
  [
    'containers on one port',
    'ecs',
    'RegisterTaskDefinition',
    {
      ...fargate,
      containerDefinitions: ['a', 'b'].map((name) => ({ name, image: 'b', portMappings: [{ containerPort: 80 }] })),
    },
    400,
    'ClientException',
    /80/,
  ],
  [
    'a member that is not supported',
    'ecs',
    'RegisterTaskDefinition',
    { ...fargate, volumes: [{ name: 'data', configuredAtLaunch: true }] },
    400,
    'ClientException',
    /configuredAtLaunch = true isn't supported by Stowage: there are no Amazon EBS volumes/,
  ],
  [
    'unknown subnet',
    'ecs',
    'RunTask',
    () => run(network({ subnets: ['subnet-0123456789abcdef0'] })),
    400,
    'InvalidParameterException',
    /The subnet ID 'subnet-0123456789abcdef0' does not exist \(ErrorCode: InvalidSubnetID.NotFound\)/,
  ],
  [
    'unknown security group',
    'ecs',
    'RunTask',
    () => run(network({ securityGroups: ['sg-0123456789abcdef0'] })),
    400,
    'InvalidParameterException',
    /sg-0123456789abcdef0' does not exist \(ErrorCode: InvalidGroup.NotFound\)/,
  ],
  [
    'no network configuration',
    'ecs',
    'RunTask',
    () => run({ networkConfiguration: undefined }),
    400,
    'InvalidParameterException',
    /Network Configuration must be provided/,
  ],
  ['eleven tasks', 'ecs', 'RunTask', () => run({ count: 11 }), 400, 'InvalidParameterException', /between 1 and 10/],
  [
    'a service that is there, asked otherwise',
    'ecs',
    'CreateService',
    () => ({ ...run(), serviceName: 'there', desiredCount: 2 }),
    400,
    'InvalidParameterException',
    /not idempotent/,
  ],
  [
    'unknown service',
    'ecs',
    'UpdateService',
    { cluster: 'there', service: 'none' },
    400,
    'ServiceNotFoundException',
    /Service not found/,
  ],
  [
    'unknown task',
    'ecs',
    'StopTask',
    { cluster: 'there', task: '0'.repeat(32) },
    400,
    'InvalidParameterException',
    /task was not found/,
  ],
  [
    'a cluster that is in use',
    'ecs',
    'DeleteCluster',
    { cluster: 'there' },
    400,
    'ClusterContainsServicesException',
    /Services are active/,
  ],
  [
    'a required member missing',
    'ecs',
    'RegisterTaskDefinition',
    {},
    400,
    'InvalidParameterException',
    /null at 'family'/,
  ],
  [
    'a string for a number',
    'ecs',
    'RunTask',
    () => run({ count: 'many' }),
    400,
    'SerializationException',
    /count|many|number/i,
  ],
  ['a list for a string', 'ecs', 'CreateCluster', { clusterName: ['a'] }, 400, 'SerializationException', /./],
  ['an operation of no service', 'ecs', 'Nonsense', {}, 400, 'UnknownOperationException', /ecs:Nonsense/],
  [
    'an operation that is not served',
    'ecs',
    'ListDaemons',
    {},
    501,
    'NotImplemented',
    /ecs:ListDaemons is not served by Stowage yet/,
  ],
  [
    'a repository that is there',
    'ecr',
    'CreateRepository',
    { repositoryName: 'there' },
    400,
    'RepositoryAlreadyExistsException',
    /already exists in the registry with id '000000000000'/,
  ],
  [
    'a repository that is not',
    'ecr',
    'DescribeImages',
    { repositoryName: 'none' },
    400,
    'RepositoryNotFoundException',
    /The repository with name 'none' does not exist/,
  ],
  [
    'a repository name that cannot be',
    'ecr',
    'CreateRepository',
    { repositoryName: 'UPPER' },
    400,
    'InvalidParameterException',
    /repositoryName/,
  ],
  [
    'a log group that is there',
    'logs',
    'CreateLogGroup',
    { logGroupName: 'there' },
    400,
    'ResourceAlreadyExistsException',
    /already exists/,
  ],
  [
    'a log group that is not',
    'logs',
    'FilterLogEvents',
    { logGroupName: 'none' },
    400,
    'ResourceNotFoundException',
    /does not exist/,
  ],
  [
    'a security group of a name that is taken',
    'ec2',
    'CreateSecurityGroup',
    () => ({ GroupName: 'there', GroupDescription: 'x', VpcId: there.vpc }),
    400,
    'InvalidGroup.Duplicate',
    /'there' already exists/,
  ],
  ['a malformed id', 'ec2', 'DescribeVpcs', { 'VpcId.1': 'nonsense' }, 400, 'InvalidVpcID.Malformed', /nonsense/],
  [
    'an id of nothing',
    'ec2',
    'DescribeSubnets',
    { 'SubnetId.1': 'subnet-0123456789abcdef0' },
    400,
    'InvalidSubnetID.NotFound',
    /does not exist/,
  ],
  ['an unknown parameter', 'ec2', 'DescribeVpcs', { Nonsense: '1' }, 400, 'UnknownParameter', /Nonsense/],
  ['an unknown action', 'ec2', 'Nonsense', {}, 400, 'InvalidAction', /The action Nonsense is not valid/],
  ['an action that is not served', 'ec2', 'CreateVolume', {}, 501, 'NotImplemented', /ec2:CreateVolume is not served/],
  ['a missing parameter', 'ec2', 'CreateSubnet', {}, 400, 'MissingParameter', /vpcId|VpcId/],
  [
    'a port that is taken',
    'elbv2',
    'CreateListener',
    listener,
    400,
    'DuplicateListener',
    /already exists on this port/,
  ],
  [
    'an unknown load balancer',
    'elbv2',
    'DescribeLoadBalancers',
    { 'Names.member.1': 'none' },
    400,
    'LoadBalancerNotFound',
    /Load balancers '\[none\]' not found/,
  ],
  [
    'a balancer in a subnet of none',
    'elbv2',
    'CreateLoadBalancer',
    () => ({ Name: 'new', 'Subnets.member.1': there.subnet, 'Subnets.member.2': 'subnet-0123456789abcdef0' }),
    400,
    'SubnetNotFound',
    /subnet-0123456789abcdef0/,
  ],
  [
    'a role that is there',
    'iam',
    'CreateRole',
    { RoleName: 'there', AssumeRolePolicyDocument: trust },
    409,
    'EntityAlreadyExists',
    /Role with name there already exists/,
  ],
  ['a role that is not', 'iam', 'GetRole', { RoleName: 'none' }, 404, 'NoSuchEntity', /none cannot be found/],
  [
    'a boundary that is no policy',
    'iam',
    'CreateRole',
    { RoleName: 'new', AssumeRolePolicyDocument: trust, PermissionsBoundary: 'arn:aws:iam::000000000000:policy/none' },
    404,
    'NoSuchEntity',
    /policy\/none does not exist/,
  ],
  [
    'a role that nobody may assume',
    'sts',
    'AssumeRole',
    { RoleArn: 'arn:aws:iam::000000000000:role/none', RoleSessionName: 'me' },
    403,
    'AccessDenied',
    /not authorized to perform: sts:AssumeRole/,
  ],
  ['a key that is not there', 'kms', 'Decrypt', { CiphertextBlob: 'AAAA' }, 400, 'InvalidCiphertextException', /^$/],
  [
    'a key of another kind',
    'kms',
    'CreateKey',
    { KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' },
    400,
    'UnsupportedOperationException',
    /KeySpec RSA_4096 is not supported/,
  ],
  ['no key', 'kms', 'Encrypt', { Plaintext: 'AAAA' }, 400, 'ValidationException', /Value null at 'keyId'/],
  ['bytes that are none', 'kms', 'Decrypt', { CiphertextBlob: 7 }, 400, 'SerializationException', /./],
  ['a grant', 'kms', 'CreateGrant', {}, 501, 'NotImplemented', /kms:CreateGrant is not served/],
  [
    'a parameter that is there',
    'ssm',
    'PutParameter',
    { Name: '/there', Value: 'x', Type: 'String' },
    400,
    'ParameterAlreadyExists',
    /already exists/,
  ],
  ['a parameter that is not', 'ssm', 'GetParameter', { Name: '/none' }, 400, 'ParameterNotFound', /none not found/],
  [
    'a parameter of AWS',
    'ssm',
    'PutParameter',
    { Name: '/aws/x', Value: 'x' },
    400,
    'AccessDeniedException',
    /reserved/,
  ],
  ['parameters of no name', 'ssm', 'GetParameters', {}, 400, 'ValidationException', /Value null at 'names'/],
  ['a value that is a number', 'ssm', 'PutParameter', { Name: 'x', Value: 1 }, 400, 'SerializationException', /./],
  [
    'a secret that is there',
    'secretsmanager',
    'CreateSecret',
    { Name: 'there' },
    400,
    'ResourceExistsException',
    /the secret there already exists/,
  ],
  [
    'a secret that is not',
    'secretsmanager',
    'GetSecretValue',
    { SecretId: 'none' },
    400,
    'ResourceNotFoundException',
    /can't find the specified secret/,
  ],
  [
    'a secret that copies itself',
    'secretsmanager',
    'ReplicateSecretToRegions',
    {},
    501,
    'NotImplemented',
    /ReplicateSecretToRegions is not served/,
  ],
];

/** Asks for what must be refused, and sees that nothing was done all the same. */
async function refused(bad: RawRequest): Promise<RawAnswer> {
  const before = api.contents();
  const answer = await api.ask(bad);
  expect(api.contents()).toBe(before);
  return answer;
}

test.each(rows)('%s (%s %s)', async (_what, service, operation, input, status, code, message) => {
  const answer = await refused(request(service, operation, typeof input === 'function' ? input() : input));
  expect(answer).toMatchObject({ status, code, message: expect.stringMatching(message) });
});

describe('a request that is no request', () => {
  const raw: [what: string, bad: RawRequest, status: number, code: string][] = [
    [
      'a body that is not JSON',
      { service: 'ecs', operation: 'ListClusters', body: '{"a":' },
      400,
      'SerializationException',
    ],
    [
      'a body that is JSON and no object',
      { service: 'ecs', operation: 'ListClusters', body: '[1]' },
      400,
      'SerializationException',
    ],
    [
      'an unknown target',
      { service: 'ecs', operation: 'x', headers: { 'x-amz-target': 'Nonsense_20200101.Do' } },
      404,
      'UnknownOperationException',
    ],
    [
      'a content type of no protocol, and no target',
      {
        service: 'ecs',
        operation: 'ListClusters',
        headers: { 'content-type': 'text/plain', 'x-amz-target': '' },
      },
      404,
      'UnknownOperationException',
    ],
    ['no operation at all', { service: 'ec2', operation: '', method: 'GET' }, 404, 'UnknownOperationException'],
    [
      'a query without an action',
      { service: 'elbv2', operation: '', body: 'Version=2015-12-01' },
      404,
      'UnknownOperationException',
    ],
    [
      'no signature',
      { service: 'ecs', operation: 'ListClusters', headers: { authorization: '' } },
      403,
      'MissingAuthenticationTokenException',
    ],
    [
      'half a signature',
      { service: 'ecs', operation: 'ListClusters', headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x' } },
      400,
      'IncompleteSignatureException',
    ],
  ];
  test.each(raw)('%s', async (_what, bad, status, code) => {
    const answer = await refused(bad);
    expect(answer).toMatchObject({ status, code });
    expect(answer.message).toMatch(/\w+ \w+/);
  });

  test('100 MB', async () => {
    const answer = await refused({
      service: 'ecs',
      operation: 'RegisterTaskDefinition',
      body: Buffer.alloc(1e8, 0x20),
    });
    expect(answer).toMatchObject({ status: 413, code: 'RequestEntityTooLargeException' });
    expect(answer.message).toMatch(/larger than the 4 MiB allowed/);
  });
});
