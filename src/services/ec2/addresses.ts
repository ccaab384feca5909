import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Address, NetworkInterface } from '../../model/ec2/network.ts';
import { scopeOf } from '../../model/tags.ts';
import { AddressError, allocatePublicIp } from '../../store/allocate-interface.ts';
import { associateAddress, dissociateAddress } from '../../store/associate-address.ts';
import type { Reader } from '../../store/store.ts';
import { addresses, internetGateways, networkInterfaces } from '../../store/tables/ec2.ts';
import { describeRows, page } from './describe.ts';
import { badCombination, badValue, invalidValue, missing, notYours } from './errors.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';

function interfaceOf(tx: Reader, address: Address): NetworkInterface | undefined {
  return address.networkInterfaceId === undefined ? undefined : tx.get(networkInterfaces, address.networkInterfaceId);
}

function sdkAddress(tx: Reader, address: Address): sdk.Address {
  const row = interfaceOf(tx, address);
  return {
    AllocationId: address.allocationId,
    PublicIp: address.publicIp,
    PublicIpv4Pool: 'amazon',
    Domain: 'vpc',
    NetworkBorderGroup: address.region,
    ...given('AssociationId', address.associationId),
    ...(row === undefined
      ? {}
      : { NetworkInterfaceId: row.id, NetworkInterfaceOwnerId: row.account, PrivateIpAddress: row.privateIp }),
    Tags: sdkTags(address.tags),
  };
}

/** The instance whose interface has an address. */
function instanceOf(tx: Reader, address: Address): string | undefined {
  const owner = interfaceOf(tx, address)?.owner;
  return owner?.kind === 'instance' ? owner.id : undefined;
}

/** An address by allocation id or by the address itself: exactly one of them. */
function findAddress(call: Call, allocationId: string | undefined, publicIp: string | undefined): Address {
  if (allocationId !== undefined && publicIp !== undefined) {
    throw badCombination('You may specify public IP or allocation id, but not both in the same call');
  }
  if (publicIp === undefined) return find(call, kinds.address, allocationId, 'allocationId');
  const found = call.tx.by(addresses, 'publicIp', publicIp).find((row) => scopeOf(row) === scopeOf(call));
  if (found === undefined) throw new AwsError('InvalidAddress.NotFound', `Address '${publicIp}' not found.`);
  return found;
}

/** The interface that an address is to be given to: the caller's own, in a VPC that has an internet gateway. */
function readInterface(call: Call, input: sdk.AssociateAddressRequest): NetworkInterface {
  const instance =
    input.InstanceId === undefined ? undefined : find(call, kinds.instance, input.InstanceId, 'instanceId');
  if (instance?.state === 'terminated') {
    throw new AwsError(
      'InvalidInstanceID',
      `The instance '${instance.id}' is not in a valid state for this operation.`,
    );
  }
  const interfaceId = input.NetworkInterfaceId ?? instance?.networkInterfaceId;
  const row = find(call, kinds.networkInterface, interfaceId, 'networkInterfaceId');
  if (row.requesterManaged) throw notYours();
  const { PrivateIpAddress: privateIp = row.privateIp } = input;
  if (privateIp !== row.privateIp) throw invalidValue(`Address ${privateIp} is not an address of '${row.id}'.`);
  if (call.tx.countBy(internetGateways, 'vpc', row.vpcId) === 0) {
    throw new AwsError('Gateway.NotAttached', `Network ${row.vpcId} is not attached to any internet gateway`);
  }
  return row;
}

