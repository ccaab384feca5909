import { isoOf } from '../base/clock.ts';
import { privateDnsNameOf, publicDnsNameOf } from '../model/ec2/addresses.ts';
import { architectureOf } from '../model/ec2/images.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { Reader } from '../store/store.ts';
import { zoneIdOf } from '../store/default-vpc.ts';
import { keyPairs, networkInterfaces, securityGroups, subnets, vpcs } from '../store/tables/ec2.ts';
import { scopeOf } from '../model/tags.ts';

/** The session that an instance acts in, in its profile's role. */
export interface InstanceCredentials {
  readonly roleName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch milliseconds. */
  readonly beganAt: number;
  readonly expiresAt: number;
}

/** Vouches for an instance identity document. */
export type SignDocument = (document: string) => { readonly signature: string; readonly pkcs7: string };

/**
 * What the metadata service of an instance says, by path below `/latest/` ("Instance metadata categories", EC2 User Guide). Categories of
 * what there is none of here (Elastic GPUs, Spot, hibernation's end …) are left out, as EC2 leaves out what does not apply.
 */
export function instanceTexts(
  store: Reader,
  instance: Instance,
  credentials: InstanceCredentials | undefined,
  sign?: SignDocument,
): Record<string, string> {
  const meta: Record<string, string> = {
    'ami-id': instance.imageId,
    'ami-launch-index': String(instance.launchIndex),
    'ami-manifest-path': '(unknown)',
    'block-device-mapping/ami': '/dev/xvda',
    'block-device-mapping/root': '/dev/xvda',
    'events/maintenance/history': '[]',
    'events/maintenance/scheduled': '[]',
    'hibernation/configured': 'false',
    hostname: privateDnsNameOf(instance.privateIp, instance.region),
    'instance-action': 'none',
    'instance-id': instance.id,
    'instance-life-cycle': 'on-demand',
    'instance-type': instance.instanceType,
    'local-hostname': privateDnsNameOf(instance.privateIp, instance.region),
    'local-ipv4': instance.privateIp,
    'placement/availability-zone': instance.availabilityZone,
    'placement/availability-zone-id': zoneIdOf(instance.availabilityZone),
    'placement/region': instance.region,
    profile: 'default-hvm',
    'reservation-id': instance.reservationId,
    'services/domain': 'amazonaws.com',
    'services/partition': 'aws',
    ...networkTexts(store, instance),
    ...keyTexts(store, instance),
    ...tagTexts(instance),
    ...profileTexts(instance, credentials),
  };
  const texts = Object.entries(meta).map(([path, text]) => [`meta-data/${path}`, text]);
  return { ...Object.fromEntries(texts), ...identityTexts(instance, sign) };
}

function networkTexts(store: Reader, instance: Instance): Record<string, string> {
  const row = store.get(networkInterfaces, instance.networkInterfaceId);
  if (row === undefined) return {};
  const vpc = store.get(vpcs, instance.vpcId);
  const publicName =
    row.publicIp !== undefined && vpc?.enableDnsHostnames === true
      ? publicDnsNameOf(row.publicIp, instance.region)
      : undefined;
  const outside: Record<string, string> = {};
  if (row.publicIp !== undefined) outside['public-ipv4'] = row.publicIp;
  if (publicName !== undefined) outside['public-hostname'] = publicName;
  const groups = row.groups.map((id) => store.get(securityGroups, id)?.name ?? '').join('\n');
  const own: Record<string, string> = {
    'device-number': '0',
    'interface-id': row.id,
    'local-hostname': privateDnsNameOf(row.privateIp, row.region),
    'local-ipv4s': row.privateIp,
    mac: row.macAddress,
    'owner-id': row.account,
    'security-group-ids': row.groups.join('\n'),
    'security-groups': groups,
    'subnet-id': row.subnetId,
    'subnet-ipv4-cidr-block': store.get(subnets, row.subnetId)?.cidr ?? '',
    'vpc-id': row.vpcId,
    'vpc-ipv4-cidr-block': vpc?.cidr ?? '',
    'vpc-ipv4-cidr-blocks': vpc?.cidr ?? '',
  };
  if (row.publicIp !== undefined) {
    own['public-ipv4s'] = row.publicIp;
    own[`ipv4-associations/${row.publicIp}`] = row.privateIp;
  }
  if (publicName !== undefined) own['public-hostname'] = publicName;
  const folder = `network/interfaces/macs/${row.macAddress}`;
  return {
    mac: row.macAddress,
    'security-groups': groups,
    ...outside,
    ...Object.fromEntries(Object.entries(own).map(([name, text]) => [`${folder}/${name}`, text])),
  };
}

