import { expect, it } from 'vitest';
import type { Instance } from '../model/ec2/instance.ts';
import type { Reader } from '../store/store.ts';
import { instanceTexts } from './instance-metadata.ts';

const row = {
  account: '000000000000',
  region: 'eu-west-1',
  id: 'i-1',
  imageId: 'ami-1',
  instanceType: 't3.micro',
  availabilityZone: 'eu-west-1b',
  privateIp: '10.0.0.4',
  networkInterfaceId: 'eni-1',
  keyName: 'me',
  launchedAt: 0,
  metadataOptions: { instanceMetadataTags: 'enabled' },
  tags: [
    { key: 'Name', value: 'web' },
    { key: 'aws:ec2launchtemplate:id', value: 'lt-1' },
  ],
  instanceProfile: { arn: 'arn:aws:iam::000000000000:instance-profile/path/p', id: 'AIPA1' },
} as unknown as Instance;
const rows: Readonly<Record<string, object>> = {
  'ec2.network-interfaces': {
    id: 'eni-1',
    account: '000000000000',
    region: 'eu-west-1',
    vpcId: 'vpc-1',
    subnetId: 'subnet-1',
    privateIp: '10.0.0.4',
    publicIp: '100.127.0.5',
    macAddress: '02:0a',
    groups: ['sg-1'],
  },
  'ec2.security-groups': { name: 'web' },
  'ec2.subnets': { cidr: '10.0.0.0/24' },
  'ec2.vpcs': { cidr: '10.0.0.0/16', enableDnsHostnames: true },
};
const store = {
  get: ({ name }: { name: string }) => rows[name],
  by: () => [{ publicKey: 'ssh-rsa AAAA me' }],
} as unknown as Reader;
const credentials = {
  roleName: 'r',
  accessKeyId: 'ASIA',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  beganAt: 1_000,
  expiresAt: 3_601_000,
};

it('says what is known of an instance', () => {
  const texts = instanceTexts(store, row, credentials);
  expect(texts).toMatchObject({
    'meta-data/public-ipv4': '100.127.0.5',
    'meta-data/public-hostname': 'ec2-100-127-0-5.eu-west-1.compute.amazonaws.com',
    'meta-data/hostname': 'ip-10-0-0-4.eu-west-1.compute.internal',
    'meta-data/placement/availability-zone-id': 'euw1-az2',
    'meta-data/security-groups': 'web',
    'meta-data/public-keys/': '0=me',
    'meta-data/public-keys/0/openssh-key': 'ssh-rsa AAAA me\n',
    'meta-data/network/interfaces/macs/02:0a/ipv4-associations/100.127.0.5': '10.0.0.4',
    'meta-data/network/interfaces/macs/02:0a/vpc-ipv4-cidr-block': '10.0.0.0/16',
  });
  const tags = Object.keys(texts).filter((path) => path.includes('/tags/'));
  expect(tags).toEqual(['meta-data/tags/instance/Name']);
  expect(JSON.parse(texts['meta-data/iam/security-credentials/r'] ?? '')).toEqual({
    Code: 'Success',
    LastUpdated: '1970-01-01T00:00:01Z',
    Type: 'AWS-HMAC',
    AccessKeyId: 'ASIA',
    SecretAccessKey: 'secret',
    Token: 'token',
    Expiration: '1970-01-01T01:00:01Z',
  });
  expect(texts['dynamic/instance-identity/document']).toMatch(/^{\n {2}"accountId" : "000000000000",\n/);
});

it('has no folder of what there is not', () => {
  const { keyName: _key, instanceProfile: _profile, ...bare } = row;
  const off = { ...bare, metadataOptions: { ...row.metadataOptions, instanceMetadataTags: 'disabled' as const } };
  const paths = Object.keys(instanceTexts(store, off, undefined));
  expect(paths.filter((path) => /\/(iam|tags|public-keys)\//.test(path))).toEqual([]);
  expect(JSON.parse(instanceTexts(store, row, undefined)['meta-data/iam/info'] ?? '')).toEqual({
    Code: 'InstanceProfileNotFound',
  });
});
