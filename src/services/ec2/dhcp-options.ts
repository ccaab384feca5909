import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { privateDomainOf } from '../../model/ec2/addresses.ts';
import { scopeOf } from '../../model/tags.ts';
import { usedRegions } from '../../store/tables/ec2.ts';
import { page } from './describe.ts';
import { matcher } from './filters.ts';
import type { Ec2Operations } from './operation.ts';

/** DHCP options: a region has its default set, which every VPC uses; others are not served. */
export const dhcpOptionOperations = {
  DescribeDhcpOptions: {
    takes: ['DhcpOptionsIds', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const id = call.tx.get(usedRegions, scopeOf(call))?.dhcpOptionsId;
      const options: sdk.DhcpOptions = {
        DhcpOptionsId: id,
        OwnerId: call.account,
        DhcpConfigurations: [
          { Key: 'domain-name', Values: [{ Value: privateDomainOf(call.region) }] },
          { Key: 'domain-name-servers', Values: [{ Value: 'AmazonProvidedDNS' }] },
        ],
        Tags: [],
      };
      for (const asked of input.DhcpOptionsIds ?? []) {
        if (asked === id) continue;
        throw new AwsError('InvalidDhcpOptionID.NotFound', `The dhcpOption ID '${asked}' does not exist`);
      }
      const configurations = options.DhcpConfigurations ?? [];
      const matches = matcher<sdk.DhcpOptions>(
        {
          'dhcp-options-id': (one) => one.DhcpOptionsId,
          key: () => configurations.flatMap((one) => one.Key ?? []),
          value: () => configurations.flatMap((one) => (one.Values ?? []).flatMap((value) => value.Value ?? [])),
          'owner-id': (one) => one.OwnerId,
          'tag:': () => undefined,
          'tag-key': () => undefined,
        },
        input.Filters,
      );
      const { items, token } = page([options].filter(matches), (one) => one.DhcpOptionsId ?? '', input);
      return { DhcpOptions: items, ...token };
    },
  },
} satisfies Ec2Operations;