/** The operations on Elastic IP addresses ("Elastic IP addresses", EC2 User Guide). */
export const addressOperations = {
  AllocateAddress: {
    takes: ['Domain', 'PublicIpv4Pool', 'NetworkBorderGroup', 'TagSpecifications'],
    run(input, call) {
      const { tx, ids, account, region } = call;
      const { Domain: domain = 'vpc', PublicIpv4Pool: pool = 'amazon', NetworkBorderGroup: group = region } = input;
      if (domain !== 'vpc') throw badValue(domain, 'domain', 'Only vpc addresses can be allocated.');
      if (pool !== 'amazon') {
        throw new AwsError('InvalidPublicIpv4PoolID.NotFound', `The pool ID '${pool}' does not exist`);
      }
      if (group !== region) throw badValue(group, 'networkBorderGroup', `The only one is ${region}.`);
      const address: Address = {
        account,
        region,
        allocationId: newId(ids, 'eipalloc'),
        publicIp: newPublicIp(call),
        tags: newTags('elastic-ip', input.TagSpecifications),
      };
      tx.put(addresses, address);
      return {
        AllocationId: address.allocationId,
        PublicIp: address.publicIp,
        PublicIpv4Pool: 'amazon',
        NetworkBorderGroup: region,
        Domain: 'vpc',
      };
    },
  },
  DescribeAddresses: {
    takes: ['AllocationIds', 'PublicIps', 'Filters'],
    run(input, call) {
      const { tx } = call;
      const named = (input.PublicIps ?? []).map((publicIp) => findAddress(call, undefined, publicIp).allocationId);
      const { rows } = describeRows(
        call,
        kinds.address,
        input,
        { ids: [...(input.AllocationIds ?? []), ...named], name: 'allocationIds' },
        {
          'allocation-id': (address) => address.allocationId,
          'association-id': (address) => address.associationId,
          domain: () => 'vpc',
          'instance-id': (address) => instanceOf(tx, address),
          'network-border-group': (address) => address.region,
          'network-interface-id': (address) => address.networkInterfaceId,
          'network-interface-owner-id': (address) => interfaceOf(tx, address)?.account,
          'private-ip-address': (address) => interfaceOf(tx, address)?.privateIp,
          'public-ip': (address) => address.publicIp,
        },
      );
      return { Addresses: rows.map((address) => sdkAddress(tx, address)) };
    },
  },
  DescribeAddressesAttribute: {
    takes: ['AllocationIds', 'Attribute', 'MaxResults', 'NextToken'],
    run(input, call) {
      // Names for reverse lookups cannot be set: no address has one.
      const { rows } = describeRows(call, kinds.address, {}, { ids: input.AllocationIds, name: 'allocationIds' }, {});
      const { items, token } = page(rows, (address) => address.allocationId, input);
      return {
        Addresses: items.map(({ allocationId, publicIp }) => ({ AllocationId: allocationId, PublicIp: publicIp })),
        ...token,
      };
    },
  },
  AssociateAddress: {
    takes: ['AllocationId', 'PublicIp', 'NetworkInterfaceId', 'InstanceId', 'PrivateIpAddress', 'AllowReassociation'],
    run(input, call) {
      const { tx, ids } = call;
      const address = findAddress(call, input.AllocationId, input.PublicIp);
      const row = readInterface(call, input);
      if (address.associationId !== undefined) {
        if (address.networkInterfaceId === row.id) return { AssociationId: address.associationId };
        if (interfaceOf(tx, address)?.requesterManaged === true) throw notYours();
      }
      const busy = address.associationId ?? tx.get(addresses, row.allocationId ?? '')?.associationId;
      if (busy !== undefined && input.AllowReassociation === false) {
        throw new AwsError(
          'Resource.AlreadyAssociated',
          `resource ${address.allocationId} is already associated with associate-id ${busy}`,
        );
      }
      return { AssociationId: associateAddress(tx, ids, address.allocationId, row.id) };
    },
  },
  DisassociateAddress: {
    takes: ['AssociationId', 'PublicIp'],
    run(input, call) {
      const { tx } = call;
      const { AssociationId: associationId, PublicIp: publicIp } = input;
      if (associationId === undefined && publicIp === undefined) throw missing('associationId');
      const address =
        publicIp !== undefined
          ? findAddress(call, undefined, publicIp)
          : tx.by(addresses, 'association', associationId ?? '').find((row) => scopeOf(row) === scopeOf(call));
      if (address?.associationId === undefined) {
        throw new AwsError(
          'InvalidAssociationID.NotFound',
          `The association ID '${associationId ?? publicIp ?? ''}' does not exist`,
        );
      }
      if (interfaceOf(tx, address)?.requesterManaged === true) throw notYours();
      dissociateAddress(tx, address.allocationId);
      return {};
    },
  },
  ReleaseAddress: {
    takes: ['AllocationId', 'PublicIp', 'NetworkBorderGroup'],
    run(input, call) {
      const { NetworkBorderGroup: group = call.region } = input;
      if (group !== call.region) throw badValue(group, 'networkBorderGroup', `The only one is ${call.region}.`);
      const address = findAddress(call, input.AllocationId, input.PublicIp);
      if (address.associationId !== undefined) {
        throw new AwsError('InvalidIPAddress.InUse', `Address ${address.publicIp} is in use.`);
      }
      call.tx.delete(addresses, address.allocationId);
      return {};
    },
  },
} satisfies Ec2Operations;

function newPublicIp(call: Call): string {
  try {
    return allocatePublicIp(call.tx, call.publicPool);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new AwsError('AddressLimitExceeded', error.message);
  }
}
