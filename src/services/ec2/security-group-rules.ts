import type * as sdk from '@aws-sdk/client-ec2';
import { arn } from '../../base/arn.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { SecurityGroup, SecurityGroupRule } from '../../model/ec2/network.ts';
import { securityGroupRules, vpcs } from '../../store/tables/ec2.ts';
import { describeRows } from './describe.ts';
import { badCombination, invalidValue, missing } from './errors.ts';
import { peerOf, readPermissions, readRuleRequest, ruleKey, sdkPermissions, type RuleSpec } from './ip-permissions.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds, newId, notFound } from './resources.ts';
import { groupOf } from './security-groups.ts';
import { newTags, sdkTags } from './tags.ts';

type Direction = SecurityGroupRule['direction'];

/** Rules that a group may have in one direction, counted for IPv4 and IPv6 by themselves ("Amazon VPC quotas"). */
const maxRules = 60;

function sdkRule(rule: SecurityGroupRule): sdk.SecurityGroupRule {
  return {
    SecurityGroupRuleId: rule.id,
    SecurityGroupRuleArn: arn('ec2', rule.region, rule.account, `security-group-rule/${rule.id}`),
    GroupId: rule.groupId,
    GroupOwnerId: rule.account,
    IsEgress: rule.direction === 'egress',
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    ...given('CidrIpv4', rule.cidrIpv4),
    ...given('CidrIpv6', rule.cidrIpv6),
    ...given('PrefixListId', rule.prefixListId),
    ...(rule.referencedGroupId === undefined
      ? {}
      : { ReferencedGroupInfo: { GroupId: rule.referencedGroupId, UserId: rule.account } }),
    ...given('Description', rule.description),
    Tags: sdkTags(rule.tags),
  };
}

function rulesOf(call: Call, group: SecurityGroup, direction: Direction): SecurityGroupRule[] {
  return call.tx.by(securityGroupRules, 'group', group.id).filter((rule) => rule.direction === direction);
}

/** The old form of a request, with one rule spread over its members. */
interface Flat {
  readonly IpPermissions?: sdk.IpPermission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SourceSecurityGroupName?: string | undefined;
  readonly SourceSecurityGroupOwnerId?: string | undefined;
}

function permissionsOf(input: Flat): sdk.IpPermission[] {
  const { IpPermissions: permissions = [], IpProtocol, FromPort, ToPort, CidrIp } = input;
  const { SourceSecurityGroupName: name, SourceSecurityGroupOwnerId: owner } = input;
  const isFlat = [IpProtocol, FromPort, ToPort, CidrIp, name].some((one) => one !== undefined);
  if (!isFlat) {
    if (permissions.length === 0) throw missing('ipPermissions');
    return permissions;
  }
  if (permissions.length > 0) {
    throw badCombination('The parameter ipPermissions may not be used together with the members of a single rule.');
  }
  return [
    {
      // A source group alone means everything from it.
      IpProtocol: IpProtocol ?? (name === undefined ? undefined : '-1'),
      FromPort,
      ToPort,
      ...(CidrIp === undefined ? {} : { IpRanges: [{ CidrIp }] }),
      ...(name === undefined ? {} : { UserIdGroupPairs: [{ GroupName: name, UserId: owner }] }),
    },
  ];
}

function authorize(
  call: Call,
  direction: Direction,
  input: Flat & Pick<sdk.AuthorizeSecurityGroupIngressRequest, 'GroupId' | 'GroupName' | 'TagSpecifications'>,
): sdk.AuthorizeSecurityGroupIngressResult {
  const { tx, ids, account, region } = call;
  const group = groupOf(call, input.GroupId, input.GroupName);
  const specs = readPermissions(call, group, permissionsOf(input));
  const tags = newTags('security-group-rule', input.TagSpecifications);
  const there = rulesOf(call, group, direction);
  const known = new Set(there.map(ruleKey));
  const added = new Set<string>();
  for (const spec of specs) {
    const key = ruleKey(spec);
    if (known.has(key)) throw duplicate(spec);
    if (added.has(key)) throw invalidValue('The same permission must not appear multiple times');
    added.add(key);
  }
  checkLimit([...there, ...specs]);
  const rows = specs.map((spec): SecurityGroupRule => ({
    account,
    region,
    id: newId(ids, 'sgr'),
    groupId: group.id,
    direction,
    ...spec,
    tags,
  }));
  for (const row of rows) tx.put(securityGroupRules, row);
  return { Return: true, SecurityGroupRules: rows.map(sdkRule) };
}

