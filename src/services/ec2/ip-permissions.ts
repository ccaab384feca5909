import { isIPv6 } from 'node:net';
import type { IpPermission, SecurityGroupRuleRequest, UserIdGroupPair } from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { cidrText, parseCidr } from '../../model/ec2/addresses.ts';
import type { SecurityGroup, SecurityGroupRule } from '../../model/ec2/network.ts';
import { securityGroups } from '../../store/tables/ec2.ts';
import { badValue, invalidValue, missing, unsupported } from './errors.ts';
import type { Call } from './operation.ts';
import { find, kinds } from './resources.ts';

/** What a rule allows: all of a rule but its identity. */
export type RuleSpec = Pick<
  SecurityGroupRule,
  'protocol' | 'fromPort' | 'toPort' | 'cidrIpv4' | 'cidrIpv6' | 'prefixListId' | 'referencedGroupId' | 'description'
>;

const protocolNames: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp', '58': 'icmpv6' };

function readProtocol(text: string | undefined): string {
  if (text === undefined || text === '') throw missing('ipProtocol');
  const protocol = text.toLowerCase();
  if (protocol === '-1' || protocol === 'all') return '-1';
  if (Object.values(protocolNames).includes(protocol)) return protocol;
  if (/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255) {
    return protocolNames[String(Number(protocol))] ?? String(Number(protocol));
  }
  throw invalidValue(`Invalid value '${text}' for IP protocol. Unknown protocol.`);
}

type PortRange = Pick<RuleSpec, 'protocol' | 'fromPort' | 'toPort'>;

/** Ports matter to TCP and UDP, type and code to ICMP; to every other protocol a rule opens all ("IpPermission"). */
function readRange(input: Pick<IpPermission, 'IpProtocol' | 'FromPort' | 'ToPort'>): PortRange {
  const protocol = readProtocol(input.IpProtocol);
  const { FromPort: from, ToPort: to } = input;
  switch (protocol) {
    case 'tcp':
    case 'udp': {
      if (from === undefined || to === undefined) {
        throw invalidValue("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
      }
      for (const port of [from, to]) {
        if (!Number.isInteger(port) || port < 0 || port > 65_535) {
          throw invalidValue(`TCP/UDP port (${port}) out of range`);
        }
      }
      if (from > to) throw invalidValue(`Invalid TCP/UDP port range (${from}:${to})`);
      return { protocol, fromPort: from, toPort: to };
    }
    case 'icmp':
    case 'icmpv6': {
      const [type, code] = [from ?? -1, to ?? -1];
      for (const value of [type, code]) {
        if (!Number.isInteger(value) || value < -1 || value > 255) {
          throw invalidValue(`ICMP type or code (${value}) out of range`);
        }
      }
      if (type === -1 && code !== -1) throw invalidValue(`ICMP code (${code}) must be -1 when the type is -1`);
      return { protocol, fromPort: type, toPort: code };
    }
    default:
      return { protocol, fromPort: -1, toPort: -1 };
  }
}

function readCidr(text: string | undefined, parameter: string): string {
  if (text === undefined || text === '') throw missing(parameter);
  const cidr = parseCidr(text);
  if (cidr === undefined) throw invalidValue(`CIDR block ${text} is malformed`);
  return cidrText(cidr);
}

function readCidrV6(text: string | undefined, parameter: string): string {
  if (text === undefined || text === '') throw missing(parameter);
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !isIPv6(address) || !/^\d{1,3}$/.test(length) || Number(length) > 128) {
    throw invalidValue(`CIDR block ${text} is malformed`);
  }
  // A URL's host is the address in its canonical form (RFC 5952).
  return `${new URL(`http://[${address}]`).hostname.slice(1, -1)}/${Number(length)}`;
}

function readDescription(text: string | undefined): { description?: string } {
  if (text === undefined || text === '') return {};
  if (/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(text)) return { description: text };
  throw invalidValue(
    'Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:' +
      '  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*',
  );
}

function readGroup(call: Call, group: SecurityGroup, pair: UserIdGroupPair): string {
  const { GroupId: id, GroupName: name, UserId: user, VpcPeeringConnectionId: peering } = pair;
  if (peering !== undefined) throw unsupported('VPC peering');
  if (user !== undefined && user !== '' && user !== call.account) throw unsupported('A group of another account');
  if (id === undefined && name !== undefined) {
    const named = call.tx.by(securityGroups, 'vpc', group.vpcId).find((one) => one.name === name);
    if (named !== undefined) return named.id;
    throw new AwsError('InvalidGroup.NotFound', `The security group '${name}' does not exist`);
  }
  return readGroupId(call, group, id);
}

