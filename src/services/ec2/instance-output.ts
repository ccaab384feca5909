import type * as sdk from '@aws-sdk/client-ec2';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { privateDnsNameOf, publicDnsNameOf } from '../../model/ec2/addresses.ts';
import { architectureOf } from '../../model/ec2/images.ts';
import { instanceStateCodes, type Instance } from '../../model/ec2/instance.ts';
import { instanceTypes } from '../../model/ec2/instance-types.ts';
import type { NetworkInterface } from '../../model/ec2/network.ts';
import type { Reader } from '../../store/store.ts';
import { networkInterfaces, securityGroups, vpcs } from '../../store/tables/ec2.ts';
import { sdkMetadataOptions } from './metadata-options.ts';
import { sdkTags } from './tags.ts';

/** A state as EC2 answers it. */
export function sdkState(state: Instance['state']): sdk.InstanceState {
  return { Code: instanceStateCodes[state], Name: state };
}

/** The interface of an instance, until it is terminated. */
export function interfaceOfInstance(tx: Reader, instance: Instance): NetworkInterface | undefined {
  return tx.get(networkInterfaces, instance.networkInterfaceId);
}

/** The public name of an instance; empty without one ("DNS attributes for your VPC"). */
export function publicDnsOf(tx: Reader, instance: Instance): string {
  const publicIp = interfaceOfInstance(tx, instance)?.publicIp;
  if (publicIp === undefined || tx.get(vpcs, instance.vpcId)?.enableDnsHostnames !== true) return '';
  return publicDnsNameOf(publicIp, instance.region);
}

/** The security groups of an instance. */
export function groupsOfInstance(tx: Reader, instance: Instance): sdk.GroupIdentifier[] {
  const ids = interfaceOfInstance(tx, instance)?.groups ?? [];
  return ids.map((id) => ({ GroupId: id, GroupName: tx.get(securityGroups, id)?.name }));
}

/** An instance as RunInstances and DescribeInstances show it. */
export function sdkInstance(tx: Reader, instance: Instance): sdk.Instance {
  const type = instanceTypes.get(instance.instanceType);
  const row = interfaceOfInstance(tx, instance);
  const gone = instance.state === 'terminated';
  const privateDns = privateDnsNameOf(instance.privateIp, instance.region);
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    State: sdkState(instance.state),
    PrivateDnsName: gone ? '' : privateDns,
    PublicDnsName: publicDnsOf(tx, instance),
    StateTransitionReason: instance.transitionReason ?? '',
    ...(instance.stateReason === undefined
      ? {}
      : { StateReason: { Code: instance.stateReason.code, Message: instance.stateReason.message } }),
    ...given('KeyName', instance.keyName),
    AmiLaunchIndex: instance.launchIndex,
    ProductCodes: [],
    InstanceType: instance.instanceType as sdk._InstanceType,
    LaunchTime: dateOf(instance.launchedAt),
    Placement: { AvailabilityZone: instance.availabilityZone, GroupName: '', Tenancy: 'default' },
    Monitoring: { State: instance.monitoring ? 'enabled' : 'disabled' },
    ...(gone
      ? {}
      : {
          SubnetId: instance.subnetId,
          VpcId: instance.vpcId,
          PrivateIpAddress: instance.privateIp,
          ...given('PublicIpAddress', row?.publicIp),
        }),
    Architecture: architectureOf(instance),
    RootDeviceType: 'ebs',
    RootDeviceName: '/dev/xvda',
    BlockDeviceMappings: [],
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    ...(instance.instanceProfile === undefined
      ? {}
      : { IamInstanceProfile: { Arn: instance.instanceProfile.arn, Id: instance.instanceProfile.id } }),
    NetworkInterfaces: row === undefined ? [] : [sdkInterface(tx, instance, row)],
    SecurityGroups: groupsOfInstance(tx, instance),
    SourceDestCheck: row?.sourceDestCheck ?? true,
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: true,
    CpuOptions: {
      CoreCount: (instance.size?.vcpus ?? type?.vcpus ?? 1) / (type?.threadsPerCore ?? 1),
      ThreadsPerCore: type?.threadsPerCore ?? 1,
    },
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    HibernationOptions: { Configured: false },
    MetadataOptions: sdkMetadataOptions(instance),
    EnclaveOptions: { Enabled: false },
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: dateOf(instance.launchedAt),
    PrivateDnsNameOptions: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    MaintenanceOptions: { AutoRecovery: 'default' },
    CurrentInstanceBootMode: 'legacy-bios',
    ClientToken: '',
    Tags: sdkTags(instance.tags),
  };
}

function sdkInterface(tx: Reader, instance: Instance, row: NetworkInterface): sdk.InstanceNetworkInterface {
  const PrivateDnsName = privateDnsNameOf(row.privateIp, row.region);
  const association =
    row.publicIp === undefined
      ? {}
      : {
          Association: {
            PublicIp: row.publicIp,
            PublicDnsName: publicDnsOf(tx, instance),
            IpOwnerId: row.allocationId === undefined ? 'amazon' : row.account,
          },
        };
  return {
    NetworkInterfaceId: row.id,
    SubnetId: row.subnetId,
    VpcId: row.vpcId,
    Description: row.description,
    OwnerId: row.account,
    Status: row.status as sdk.NetworkInterfaceStatus,
    MacAddress: row.macAddress,
    PrivateIpAddress: row.privateIp,
    PrivateDnsName,
    SourceDestCheck: row.sourceDestCheck,
    Groups: groupsOfInstance(tx, instance),
    Attachment: {
      AttachmentId: row.attachmentId,
      DeviceIndex: 0,
      Status: 'attached',
      AttachTime: dateOf(row.createdAt),
      DeleteOnTermination: true,
      NetworkCardIndex: 0,
    },
    ...association,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: row.privateIp, PrivateDnsName, ...association }],
    Ipv6Addresses: [],
    InterfaceType: 'interface',
  };
}

/** Instances by the request that started them. */
export function sdkReservations(tx: Reader, instances: readonly Instance[]): sdk.Reservation[] {
  return [...Map.groupBy(instances, (instance) => instance.reservationId)].map(([ReservationId, members]) => ({
    ReservationId,
    OwnerId: members[0]?.account,
    Groups: [],
    Instances: members.toSorted((a, b) => a.launchIndex - b.launchIndex).map((instance) => sdkInstance(tx, instance)),
  }));
}
