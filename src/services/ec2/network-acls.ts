import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import type { Vpc } from '../../model/ec2/network.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { subnets, vpcs } from '../../store/tables/ec2.ts';
import { page } from './describe.ts';
import { matcher, type FilterValue } from './filters.ts';
import type { Ec2Operations } from './operation.ts';

/** The id of a VPC's default network ACL follows from the VPC's. */
function aclIdOf(vpc: Vpc): string {
  return `acl-${vpc.id.slice('vpc-'.length)}`;
}

/** The two entries of each direction: everything may pass ("Default network ACL", Amazon VPC User Guide). */
const entries: sdk.NetworkAclEntry[] = [true, false].flatMap((Egress): sdk.NetworkAclEntry[] => [
  { CidrBlock: '0.0.0.0/0', Egress, Protocol: '-1', RuleAction: 'allow', RuleNumber: 100 },
  { CidrBlock: '0.0.0.0/0', Egress, Protocol: '-1', RuleAction: 'deny', RuleNumber: 32_767 },
]);

function sdkAcl(tx: Reader, vpc: Vpc): sdk.NetworkAcl {
  const id = aclIdOf(vpc);
  return {
    NetworkAclId: id,
    VpcId: vpc.id,
    OwnerId: vpc.account,
    IsDefault: true,
    Entries: entries,
    Associations: tx.by(subnets, 'vpc', vpc.id).map((subnet) => ({
      NetworkAclAssociationId: `aclassoc-${subnet.id.slice('subnet-'.length)}`,
      NetworkAclId: id,
      SubnetId: subnet.id,
    })),
    Tags: [],
  };
}

/** Network ACLs: each VPC has its default one, that lets everything pass; others are not served. */
export const networkAclOperations = {
  DescribeNetworkAcls: {
    takes: ['NetworkAclIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const all = call.tx.by(vpcs, 'scope', scopeOf(call)).map((vpc) => sdkAcl(call.tx, vpc));
      const { NetworkAclIds: ids = [] } = input;
      for (const id of ids) {
        if (all.some((acl) => acl.NetworkAclId === id)) continue;
        throw new AwsError('InvalidNetworkAclID.NotFound', `The networkAcl ID '${id}' does not exist`);
      }
      const entry = (valueOf: (entry: sdk.NetworkAclEntry) => FilterValue) => () =>
        entries.flatMap((one) => valueOf(one) ?? []);
      const association = (valueOf: (one: sdk.NetworkAclAssociation) => FilterValue) => (acl: sdk.NetworkAcl) =>
        (acl.Associations ?? []).flatMap((one) => valueOf(one) ?? []);
      const matches = matcher<sdk.NetworkAcl>(
        {
          'association.association-id': association((one) => one.NetworkAclAssociationId),
          'association.network-acl-id': association((one) => one.NetworkAclId),
          'association.subnet-id': association((one) => one.SubnetId),
          default: () => 'true',
          'entry.cidr': entry((one) => one.CidrBlock),
          'entry.egress': entry((one) => String(one.Egress)),
          'entry.icmp.code': () => undefined,
          'entry.icmp.type': () => undefined,
          'entry.ipv6-cidr': () => undefined,
          'entry.port-range.from': () => undefined,
          'entry.port-range.to': () => undefined,
          'entry.protocol': entry((one) => one.Protocol),
          'entry.rule-action': entry((one) => one.RuleAction),
          'entry.rule-number': entry((one) => String(one.RuleNumber)),
          'network-acl-id': (acl) => acl.NetworkAclId,
          'owner-id': (acl) => acl.OwnerId,
          'tag:': () => undefined,
          'tag-key': () => undefined,
          'vpc-id': (acl) => acl.VpcId,
        },
        input.Filters,
      );
      const asked = all.filter((acl) => (ids.length === 0 || ids.includes(acl.NetworkAclId ?? '')) && matches(acl));
      const { items, token } = page(asked, (acl) => acl.NetworkAclId ?? '', input);
      return { NetworkAcls: items, ...token };
    },
  },
} satisfies Ec2Operations;