function readGroupId(call: Call, group: SecurityGroup, id: string | undefined): string {
  const peer = find(call, kinds.securityGroup, id, 'groupId');
  if (peer.vpcId !== group.vpcId) {
    throw new AwsError('InvalidGroup.NotFound', 'You have specified two resources that belong to different networks.');
  }
  return peer.id;
}

function noPrefixList(id: string | undefined): AwsError {
  if (id === undefined) return missing('prefixListId');
  return new AwsError('InvalidPrefixListID.NotFound', `The prefix list ID '${id}' does not exist`);
}

/** Reads permissions as rules of a group, one for each peer. Throws EC2's error for whatever cannot be. */
export function readPermissions(call: Call, group: SecurityGroup, permissions: readonly IpPermission[]): RuleSpec[] {
  return permissions.flatMap((permission): RuleSpec[] => {
    const range = readRange(permission);
    const { IpRanges = [], Ipv6Ranges = [], PrefixListIds = [], UserIdGroupPairs = [] } = permission;
    for (const { PrefixListId: id } of PrefixListIds) throw noPrefixList(id);
    const specs = [
      ...IpRanges.map(({ CidrIp, Description }) => ({
        ...range,
        cidrIpv4: readCidr(CidrIp, 'cidrIp'),
        ...readDescription(Description),
      })),
      ...Ipv6Ranges.map(({ CidrIpv6, Description }) => ({
        ...range,
        cidrIpv6: readCidrV6(CidrIpv6, 'cidrIpv6'),
        ...readDescription(Description),
      })),
      ...UserIdGroupPairs.map((pair) => ({
        ...range,
        referencedGroupId: readGroup(call, group, pair),
        ...readDescription(pair.Description),
      })),
    ];
    if (specs.length === 0) {
      throw new AwsError('MissingParameter', 'A rule must name a CIDR block or a security group as its peer.');
    }
    return specs;
  });
}

/** Reads the one rule that a ModifySecurityGroupRules entry describes. */
export function readRuleRequest(call: Call, group: SecurityGroup, request: SecurityGroupRuleRequest): RuleSpec {
  const { CidrIpv4: v4, CidrIpv6: v6, PrefixListId: list, ReferencedGroupId: peer } = request;
  if ([v4, v6, list, peer].filter((one) => one !== undefined).length !== 1) {
    throw badValue(
      '',
      'securityGroupRule',
      'Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be given.',
    );
  }
  if (list !== undefined) throw noPrefixList(list);
  return {
    ...readRange(request),
    ...(v4 === undefined ? {} : { cidrIpv4: readCidr(v4, 'cidrIpv4') }),
    ...(v6 === undefined ? {} : { cidrIpv6: readCidrV6(v6, 'cidrIpv6') }),
    ...(peer === undefined ? {} : { referencedGroupId: readGroupId(call, group, peer) }),
    ...readDescription(request.Description),
  };
}

/** What makes two rules of one direction the same: everything but the description. */
export function ruleKey(rule: RuleSpec): string {
  return [rule.protocol, rule.fromPort, rule.toPort, peerOf(rule)].join(' ');
}

/** A rule's peer as messages name it. */
export function peerOf(rule: RuleSpec): string {
  return rule.cidrIpv4 ?? rule.cidrIpv6 ?? rule.prefixListId ?? rule.referencedGroupId ?? '';
}

function portsOf(rule: PortRange): { FromPort?: number; ToPort?: number } {
  const { protocol, fromPort, toPort } = rule;
  return ['tcp', 'udp', 'icmp', 'icmpv6'].includes(protocol) ? { FromPort: fromPort, ToPort: toPort } : {};
}

/** Rules of one direction as permissions: those of one protocol and port range are one. */
export function sdkPermissions(rules: readonly (RuleSpec & { readonly account: string })[]): IpPermission[] {
  const groups = Map.groupBy(rules, (rule) => `${rule.protocol} ${rule.fromPort} ${rule.toPort}`);
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined) return [];
    const described = (rule: RuleSpec): { Description?: string } => given('Description', rule.description);
    return [
      {
        IpProtocol: first.protocol,
        ...portsOf(first),
        IpRanges: alike.flatMap((rule) =>
          rule.cidrIpv4 === undefined ? [] : [{ CidrIp: rule.cidrIpv4, ...described(rule) }],
        ),
        Ipv6Ranges: alike.flatMap((rule) =>
          rule.cidrIpv6 === undefined ? [] : [{ CidrIpv6: rule.cidrIpv6, ...described(rule) }],
        ),
        PrefixListIds: [],
        UserIdGroupPairs: alike.flatMap((rule) =>
          rule.referencedGroupId === undefined
            ? []
            : [{ GroupId: rule.referencedGroupId, UserId: rule.account, ...described(rule) }],
        ),
      },
    ];
  });
}
