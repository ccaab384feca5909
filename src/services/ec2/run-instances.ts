import type * as sdk from '@aws-sdk/client-ec2';
import { parseArn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { imagesOf, type Image } from '../../model/ec2/images.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { instanceTypes, type InstanceType } from '../../model/ec2/instance-types.ts';
import type { Subnet } from '../../model/ec2/network.ts';
import { architectureOfMachine, instanceHost } from '../../model/fleet/machine.ts';
import { scopeOf } from '../../model/tags.ts';
import { instances, keyPairs, securityGroups, subnets } from '../../store/tables/ec2.ts';
import { machines } from '../../store/tables/fleet.ts';
import { instanceProfiles, nameKey } from '../../store/tables/iam.ts';
import { checkCredits } from './credit-specifications.ts';
import { defaultVpcOf } from './default-vpc.ts';
import { badCombination, badValue, invalidValue, missing, unsupported } from './errors.ts';
import { launchTemplateData } from './launch-template-versions.ts';
import { readMetadataOptions } from './metadata-options.ts';
import { allocate, readGroups } from './network-interfaces.ts';
import type { Call } from './operation.ts';
import { checkId, find, kinds, newId } from './resources.ts';
import { tagsFor } from './tags.ts';

/** What RunInstances acts on. */
export const runInstancesTakes = [
  'ImageId',
  'InstanceType',
  'MinCount',
  'MaxCount',
  'KeyName',
  'SecurityGroupIds',
  'SecurityGroups',
  'SubnetId',
  'PrivateIpAddress',
  'NetworkInterfaces',
  'Placement',
  'UserData',
  'IamInstanceProfile',
  'CreditSpecification',
  'MetadataOptions',
  'Monitoring',
  'EbsOptimized',
  'InstanceInitiatedShutdownBehavior',
  'DisableApiTermination',
  'DisableApiStop',
  'LaunchTemplate',
  'TagSpecifications',
] as const satisfies readonly (keyof sdk.RunInstancesRequest)[];

/** "Amazon EC2 service quotas" have vCPUs; a request of more than so many is a mistake here. */
const maxCount = 1000;

/**
 * RunInstances: the rows of the new instances, pending; the loops do the rest. Answers them in the order of their launch. Where they will
 * stand is asked unless it is `known`.
 */
export function runInstances(request: sdk.RunInstancesRequest, call: Call, place?: 'known'): Instance[] {
  const { tx, ids, now, account, region } = call;
  const template = launchTemplateData(call, request.LaunchTemplate);
  const input: sdk.RunInstancesRequest = { ...template?.data, ...withoutUnset(request) };
  const count = readCount(input);
  const image = readImage(call, input.ImageId);
  const type = instanceTypes.get(input.InstanceType ?? 'm1.small');
  if (type === undefined) throw invalidValue(`Invalid value '${input.InstanceType ?? 'm1.small'}' for InstanceType.`);
  if (image.architecture !== type.architecture) {
    throw invalidValue(
      `The architecture '${type.architecture}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`,
    );
  }
  checkCredits(input.CreditSpecification, type.name);
  if (input.KeyName !== undefined && tx.countBy(keyPairs, 'name', `${scopeOf(call)}/${input.KeyName}`) === 0) {
    throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${input.KeyName}' does not exist`);
  }
  const profile = readProfile(call, input.IamInstanceProfile);
  const network = readNetwork(call, input);
  if (network.privateIp !== undefined && count > 1) {
    throw badCombination('An instance cannot share its private address: ask for one instance.');
  }
  if (place === undefined) checkCapacity(call, type, network.subnet);
  const reservationId = newId(ids, 'r');
  const tags = tagsFor('instance', runTaggable, input.TagSpecifications);
  const made: Instance[] = [];
  for (let launchIndex = 0; launchIndex < count; launchIndex += 1) {
    const id = newId(ids, 'i');
    const row = allocate(call, {
      subnetId: network.subnet.id,
      groups: network.groups,
      owner: { kind: 'instance', id },
      description: network.description,
      publicIp: network.publicIp,
      attachmentId: newId(ids, 'eni-attach'),
      tags: tagsFor('network-interface', runTaggable, input.TagSpecifications),
      ...given('privateIp', network.privateIp),
    });
    const instance: Instance = {
      account,
      region,
      id,
      reservationId,
      launchIndex,
      imageId: image.id,
      instanceType: type.name,
      ...given('keyName', input.KeyName),
      vpcId: network.subnet.vpcId,
      subnetId: network.subnet.id,
      availabilityZone: network.subnet.availabilityZone,
      privateIp: row.privateIp,
      networkInterfaceId: row.id,
      autoPublicIp: network.publicIp,
      ...given('userData', readUserData(input.UserData)),
      ...given('instanceProfile', profile && { ...profile, associationId: newId(ids, 'iip-assoc') }),
      metadataOptions: readMetadataOptions(input.MetadataOptions, {
        httpTokens: image.httpTokens,
        httpEndpoint: 'enabled',
        httpPutResponseHopLimit: image.hopLimit,
        instanceMetadataTags: 'disabled',
      }),
      metadataKey: ids.hex(64),
      monitoring: input.Monitoring?.Enabled ?? false,
      ebsOptimized: input.EbsOptimized ?? false,
      shutdownBehaviour: readShutdown(input.InstanceInitiatedShutdownBehavior),
      disableApiTermination: input.DisableApiTermination ?? false,
      disableApiStop: input.DisableApiStop ?? false,
      state: 'pending',
      stateReason: { code: 'pending', message: 'pending' },
      boot: 1,
      launchedAt: now,
      ...given('launchTemplate', template?.source),
      tags: [
        ...tags,
        ...(template === undefined
          ? []
          : [
              { key: 'aws:ec2launchtemplate:id', value: template.source.id },
              { key: 'aws:ec2launchtemplate:version', value: String(template.source.version) },
            ]),
      ],
    };
    tx.put(instances, instance);
    made.push(instance);
  }
  return made;
}

/** What TagSpecifications of RunInstances may name: volumes are not rows of their own here. */
const runTaggable = ['instance', 'network-interface'] as const;

function withoutUnset<Input extends object>(input: Input): Input {
  const set = Object.entries(input).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(set) as Input;
}

function readCount({ MinCount: min, MaxCount: max }: sdk.RunInstancesRequest): number {
  if (min === undefined) throw missing('MinCount');
  if (max === undefined) throw missing('MaxCount');
  if (!Number.isInteger(min) || min < 1) throw badValue(min, 'minCount', 'Use an integer greater than 0.');
  if (!Number.isInteger(max) || max < min) {
    throw badCombination(`Maximum count ${max} must be at least the minimum count ${min}.`);
  }
  if (max > maxCount) {
    throw new AwsError('InstanceLimitExceeded', `You have requested more instances (${max}) than ${maxCount}.`);
  }
  return max;
}

function readImage(call: Call, id: string | undefined): Image {
  if (id === undefined || id === '') throw missing('ImageId');
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`);
  }
  const image = imagesOf(call.region).find((each) => each.id === id);
  if (image === undefined) throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  return image;
}

function readProfile(
  call: Call,
  asked: sdk.IamInstanceProfileSpecification | undefined,
): { readonly arn: string; readonly id: string } | undefined {
  if (asked?.Arn === undefined && asked?.Name === undefined) return undefined;
  const { Arn: arn, Name: name } = asked;
  if (arn !== undefined && name !== undefined) {
    throw badCombination(
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
  }
  const parsed = arn === undefined ? undefined : parseArn(arn);
  const wanted = name ?? parsed?.resource.slice(parsed.resource.lastIndexOf('/') + 1) ?? '';
  const row = call.tx.get(instanceProfiles, nameKey(call.account, wanted));
  if (row === undefined || (arn !== undefined && row.arn !== arn)) {
    throw arn === undefined
      ? badValue(name, 'iamInstanceProfile.name', 'Invalid IAM Instance Profile name')
      : badValue(arn, 'iamInstanceProfile.arn', 'Invalid IAM Instance Profile ARN');
  }
  return { arn: row.arn, id: row.id };
}

interface Network {
  readonly subnet: Subnet;
  readonly groups: readonly string[];
  readonly publicIp: boolean;
  readonly privateIp?: string;
  readonly description: string;
}

/** Where the instances stand: by the request's own members, or by its one interface specification. */
function readNetwork(call: Call, input: sdk.RunInstancesRequest): Network {
  const [spec, ...more] = input.NetworkInterfaces ?? [];
  if (more.length > 0) throw unsupported('More than one network interface');
  if (spec === undefined) {
    const subnet = readSubnet(call, input.SubnetId, input.Placement);
    return {
      subnet,
      groups: readGroups(call, subnet.vpcId, [...(input.SecurityGroupIds ?? []), ...groupsNamed(call, input, subnet)]),
      publicIp: subnet.mapPublicIpOnLaunch,
      ...given('privateIp', input.PrivateIpAddress),
      description: '',
    };
  }
  if (input.SubnetId !== undefined || (input.SecurityGroupIds?.length ?? 0) + (input.SecurityGroups?.length ?? 0) > 0) {
    throw badCombination(
      'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    );
  }
  if (spec.NetworkInterfaceId !== undefined)
    throw unsupported('Starting an instance with an existing network interface');
  if ((spec.DeviceIndex ?? 0) !== 0)
    throw badValue(spec.DeviceIndex, 'deviceIndex', 'The first interface has index 0.');
  if ((spec.SecondaryPrivateIpAddressCount ?? 0) > 0 || (spec.PrivateIpAddresses?.length ?? 0) > 1) {
    throw unsupported('A secondary private address');
  }
  if ((spec.Ipv6AddressCount ?? 0) > 0 || (spec.Ipv6Addresses?.length ?? 0) > 0) throw unsupported('An IPv6 address');
  if (spec.DeleteOnTermination === false) throw unsupported('Keeping the interface of a terminated instance');
  const subnet = readSubnet(call, spec.SubnetId, input.Placement);
  return {
    subnet,
    groups: readGroups(call, subnet.vpcId, spec.Groups ?? []),
    publicIp: spec.AssociatePublicIpAddress ?? subnet.mapPublicIpOnLaunch,
    ...given('privateIp', spec.PrivateIpAddress ?? spec.PrivateIpAddresses?.[0]?.PrivateIpAddress),
    description: spec.Description ?? '',
  };
}

/** The subnet that is named, or the default one (of the zone asked for) in which fewest instances stand. */
function readSubnet(call: Call, id: string | undefined, placement: sdk.Placement | undefined): Subnet {
  const { Tenancy: tenancy = 'default', GroupName: group = '' } = placement ?? {};
  // Some clients send an empty name for none.
  const zone = placement?.AvailabilityZone === '' ? undefined : placement?.AvailabilityZone;
  if (tenancy !== 'default') throw unsupported(`The tenancy ${tenancy}`);
  if (group !== '') throw unsupported('A placement group');
  if (placement?.HostId !== undefined || placement?.Affinity !== undefined) throw unsupported('A dedicated host');
  if (id !== undefined) {
    const subnet = find(call, kinds.subnet, id, 'SubnetId');
    if (zone !== undefined && zone !== subnet.availabilityZone) {
      throw invalidValue(`The subnet '${id}' is not in the availability zone '${zone}'.`);
    }
    return subnet;
  }
  const vpc = defaultVpcOf(call);
  const choices = call.tx
    .by(subnets, 'vpc', vpc?.id ?? '')
    .filter((subnet) => subnet.defaultForAz && (zone === undefined || subnet.availabilityZone === zone));
  const [best] = choices.toSorted(
    (a, b) => call.tx.countBy(instances, 'subnet', a.id) - call.tx.countBy(instances, 'subnet', b.id),
  );
  if (best === undefined) {
    throw vpc === undefined
      ? new AwsError('VPCIdNotSpecified', 'No default VPC for this user.')
      : new AwsError('MissingInput', `No default subnet for availability zone: '${zone ?? 'null'}'.`);
  }
  return best;
}

/** Groups by name, which only the default VPC knows. */
function groupsNamed(call: Call, { SecurityGroups: names = [] }: sdk.RunInstancesRequest, { vpcId }: Subnet): string[] {
  if (names.length > 0 && defaultVpcOf(call)?.id !== vpcId) {
    throw badCombination('The parameter groupName cannot be used with the parameter subnet');
  }
  return names.map((name) => {
    const found = call.tx.by(securityGroups, 'vpc', vpcId).find((group) => group.name === name);
    if (found === undefined) {
      throw new AwsError('InvalidGroup.NotFound', `The security group '${name}' does not exist in VPC '${vpcId}'`);
    }
    return found.id;
  });
}

/** A machine must be able to hold what the type promises, and to run it; processors are shared, memory cannot be. */
function checkCapacity(call: Call, { name, memoryMiB, architecture }: InstanceType, subnet: Subnet): void {
  const hosts = call.tx.list(machines).filter(({ attributes }) => attributes.some((one) => one.name === instanceHost));
  if (hosts.length === 0) return;
  const able = hosts.filter((host) => architectureOfMachine(host) === architecture);
  if (able.length === 0) {
    throw new AwsError(
      'Unsupported',
      `Your requested instance type (${name}) is not supported in your requested Availability Zone (${subnet.availabilityZone}). No machine here has the architecture ${architecture}.`,
    );
  }
  if (able.some(({ resources }) => resources.memory >= memoryMiB)) return;
  throw new AwsError(
    'InsufficientInstanceCapacity',
    `We currently do not have sufficient ${name} capacity in the Availability Zone you requested (${subnet.availabilityZone}).`,
    { status: 500 },
  );
}

function readUserData(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === '') return undefined;
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(base64)) throw invalidValue('Invalid BASE64 encoding of user data.');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > 16_384) throw invalidValue('User data is limited to 16384 bytes');
  return bytes.toString('base64');
}

function readShutdown(asked: string | undefined): Instance['shutdownBehaviour'] {
  if (asked === undefined || asked === 'stop' || asked === 'terminate') return asked ?? 'stop';
  throw badValue(asked, 'instanceInitiatedShutdownBehavior', 'Unknown shutdown behavior.');
}

/** The instances that one request started, for its repetition. */
export function reservation(call: Call, reservationId: string): Instance[] {
  return call.tx.by(instances, 'scope', scopeOf(call)).filter((instance) => instance.reservationId === reservationId);
}

/** The instances that a request names; each must exist. */
export function namedInstances(call: Call, ids: readonly string[] | undefined): Instance[] {
  if (ids === undefined || ids.length === 0) throw missing('InstanceIds');
  for (const id of ids) checkId(kinds.instance, id);
  return [...new Set(ids)].map((id) => find(call, kinds.instance, id, 'InstanceIds'));
}
