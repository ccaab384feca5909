import { describe, expect, it } from 'vitest';
import { securityGroupRules } from '../../store/tables/ec2.ts';
import { ec2Fixture, filter, need, withVpc } from './testing.ts';

describe('security groups', () => {
  function withGroup() {
    const fixture = withVpc();
    const groupId = need(
      fixture.call('CreateSecurityGroup', { GroupName: 'web', Description: 'web', VpcId: fixture.vpcId }).GroupId,
    );
    const rules = (egress: boolean) =>
      need(
        fixture.call('DescribeSecurityGroupRules', { Filters: filter('group-id', groupId) }).SecurityGroupRules,
      ).filter((rule) => rule.IsEgress === egress);
    return { ...fixture, groupId, rules };
  }

  it('let everything out at first', () => {
    const { rules } = withGroup();
    expect(rules(true)).toMatchObject([{ IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0' }]);
    expect(rules(false)).toEqual([]);
  });

  it.each<[what: string, permission: object, rule: object]>([
    [
      'a protocol by number',
      { IpProtocol: '6', FromPort: 80, ToPort: 81, IpRanges: [{ CidrIp: '10.1.2.3/8' }] },
      { IpProtocol: 'tcp', FromPort: 80, ToPort: 81, CidrIpv4: '10.0.0.0/8' },
    ],
    [
      'all of ICMP',
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: 'icmp', FromPort: -1, ToPort: -1 },
    ],
    [
      'everything, whatever the ports',
      { IpProtocol: '-1', FromPort: 0, ToPort: 0, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: '-1', FromPort: -1, ToPort: -1 },
    ],
    [
      'another protocol',
      { IpProtocol: '50', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      { IpProtocol: '50', FromPort: -1, ToPort: -1 },
    ],
    [
      'IPv6',
      {
        IpProtocol: 'udp',
        FromPort: 53,
        ToPort: 53,
        Ipv6Ranges: [{ CidrIpv6: '2001:DB8:0::0/32', Description: 'dns' }],
      },
      { CidrIpv6: '2001:db8::/32', Description: 'dns' },
    ],
  ])('take %s', (_what, permission, rule) => {
    const { call, groupId, rules } = withGroup();
    const request = { GroupId: groupId, IpPermissions: [permission] };
    call('AuthorizeSecurityGroupIngress', request);
    expect(rules(false)).toMatchObject([rule]);
    call('RevokeSecurityGroupIngress', request);
    expect(rules(false)).toEqual([]);
  });

  it('show rules of one range as one permission, and take one back', () => {
    const { call, groupId, vpcId, rules } = withGroup();
    const other = need(call('CreateSecurityGroup', { GroupName: 'lb', Description: 'lb', VpcId: vpcId }).GroupId);
    const range = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 };
    call('AuthorizeSecurityGroupIngress', {
      GroupId: groupId,
      IpPermissions: [
        { ...range, IpRanges: [{ CidrIp: '10.0.0.0/8' }, { CidrIp: '192.168.0.0/16', Description: 'home' }] },
        { ...range, UserIdGroupPairs: [{ GroupId: other }] },
      ],
    });
    const permissions = () =>
      call('DescribeSecurityGroups', { GroupIds: [groupId] }).SecurityGroups?.[0]?.IpPermissions;
    expect(permissions()).toEqual([
      {
        ...range,
        IpRanges: [{ CidrIp: '10.0.0.0/8' }, { CidrIp: '192.168.0.0/16', Description: 'home' }],
        Ipv6Ranges: [],
        PrefixListIds: [],
        UserIdGroupPairs: [{ GroupId: other, UserId: '000000000000' }],
      },
    ]);
    const rule = need(rules(false).find((one) => one.CidrIpv4 === '10.0.0.0/8')?.SecurityGroupRuleId);
    const { RevokedSecurityGroupRules } = call('RevokeSecurityGroupIngress', {
      GroupId: groupId,
      SecurityGroupRuleIds: [rule],
    });
    expect(RevokedSecurityGroupRules).toMatchObject([{ SecurityGroupRuleId: rule, CidrIpv4: '10.0.0.0/8' }]);
    expect(permissions()?.[0]?.IpRanges).toHaveLength(1);
    const find = (name: string, value: string) =>
      call('DescribeSecurityGroups', { Filters: filter(name, value) }).SecurityGroups;
    expect(find('ip-permission.group-id', other)).toHaveLength(1);
    expect(find('ip-permission.cidr', '192.168.*')).toHaveLength(1);
    expect(find('ip-permission.to-port', '81')).toEqual([]);
  });

  it('change rules in place, but not into another kind', () => {
    const { call, refusal, groupId, rules } = withGroup();
    const range = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80 };
    const made = call('AuthorizeSecurityGroupIngress', {
      GroupId: groupId,
      IpPermissions: [{ ...range, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
      TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: [{ Key: 'a', Value: 'b' }] }],
    });
    const id = need(made.SecurityGroupRules?.[0]?.SecurityGroupRuleId);
    const modify = (rule: object) => ({
      GroupId: groupId,
      SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule: rule }],
    });
    call('ModifySecurityGroupRules', modify({ ...range, ToPort: 90, CidrIpv4: '0.0.0.0/0', Description: 'open' }));
    expect(rules(false)).toMatchObject([
      { SecurityGroupRuleId: id, ToPort: 90, CidrIpv4: '0.0.0.0/0', Description: 'open', Tags: [{ Key: 'a' }] },
    ]);
    expect(refusal('ModifySecurityGroupRules', modify({ ...range, CidrIpv6: '::/0' }))[0]).toBe(
      'InvalidParameterValue',
    );
    call('UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId: groupId,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: id, Description: 'other' }],
    });
    expect(rules(false)[0]?.Description).toBe('other');
    call('UpdateSecurityGroupRuleDescriptionsIngress', {
      GroupId: groupId,
      IpPermissions: [{ ...range, ToPort: 90, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    });
    expect(rules(false)[0]?.Description).toBeUndefined();
  });

  it('cannot go while an interface or another group needs them, and take their rules along', () => {
    const { call, refusal, groupId, vpcId, subnetId, store } = withGroup();
    const other = need(call('CreateSecurityGroup', { GroupName: 'lb', Description: 'lb', VpcId: vpcId }).GroupId);
    const own = { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId }] };
    call('AuthorizeSecurityGroupIngress', { GroupId: groupId, IpPermissions: [own] });
    call('AuthorizeSecurityGroupIngress', { GroupId: other, IpPermissions: [own] });
    const attempt = () => refusal('DeleteSecurityGroup', { GroupId: groupId });
    expect(attempt()).toEqual(['DependencyViolation', `resource ${groupId} has a dependent object`]);
    call('RevokeSecurityGroupIngress', { GroupId: other, IpPermissions: [own] });
    const eni = need(
      call('CreateNetworkInterface', { SubnetId: subnetId, Groups: [groupId] }).NetworkInterface?.NetworkInterfaceId,
    );
    expect(attempt()[0]).toBe('DependencyViolation');
    call('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: eni, Groups: [other] });
    expect(call('DeleteSecurityGroup', { GroupId: groupId })).toEqual({ Return: true, GroupId: groupId });
    expect(store.by(securityGroupRules, 'group', groupId)).toEqual([]);
  });

  it('of a default VPC take silently what is not there to revoke', () => {
    const { call } = ec2Fixture();
    const groupId = need(call('CreateSecurityGroup', { GroupName: 'web', Description: 'web' }).GroupId);
    const answer = call('RevokeSecurityGroupIngress', {
      GroupName: 'web',
      IpProtocol: 'tcp',
      FromPort: 80,
      ToPort: 80,
      CidrIp: '0.0.0.0/0',
    });
    expect(answer.UnknownIpPermissions).toMatchObject([{ IpProtocol: 'tcp', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]);
    call('DeleteSecurityGroup', { GroupId: groupId });
  });
});
