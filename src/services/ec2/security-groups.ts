import type * as sdk from '@aws-sdk/client-ec2';
import { arn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import type { SecurityGroup, SecurityGroupRule } from '../../model/ec2/network.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { networkInterfaces, securityGroupRules, securityGroups } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { badCombination, invalidValue, missing } from './errors.ts';
import type { FilterValue, Filters } from './filters.ts';
import { sdkPermissions } from './ip-permissions.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds, newId } from './resources.ts';
import { newTags, sdkTags } from './tags.ts';
import { defaultVpcOf } from './default-vpc.ts';

/** What names and descriptions of security groups are made of ("CreateSecurityGroup", EC2 API Reference). */
const text = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

function groupArn(group: SecurityGroup): string {
  return arn('ec2', group.region, group.account, `security-group/${group.id}`);
}

function rulesOf(tx: Reader, group: SecurityGroup, direction: SecurityGroupRule['direction']): SecurityGroupRule[] {
  return tx.by(securityGroupRules, 'group', group.id).filter((rule) => rule.direction === direction);
}

function sdkGroup(tx: Reader, group: SecurityGroup): sdk.SecurityGroup {
  return {
    GroupId: group.id,
    GroupName: group.name,
    Description: group.description,
    VpcId: group.vpcId,
    OwnerId: group.account,
    SecurityGroupArn: groupArn(group),
    IpPermissions: sdkPermissions(rulesOf(tx, group, 'ingress')),
    IpPermissionsEgress: sdkPermissions(rulesOf(tx, group, 'egress')),
    Tags: sdkTags(group.tags),
  };
}

/** Deletes a group with its rules; the caller has seen that nothing needs it. */
export function deleteSecurityGroupRow(tx: Transaction, group: SecurityGroup): void {
  for (const rule of tx.by(securityGroupRules, 'group', group.id)) tx.delete(securityGroupRules, rule.id);
  tx.delete(securityGroups, group.id);
}

/** The group that a request names by id, or by name in the default VPC. */
export function groupOf(call: Call, id: string | undefined, name: string | undefined): SecurityGroup {
  if (id !== undefined && id !== '') return find(call, kinds.securityGroup, id, 'groupId');
  if (name === undefined || name === '') throw missing('groupName or groupId');
  return groupNamed(call, name);
}

function groupNamed(call: Call, name: string): SecurityGroup {
  const vpc = defaultVpcOf(call);
  if (vpc === undefined) throw noDefaultVpc();
  const group = call.tx.by(securityGroups, 'vpc', vpc.id).find((one) => one.name === name);
  if (group !== undefined) return group;
  throw new AwsError('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC '${vpc.id}'`);
}

function noDefaultVpc(): AwsError {
  return new AwsError(
    'VPCIdNotSpecified',
    'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
  );
}

function ruleFilters(tx: Reader, prefix: string, direction: SecurityGroupRule['direction']): Filters<SecurityGroup> {
  const each =
    (valueOf: (rule: SecurityGroupRule) => string | undefined) =>
    (group: SecurityGroup): FilterValue =>
      rulesOf(tx, group, direction).flatMap((rule) => valueOf(rule) ?? []);
  return {
    [`${prefix}cidr`]: each((rule) => rule.cidrIpv4),
    [`${prefix}from-port`]: each((rule) => String(rule.fromPort)),
    [`${prefix}group-id`]: each((rule) => rule.referencedGroupId),
    [`${prefix}group-name`]: each((rule) => tx.get(securityGroups, rule.referencedGroupId ?? '')?.name),
    [`${prefix}ipv6-cidr`]: each((rule) => rule.cidrIpv6),
    [`${prefix}prefix-list-id`]: each((rule) => rule.prefixListId),
    [`${prefix}protocol`]: each((rule) => rule.protocol),
    [`${prefix}to-port`]: each((rule) => String(rule.toPort)),
    [`${prefix}user-id`]: each((rule) => (rule.referencedGroupId === undefined ? undefined : rule.account)),
  };
}

/** The operations on security groups ("Security groups for your VPC", Amazon VPC User Guide). */
export const securityGroupOperations = {
  CreateSecurityGroup: {
    takes: ['GroupName', 'Description', 'VpcId', 'TagSpecifications'],
    run(input, call) {
      const { tx, ids, account, region } = call;
      const { GroupName: name = '', Description: description = '' } = input;
      if (name === '') throw missing('groupName');
      if (description === '') throw missing('groupDescription');
      if (name === 'default') {
        throw new AwsError('InvalidGroup.Reserved', 'Cannot use reserved security group name: default');
      }
      if (name.startsWith('sg-')) throw invalidValue('Group names may not be in the format sg-*');
      if (!text.test(name)) throw invalidValue(badText('name'));
      if (!text.test(description)) throw invalidValue(badText('description'));
      const vpc = input.VpcId === undefined ? defaultVpcOf(call) : find(call, kinds.vpc, input.VpcId, 'vpcId');
      if (vpc === undefined) throw noDefaultVpc();
      if (tx.by(securityGroups, 'vpc', vpc.id).some((other) => other.name === name)) {
        throw new AwsError('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${vpc.id}'`);
      }
      const group: SecurityGroup = {
        account,
        region,
        id: newId(ids, 'sg'),
        vpcId: vpc.id,
        name,
        description,
        tags: newTags('security-group', input.TagSpecifications),
      };
      tx.put(securityGroups, group);
      tx.put(securityGroupRules, {
        account,
        region,
        id: newId(ids, 'sgr'),
        groupId: group.id,
        direction: 'egress',
        protocol: '-1',
        fromPort: -1,
        toPort: -1,
        cidrIpv4: '0.0.0.0/0',
        tags: [],
      });
      return { GroupId: group.id, SecurityGroupArn: groupArn(group), Tags: sdkTags(group.tags) };
    },
  },
  DescribeSecurityGroups: {
    takes: ['GroupIds', 'GroupNames', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { tx } = call;
      const { GroupIds: ids = [], GroupNames: names = [] } = input;
      if (names.length > 0 && input.MaxResults !== undefined) {
        throw badCombination('The parameter groupNames cannot be used with the parameter maxResults');
      }
      const { rows, token } = describeRows(
        call,
        kinds.securityGroup,
        input,
        { ids: [...ids, ...names.map((name) => groupNamed(call, name).id)], name: 'groupIds' },
        {
          description: (group) => group.description,
          'group-id': (group) => group.id,
          'group-name': (group) => group.name,
          'vpc-id': (group) => group.vpcId,
          ...ruleFilters(tx, 'ip-permission.', 'ingress'),
          ...ruleFilters(tx, 'egress.ip-permission.', 'egress'),
        },
      );
      return {
        SecurityGroups: rows.map((group) => sdkGroup(tx, group)),
        ...token,
      };
    },
  },
  DeleteSecurityGroup: {
    takes: ['GroupId', 'GroupName'],
    run(input, call) {
      const { tx } = call;
      const group = groupOf(call, input.GroupId, input.GroupName);
      if (group.name === 'default') {
        throw new AwsError(
          'CannotDelete',
          `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
        );
      }
      const referenced = tx.by(securityGroupRules, 'referenced', group.id).some((rule) => rule.groupId !== group.id);
      if (referenced || tx.countBy(networkInterfaces, 'group', group.id) > 0) {
        throw new AwsError('DependencyViolation', `resource ${group.id} has a dependent object`);
      }
      deleteSecurityGroupRow(tx, group);
      return { Return: true, GroupId: group.id };
    },
  },
} satisfies Ec2Operations;

function badText(what: 'name' | 'description'): string {
  return (
    `Invalid security group ${what}. Valid ${what}s are strings less than 256 characters from the following set:` +
    '  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*'
  );
}