function duplicate(spec: RuleSpec): AwsError {
  const { protocol, fromPort, toPort } = spec;
  const what = protocol === '-1' ? 'ALL' : protocol.toUpperCase();
  const ports = fromPort === -1 ? '' : `, from port: ${fromPort}, to port: ${toPort}`;
  return new AwsError(
    'InvalidPermission.Duplicate',
    `the specified rule "peer: ${peerOf(spec)}, ${what}${ports}, ALLOW" already exists`,
  );
}

function checkLimit(rules: readonly RuleSpec[]): void {
  const v4 = rules.filter((rule) => rule.cidrIpv6 === undefined).length;
  const v6 = rules.filter((rule) => rule.cidrIpv4 === undefined).length;
  if (v4 <= maxRules && v6 <= maxRules) return;
  throw new AwsError(
    'RulesPerSecurityGroupLimitExceeded',
    'The maximum number of rules per security group has been reached.',
  );
}

function revoke(
  call: Call,
  direction: Direction,
  input: Flat & Pick<sdk.RevokeSecurityGroupIngressRequest, 'GroupId' | 'GroupName' | 'SecurityGroupRuleIds'>,
): sdk.RevokeSecurityGroupIngressResult {
  const { tx } = call;
  const group = groupOf(call, input.GroupId, input.GroupName);
  const { SecurityGroupRuleIds: ids = [] } = input;
  const gone: SecurityGroupRule[] = [];
  const unknown: (RuleSpec & { account: string })[] = [];
  if (ids.length > 0) {
    if ((input.IpPermissions ?? []).length > 0) {
      throw badCombination('The parameter securityGroupRuleIds may not be used together with ipPermissions.');
    }
    for (const id of new Set(ids)) gone.push(ruleOf(call, group, id, direction));
  } else {
    const there = new Map(rulesOf(call, group, direction).map((rule) => [ruleKey(rule), rule]));
    for (const spec of readPermissions(call, group, permissionsOf(input))) {
      const rule = there.get(ruleKey(spec));
      if (rule === undefined) unknown.push({ ...spec, account: call.account });
      else gone.push(rule);
    }
    // Only groups of a default VPC take it silently ("RevokeSecurityGroupIngress", EC2 API Reference).
    if (unknown.length > 0 && tx.get(vpcs, group.vpcId)?.isDefault !== true) {
      throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
  }
  for (const rule of gone) tx.delete(securityGroupRules, rule.id);
  return {
    Return: true,
    RevokedSecurityGroupRules: [...new Set(gone)].map((rule) => {
      const {
        SecurityGroupRuleArn: _arn,
        GroupOwnerId: _owner,
        ReferencedGroupInfo: peer,
        Tags: _tags,
        ...rest
      } = sdkRule(rule);
      return { ...rest, ...given('ReferencedGroupId', peer?.GroupId) };
    }),
    ...(unknown.length === 0 ? {} : { UnknownIpPermissions: sdkPermissions(unknown) }),
  };
}

/** A rule of a group by its id; a rule of another group or direction does not count. */
function ruleOf(call: Call, group: SecurityGroup, id: string | undefined, direction?: Direction): SecurityGroupRule {
  const rule = find(call, kinds.securityGroupRule, id, 'securityGroupRuleId');
  if (rule.groupId === group.id && (direction === undefined || rule.direction === direction)) return rule;
  throw notFound(kinds.securityGroupRule, rule.id);
}

function describeAnew(
  call: Call,
  direction: Direction,
  input: Pick<
    sdk.UpdateSecurityGroupRuleDescriptionsIngressRequest,
    'GroupId' | 'GroupName' | 'IpPermissions' | 'SecurityGroupRuleDescriptions'
  >,
): { Return: boolean } {
  const { tx } = call;
  const group = groupOf(call, input.GroupId, input.GroupName);
  const { IpPermissions: permissions = [], SecurityGroupRuleDescriptions: byId = [] } = input;
  if (permissions.length === 0 && byId.length === 0) throw missing('ipPermissions or securityGroupRuleDescriptions');
  const describe = ({ description: _old, ...rule }: SecurityGroupRule, text: string | undefined): void =>
    tx.put(securityGroupRules, { ...rule, ...given('description', text === '' ? undefined : text) });
  for (const { SecurityGroupRuleId: id, Description: text } of byId) {
    describe(ruleOf(call, group, id, direction), text);
  }
  const there = new Map(rulesOf(call, group, direction).map((rule) => [ruleKey(rule), rule]));
  for (const spec of readPermissions(call, group, permissions)) {
    const rule = there.get(ruleKey(spec));
    if (rule === undefined) {
      throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
    describe(rule, spec.description);
  }
  return { Return: true };
}

function modify(call: Call, group: SecurityGroup, update: sdk.SecurityGroupRuleUpdate): void {
  const { tx } = call;
  const rule = ruleOf(call, group, update.SecurityGroupRuleId);
  if (update.SecurityGroupRule === undefined) throw missing('securityGroupRule');
  const spec = readRuleRequest(call, group, update.SecurityGroupRule);
  const peers = ['cidrIpv4', 'cidrIpv6', 'prefixListId', 'referencedGroupId'] as const;
  if (peers.some((peer) => (rule[peer] === undefined) !== (spec[peer] === undefined))) {
    throw invalidValue(`The type of the rule ${rule.id} cannot be changed: its peer must remain of the same kind.`);
  }
  const same = rulesOf(call, group, rule.direction).some(
    (other) => other.id !== rule.id && ruleKey(other) === ruleKey(spec),
  );
  if (same) throw duplicate(spec);
  const { account, region, id, groupId, direction, tags } = rule;
  tx.put(securityGroupRules, { account, region, id, groupId, direction, tags, ...spec });
}

const authorizing = ['GroupId', 'IpPermissions', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp'] as const;
const fromGroup = ['SourceSecurityGroupName', 'SourceSecurityGroupOwnerId'] as const;

/** The operations on rules of security groups ("Security group rules", Amazon VPC User Guide). */
export const securityGroupRuleOperations = {
  AuthorizeSecurityGroupIngress: {
    takes: [...authorizing, ...fromGroup, 'GroupName', 'TagSpecifications'],
    run: (input, call) => authorize(call, 'ingress', input),
  },
  AuthorizeSecurityGroupEgress: {
    takes: [...authorizing, ...fromGroup, 'TagSpecifications'],
    run: (input, call) => authorize(call, 'egress', input),
  },
  RevokeSecurityGroupIngress: {
    takes: [...authorizing, ...fromGroup, 'GroupName', 'SecurityGroupRuleIds'],
    run: (input, call) => revoke(call, 'ingress', input),
  },
  RevokeSecurityGroupEgress: {
    takes: [...authorizing, ...fromGroup, 'SecurityGroupRuleIds'],
    run: (input, call) => revoke(call, 'egress', input),
  },
  UpdateSecurityGroupRuleDescriptionsIngress: {
    takes: ['GroupId', 'GroupName', 'IpPermissions', 'SecurityGroupRuleDescriptions'],
    run: (input, call) => describeAnew(call, 'ingress', input),
  },
  UpdateSecurityGroupRuleDescriptionsEgress: {
    takes: ['GroupId', 'GroupName', 'IpPermissions', 'SecurityGroupRuleDescriptions'],
    run: (input, call) => describeAnew(call, 'egress', input),
  },
  ModifySecurityGroupRules: {
    takes: ['GroupId', 'SecurityGroupRules'],
    run(input, call) {
      const group = groupOf(call, input.GroupId, undefined);
      for (const update of input.SecurityGroupRules ?? []) modify(call, group, update);
      return { Return: true };
    },
  },
  DescribeSecurityGroupRules: {
    takes: ['SecurityGroupRuleIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const { rows, token } = describeRows(
        call,
        kinds.securityGroupRule,
        input,
        { ids: input.SecurityGroupRuleIds, name: 'securityGroupRuleIds' },
        {
          'group-id': (rule) => rule.groupId,
          'security-group-rule-id': (rule) => rule.id,
        },
      );
      return {
        SecurityGroupRules: rows.map(sdkRule),
        ...token,
      };
    },
  },
} satisfies Ec2Operations;
