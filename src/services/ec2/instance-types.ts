import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { imagesOf, type Image } from '../../model/ec2/images.ts';
import { instanceTypes, type InstanceType } from '../../model/ec2/instance-types.ts';
import { zoneLetters } from '../../store/default-vpc.ts';
import { page } from './describe.ts';
import { invalidValue } from './errors.ts';
import { matcher } from './filters.ts';
import type { Ec2Operations } from './operation.ts';

function sdkType(type: InstanceType): sdk.InstanceTypeInfo {
  return {
    InstanceType: type.name as sdk._InstanceType,
    CurrentGeneration: type.currentGeneration,
    FreeTierEligible: type.name === 't2.micro' || type.name === 't3.micro',
    SupportedUsageClasses: ['on-demand'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: false,
    Hypervisor: type.hypervisor,
    ProcessorInfo: { SupportedArchitectures: [type.architecture], SustainedClockSpeedInGhz: type.clockGHz },
    VCpuInfo: {
      DefaultVCpus: type.vcpus,
      DefaultCores: type.vcpus / type.threadsPerCore,
      DefaultThreadsPerCore: type.threadsPerCore,
    },
    MemoryInfo: { SizeInMiB: type.memoryMiB },
    InstanceStorageSupported: false,
    EbsInfo: {
      EbsOptimizedSupport: type.hypervisor === 'xen' ? 'unsupported' : 'default',
      EncryptionSupport: 'supported',
    },
    NetworkInfo: {
      NetworkPerformance: type.network,
      MaximumNetworkInterfaces: type.interfaces,
      MaximumNetworkCards: 1,
      DefaultNetworkCardIndex: 0,
      Ipv4AddressesPerInterface: type.addresses,
      Ipv6AddressesPerInterface: type.addresses,
      Ipv6Supported: true,
      EnaSupport: type.hypervisor === 'xen' ? 'unsupported' : 'required',
      EfaSupported: false,
    },
    HibernationSupported: false,
    BurstablePerformanceSupported: type.burstable,
    DedicatedHostsSupported: false,
    AutoRecoverySupported: true,
  };
}

function sdkImage(image: Image): sdk.Image {
  return {
    ImageId: image.id,
    Name: image.name,
    Description: image.description,
    ImageLocation: `amazon/${image.name}`,
    ImageType: 'machine',
    Architecture: image.architecture,
    CreationDate: image.createdAt,
    OwnerId: image.ownerId,
    ImageOwnerAlias: image.ownerAlias,
    Public: true,
    State: 'available',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    BlockDeviceMappings: [],
    EnaSupport: true,
    Hypervisor: 'xen',
    RootDeviceName: image.rootDeviceName,
    RootDeviceType: 'ebs',
    VirtualizationType: 'hvm',
    ...(image.httpTokens === 'required' ? { ImdsSupport: 'v2.0' as const } : {}),
    Tags: [],
  };
}

/** Instance types and images: what there is to start. */
export const instanceTypeOperations = {
  DescribeInstanceTypes: {
    takes: ['InstanceTypes', 'Filters', 'MaxResults', 'NextToken'],
    run(input) {
      const asked: readonly string[] = input.InstanceTypes ?? [];
      const unknown = asked.filter((name) => !instanceTypes.has(name));
      if (unknown.length > 0) {
        throw new AwsError(
          'InvalidInstanceType',
          `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
        );
      }
      const matches = matcher<InstanceType>(
        {
          'bare-metal': () => 'false',
          'burstable-performance-supported': (type) => String(type.burstable),
          'current-generation': (type) => String(type.currentGeneration),
          'free-tier-eligible': (type) => String(type.name === 't2.micro' || type.name === 't3.micro'),
          hypervisor: (type) => type.hypervisor,
          'instance-storage-supported': () => 'false',
          'instance-type': (type) => type.name,
          'memory-info.size-in-mib': (type) => String(type.memoryMiB),
          'network-info.maximum-network-interfaces': (type) => String(type.interfaces),
          'processor-info.supported-architecture': (type) => type.architecture,
          'supported-root-device-type': () => 'ebs',
          'supported-usage-class': () => 'on-demand',
          'supported-virtualization-type': () => 'hvm',
          'vcpu-info.default-vcpus': (type) => String(type.vcpus),
        },
        input.Filters,
      );
      const all = [...instanceTypes.values()].filter(
        (type) => (asked.length === 0 || asked.includes(type.name)) && matches(type),
      );
      const { items, token } = page(all, (type) => type.name, input);
      return { InstanceTypes: items.map(sdkType), ...token };
    },
  },
  DescribeInstanceTypeOfferings: {
    takes: ['LocationType', 'Filters', 'MaxResults', 'NextToken'],
    run(input, { region }) {
      const by = input.LocationType ?? 'region';
      if (by !== 'region' && by !== 'availability-zone') throw invalidValue(`The location type '${by}' is not served`);
      const places = by === 'region' ? [region] : zoneLetters.map((letter) => `${region}${letter}`);
      const all = [...instanceTypes.keys()].flatMap((type) => places.map((location) => ({ type, location })));
      const matches = matcher<(typeof all)[number]>(
        { location: (one) => one.location, 'instance-type': (one) => one.type },
        input.Filters,
      );
      const { items, token } = page(all.filter(matches), (one) => `${one.type} ${one.location}`, input);
      return {
        InstanceTypeOfferings: items.map(({ type, location }) => ({
          InstanceType: type as sdk._InstanceType,
          LocationType: by,
          Location: location,
        })),
        ...token,
      };
    },
  },
  DescribeImages: {
    // Images that are deprecated or disabled are answered anyway: none is.
    takes: [
      'ImageIds',
      'Owners',
      'ExecutableUsers',
      'Filters',
      'MaxResults',
      'NextToken',
      'IncludeDeprecated',
      'IncludeDisabled',
    ],
    run(input, call) {
      const all = imagesOf(call.region);
      for (const id of input.ImageIds ?? []) {
        if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
          throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${id}"`);
        }
        if (!all.some((image) => image.id === id)) {
          throw new AwsError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
        }
      }
      const matches = matcher<Image>(
        {
          architecture: (image) => image.architecture,
          'creation-date': (image) => image.createdAt,
          description: (image) => image.description,
          'ena-support': () => 'true',
          hypervisor: () => 'xen',
          'image-id': (image) => image.id,
          'image-type': () => 'machine',
          'is-public': () => 'true',
          name: (image) => image.name,
          'owner-alias': (image) => image.ownerAlias,
          'owner-id': (image) => image.ownerId,
          'root-device-name': (image) => image.rootDeviceName,
          'root-device-type': () => 'ebs',
          state: () => 'available',
          'virtualization-type': () => 'hvm',
        },
        input.Filters,
      );
      const owners = input.Owners ?? [];
      const found = all.filter(
        (image) =>
          (input.ImageIds === undefined || input.ImageIds.length === 0 || input.ImageIds.includes(image.id)) &&
          (owners.length === 0 || owners.includes(image.ownerAlias) || owners.includes(image.ownerId)) &&
          matches(image),
      );
      const { items, token } = page(found, (image) => image.id, input);
      return { Images: items.map(sdkImage), ...token };
    },
  },
} satisfies Ec2Operations;