/** The public key that the instance was launched with; EC2 has the private half of none. */
function keyTexts(store: Reader, instance: Instance): Record<string, string> {
  const { keyName } = instance;
  if (keyName === undefined) return {};
  const [key] = store.by(keyPairs, 'name', `${scopeOf(instance)}/${keyName}`);
  if (key?.publicKey === undefined) return {};
  return { 'public-keys/': `0=${keyName}`, 'public-keys/0/openssh-key': `${key.publicKey.trimEnd()}\n` };
}

function tagTexts({ tags, metadataOptions }: Instance): Record<string, string> {
  if (metadataOptions.instanceMetadataTags !== 'enabled') return {};
  // Those of AWS itself are not shown ("View tags for your EC2 instances using instance metadata").
  const shown = tags.filter(({ key }) => !key.startsWith('aws:'));
  return Object.fromEntries(shown.map(({ key, value }) => [`tags/instance/${key}`, value]));
}

function profileTexts(
  { instanceProfile }: Instance,
  credentials: InstanceCredentials | undefined,
): Record<string, string> {
  if (instanceProfile === undefined) return {};
  if (credentials === undefined) {
    // A profile without a role that there is ("Troubleshoot IAM and Amazon EC2", IAM User Guide).
    return { 'iam/info': document({ Code: 'InstanceProfileNotFound' }) };
  }
  const LastUpdated = seconds(credentials.beganAt);
  return {
    'iam/info': document({
      Code: 'Success',
      LastUpdated,
      InstanceProfileArn: instanceProfile.arn,
      InstanceProfileId: instanceProfile.id,
    }),
    [`iam/security-credentials/${credentials.roleName}`]: document({
      Code: 'Success',
      LastUpdated,
      Type: 'AWS-HMAC',
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      Token: credentials.sessionToken,
      Expiration: seconds(credentials.expiresAt),
    }),
  };
}

/** The document and what vouches for it ("Verify the identity document", EC2 User Guide); EC2 has its `pkcs7` signed with a key of DSA. */
function identityTexts(instance: Instance, sign: SignDocument | undefined): Record<string, string> {
  const text = identityDocument(instance);
  const folder = 'dynamic/instance-identity';
  const signed = sign?.(text);
  return {
    [`${folder}/document`]: text,
    ...(signed === undefined
      ? {}
      : {
          [`${folder}/pkcs7`]: signed.pkcs7,
          [`${folder}/rsa2048`]: signed.pkcs7,
          [`${folder}/signature`]: signed.signature,
        }),
  };
}

/** "Instance identity documents", EC2 User Guide. */
function identityDocument(instance: Instance): string {
  return document({
    accountId: instance.account,
    architecture: architectureOf(instance),
    availabilityZone: instance.availabilityZone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    kernelId: null,
    pendingTime: seconds(instance.launchedAt),
    privateIp: instance.privateIp,
    ramdiskId: null,
    region: instance.region,
    version: '2017-09-30',
  });
}

/** JSON as EC2 lays it out. */
function document(members: Readonly<Record<string, string | null>>): string {
  const lines = Object.entries(members).map(([name, value]) => `  "${name}" : ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}`;
}

function seconds(at: number): string {
  return isoOf(at).replace(/\.\d+Z$/, 'Z');
}
