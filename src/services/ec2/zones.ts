import type * as sdk from '@aws-sdk/client-ec2';
import { zoneIdOf, zoneLetters } from '../../store/default-vpc.ts';
import { invalidValue } from './errors.ts';
import { matcher } from './filters.ts';
import type { Ec2Operations } from './operation.ts';
import { defaultVpcOf } from './default-vpc.ts';

/** The regions that every account has ("AWS Regions", AWS Account Management Reference Guide). */
const always = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
];

/** The regions that an account opts in to; here every one of them is open. */
const optIn = [
  'af-south-1',
  'ap-east-1',
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-3',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'eu-central-2',
  'eu-south-1',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  'me-south-1',
  'mx-central-1',
];

function endpointOf(region: string): string {
  return `ec2.${region}.amazonaws.com`;
}

function sdkZone(region: string, letter: string): sdk.AvailabilityZone {
  const name = `${region}${letter}`;
  return {
    ZoneName: name,
    ZoneId: zoneIdOf(name),
    ZoneType: 'availability-zone',
    RegionName: region,
    State: 'available',
    OptInStatus: 'opt-in-not-required',
    GroupName: `${region}-zg-1`,
    GroupLongName: `${region} 1`,
    NetworkBorderGroup: region,
    Messages: [],
  };
}

/** Regions, zones and what an account may have ("Regions and Zones", EC2 User Guide). */
export const zoneOperations = {
  DescribeRegions: {
    // All regions are answered anyway: none is closed here.
    takes: ['RegionNames', 'AllRegions', 'Filters'],
    run({ RegionNames: names, Filters: filters }) {
      const regions = [...always, ...optIn].toSorted().map((name) => ({
        RegionName: name,
        Endpoint: endpointOf(name),
        OptInStatus: always.includes(name) ? 'opt-in-not-required' : 'opted-in',
      }));
      for (const name of names ?? []) {
        if (!regions.some((region) => region.RegionName === name)) throw invalidValue(`Invalid region: [${name}]`);
      }
      const matches = matcher<(typeof regions)[number]>(
        {
          endpoint: (region) => region.Endpoint,
          'opt-in-status': (region) => region.OptInStatus,
          'region-name': (region) => region.RegionName,
        },
        filters,
      );
      const asked = names === undefined || names.length === 0 ? undefined : new Set(names);
      return { Regions: regions.filter((region) => (asked?.has(region.RegionName) ?? true) && matches(region)) };
    },
  },
  DescribeAvailabilityZones: {
    takes: ['ZoneNames', 'ZoneIds', 'AllAvailabilityZones', 'Filters'],
    run(input, { region }) {
      const zones = zoneLetters.map((letter) => sdkZone(region, letter));
      const { ZoneNames: names = [], ZoneIds: ids = [] } = input;
      for (const name of names) {
        if (!zones.some((zone) => zone.ZoneName === name)) throw invalidValue(`Invalid availability zone: [${name}]`);
      }
      for (const id of ids) {
        if (!zones.some((zone) => zone.ZoneId === id)) throw invalidValue(`Invalid availability zone-id: [${id}]`);
      }
      const matches = matcher<sdk.AvailabilityZone>(
        {
          'group-long-name': (zone) => zone.GroupLongName,
          'group-name': (zone) => zone.GroupName,
          message: () => undefined,
          'network-border-group': (zone) => zone.NetworkBorderGroup,
          'opt-in-status': (zone) => zone.OptInStatus,
          'parent-zone-id': () => undefined,
          'parent-zone-name': () => undefined,
          'region-name': (zone) => zone.RegionName,
          state: (zone) => zone.State,
          'zone-id': (zone) => zone.ZoneId,
          'zone-name': (zone) => zone.ZoneName,
          'zone-type': (zone) => zone.ZoneType,
        },
        input.Filters,
      );
      return {
        AvailabilityZones: zones.filter(
          (zone) =>
            (names.length === 0 || names.includes(zone.ZoneName ?? '')) &&
            (ids.length === 0 || ids.includes(zone.ZoneId ?? '')) &&
            matches(zone),
        ),
      };
    },
  },
  DescribeAccountAttributes: {
    takes: ['AttributeNames'],
    run({ AttributeNames: names = [] }, call) {
      const values: Readonly<Record<string, string>> = {
        'supported-platforms': 'VPC',
        'default-vpc': defaultVpcOf(call)?.id ?? 'none',
        'vpc-max-security-groups-per-interface': '5',
      };
      for (const name of names) {
        if (values[name] === undefined) throw invalidValue(`Value (${name}) for parameter attributeName is invalid.`);
      }
      const asked = names.length === 0 ? Object.keys(values) : [...new Set<string>(names)];
      return {
        AccountAttributes: asked.map((name) => ({
          AttributeName: name,
          AttributeValues: [{ AttributeValue: values[name] }],
        })),
      };
    },
  },
} satisfies Ec2Operations;
