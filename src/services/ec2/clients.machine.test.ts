import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { must } from '../../../test/support/clients.ts';
import { ec2Fixture, startFront } from './testing.ts';

let front: Awaited<ReturnType<typeof startFront>>;
beforeAll(async () => {
  front = await startFront(ec2Fixture());
});
afterAll(() => front.close());

/** The endpoint as an option too: a CLI older than AWS_ENDPOINT_URL knows nothing else. */
const cli = (...args: string[]) =>
  must('aws', ['--endpoint-url', front.env['AWS_ENDPOINT_URL'] ?? '', 'ec2', ...args, '--output', 'text'], {
    env: front.env,
  });
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0;

it('the aws CLI makes a network', async () => {
  const vpc = await cli('create-vpc', '--cidr-block', '10.0.0.0/16', '--query', 'Vpc.VpcId');
  const tags = 'ResourceType=security-group,Tags=[{Key=Name,Value=web}]';
  const create = ['create-security-group', '--group-name', 'web', '--description', 'web', '--vpc-id', vpc];
  const group = await cli(...create, '--tag-specifications', tags, '--query', 'GroupId');
  await cli(
    'authorize-security-group-ingress',
    '--group-id',
    group,
    '--protocol',
    'tcp',
    '--port',
    '8000-8080',
    '--cidr',
    '0.0.0.0/0',
  );
  await cli('authorize-security-group-ingress', '--group-id', group, '--protocol', 'all', '--source-group', group);
  const query =
    'SecurityGroups[].IpPermissions[].[IpProtocol,FromPort,ToPort,IpRanges[0].CidrIp,UserIdGroupPairs[0].GroupId]';
  const shown = await cli('describe-security-groups', '--filters', 'Name=tag:Name,Values=w?b', '--query', query);
  expect(shown.split('\n').map((line) => line.split('\t'))).toEqual([
    ['tcp', '8000', '8080', '0.0.0.0/0', 'None'],
    ['-1', 'None', 'None', 'None', group],
  ]);
  const again = await cli('describe-vpcs', '--vpc-ids', 'vpc-00000000').catch(String);
  expect(again).toContain(
    "An error occurred (InvalidVpcID.NotFound) when calling the DescribeVpcs operation: The vpc ID 'vpc-00000000' does not exist",
  );
});

it.skipIf(!hasBoto3)('boto3 pages, waits, tags and is refused (skipped where it is not installed)', async () => {
  const script = `
import boto3, botocore
ec2 = boto3.client('ec2')
vpc = boto3.resource('ec2').create_vpc(CidrBlock='10.9.0.0/16')
vpc.wait_until_available()
subnets = [vpc.create_subnet(CidrBlock=f'10.9.{n}.0/24') for n in range(7)]
vpc.create_tags(Tags=[{'Key': 'a', 'Value': 'ü <&>'}])
vpc.reload()
print(vpc.tags[0]['Value'])
pages = ec2.get_paginator('describe_subnets').paginate(Filters=[{'Name': 'vpc-id', 'Values': [vpc.id]}], PaginationConfig={'PageSize': 5})
print([len(page['Subnets']) for page in pages])
eni = ec2.create_network_interface(SubnetId=subnets[0].id)['NetworkInterface']
ec2.get_waiter('network_interface_available').wait(NetworkInterfaceIds=[eni['NetworkInterfaceId']])
try: ec2.delete_vpc(VpcId=vpc.id, DryRun=True)
except botocore.exceptions.ClientError as error: print(error.response['Error']['Code'])
try: ec2.create_vpc(CidrBlock='10.0.0.0/16', DryRun=True)
except botocore.exceptions.ClientError as error: print(error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'])
`;
  const printed = await must('python3', ['-c', script], { env: front.env });
  expect(printed.split('\n')).toEqual(['ü <&>', '[5, 2]', 'DependencyViolation', 'DryRunOperation 412']);
});
