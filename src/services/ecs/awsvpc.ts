import type { NetworkConfiguration } from '@aws-sdk/client-ecs';
import type { SecurityGroup, Subnet } from '../../model/ec2/network.ts';
import type { AwsvpcConfiguration } from '../../model/ecs/task.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { securityGroups, subnets } from '../../store/tables/ec2.ts';
import { invalidParameter } from './errors.ts';

/**
 * The network configuration of tasks: required for awsvpc and for nothing else; its subnets and security groups exist
 * and lie in one VPC, whose default group is taken where none is named. Throws `InvalidParameterException`.
 */
export function readAwsvpc(
  reader: Reader,
  scope: Scoped,
  configuration: NetworkConfiguration | undefined,
  task: { networkMode: string | undefined; launchType: string },
): AwsvpcConfiguration | undefined {
  const given = configuration?.awsvpcConfiguration;
  if (task.networkMode !== 'awsvpc') {
    if (given === undefined) return undefined;
    throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.');
  }
  if (given === undefined) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  const { subnets: subnetIds = [], securityGroups: groupIds = [], assignPublicIp = 'DISABLED' } = given;
  if (subnetIds.length === 0) throw invalidParameter('subnets can not be empty.');
  if (subnetIds.length > 16) throw invalidParameter('subnets can have at most 16 items.');
  if (groupIds.length > 5) throw invalidParameter('securityGroups can have at most 5 items.');
  if (assignPublicIp !== 'ENABLED' && assignPublicIp !== 'DISABLED') {
    throw invalidParameter('assignPublicIp must be ENABLED or DISABLED.');
  }
  if (assignPublicIp === 'ENABLED' && task.launchType !== 'FARGATE') {
    throw invalidParameter('Assign public IP is not supported for this launch type.');
  }
  const vpcId = vpcOf(subnetIds.map((id) => needSubnet(reader, scope, id)));
  for (const id of groupIds) {
    if (needGroup(reader, scope, id).vpcId !== vpcId) {
      throw invalidParameter(`Security group ${id} does not appear to belong to the same VPC as the input subnets.`);
    }
  }
  return {
    subnets: [...new Set(subnetIds)],
    securityGroups: groupIds.length > 0 ? [...new Set(groupIds)] : defaultGroup(reader, vpcId),
    assignPublicIp,
  };
}

function needSubnet(reader: Reader, scope: Scoped, id: string): Subnet {
  const subnet = reader.get(subnets, id);
  if (subnet !== undefined && scopeOf(subnet) === scopeOf(scope)) return subnet;
  throw invalidParameter(
    `Error retrieving subnet information for [${id}]: The subnet ID '${id}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
  );
}

function needGroup(reader: Reader, scope: Scoped, id: string): SecurityGroup {
  const group = reader.get(securityGroups, id);
  if (group !== undefined && scopeOf(group) === scopeOf(scope)) return group;
  throw invalidParameter(
    `Error retrieving security group information for [${id}]: The security group '${id}' does not exist (ErrorCode: InvalidGroup.NotFound)`,
  );
}

function vpcOf(all: readonly Subnet[]): string {
  const vpcs = new Set(all.map((subnet) => subnet.vpcId));
  const [vpcId] = vpcs;
  if (vpcs.size !== 1 || vpcId === undefined) throw invalidParameter('subnets must all belong to the same VPC.');
  return vpcId;
}

function defaultGroup(reader: Reader, vpcId: string): string[] {
  return reader
    .by(securityGroups, 'vpc', vpcId)
    .filter((group) => group.name === 'default')
    .map((group) => group.id);
}
