import type { LaunchConfiguration as ConfigurationOutput } from '@aws-sdk/client-auto-scaling';
import { arn as formatArn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { LaunchConfiguration } from '../../model/autoscaling/group.ts';
import { imagesOf } from '../../model/ec2/images.ts';
import { instanceTypes } from '../../model/ec2/instance-types.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { autoScalingGroups, launchConfigurations } from '../../store/tables/autoscaling.ts';
import { keyPairs, securityGroups } from '../../store/tables/ec2.ts';
import type { ServiceDeps } from '../deps.ts';
import { alreadyExists, inUse, invalid, notSupported, refuse } from './errors.ts';
import { readName } from './group-rules.ts';
import type { AutoScalingHandlers, InputOf } from './handler-types.ts';
import { page } from './paging.ts';

/** Launch configurations, which launch templates have taken the place of. */
export function launchConfigurationHandlers({ store, clock, ids }: ServiceDeps) {
  return {
    CreateLaunchConfiguration(input, ctx) {
      const scope = { account: ctx.account, region: ctx.region };
      const name = readName(input.LaunchConfigurationName, 'launchConfigurationName');
      const read = readConfiguration(store, scope, input);
      const arn = formatArn(
        'autoscaling',
        ctx.region,
        ctx.account,
        `launchConfiguration:${ids.uuid()}:launchConfigurationName/${name}`,
      );
      store.transact((tx) => {
        if (tx.get(launchConfigurations, `${scopeOf(scope)}/${name}`) !== undefined) {
          throw alreadyExists(
            `Launch Configuration by this name already exists - A launch configuration already exists with the name ${name}`,
          );
        }
        tx.put(launchConfigurations, { ...scope, arn, name, ...read, createdAt: clock.now() });
      });
      return {};
    },

    DescribeLaunchConfigurations(input, ctx) {
      const names = input.LaunchConfigurationNames ?? [];
      const rows = store
        .by(launchConfigurations, 'scope', scopeOf(ctx))
        .filter(({ name }) => names.length === 0 || names.includes(name))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = page(rows, ({ name }) => name, input);
      return { LaunchConfigurations: items.map(output), ...next };
    },

    DeleteLaunchConfiguration(input, ctx) {
      const name = input.LaunchConfigurationName ?? '';
      const key = `${scopeOf(ctx)}/${name}`;
      store.transact((tx) => {
        if (tx.get(launchConfigurations, key) === undefined) {
          throw invalid(`Launch configuration name not found - Launch configuration ${name} not found`);
        }
        const [user] = tx.by(autoScalingGroups, 'launchConfiguration', key);
        if (user !== undefined) {
          throw inUse(
            `Cannot delete launch configuration ${name} because it is attached to AutoScalingGroup ${user.name}`,
          );
        }
        tx.delete(launchConfigurations, key);
      });
      return {};
    },
  } satisfies AutoScalingHandlers;
}

function readConfiguration(
  reader: Reader,
  scope: Scoped,
  input: InputOf<'CreateLaunchConfiguration'>,
): Omit<LaunchConfiguration, 'account' | 'region' | 'arn' | 'name' | 'createdAt'> {
  refuse(
    input,
    'InstanceId',
    'ClassicLinkVPCId',
    'ClassicLinkVPCSecurityGroups',
    'KernelId',
    'RamdiskId',
    'BlockDeviceMappings',
    'SpotPrice',
  );
  if ((input.PlacementTenancy ?? 'default') !== 'default') throw notSupported('PlacementTenancy');
  const { ImageId: imageId = '', InstanceType: instanceType = '' } = input;
  if (imageId === '' || instanceType === '') {
    throw invalid(
      'Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.',
    );
  }
  if (!imagesOf(scope.region).some(({ id }) => id === imageId)) {
    throw invalid(`The image id '[${imageId}]' does not exist`);
  }
  if (!instanceTypes.has(instanceType)) throw invalid(`Invalid instance type: ${instanceType}`);
  const { KeyName: keyName } = input;
  if (keyName !== undefined && reader.countBy(keyPairs, 'name', `${scopeOf(scope)}/${keyName}`) === 0) {
    throw invalid(`The key pair '${keyName}' does not exist`);
  }
  for (const id of input.SecurityGroups ?? []) {
    const row = reader.get(securityGroups, id);
    if (row === undefined || scopeOf(row) !== scopeOf(scope)) {
      throw invalid(`The security group '${id}' does not exist`);
    }
  }
  const { HttpTokens, HttpEndpoint, HttpPutResponseHopLimit } = input.MetadataOptions ?? {};
  return {
    imageId,
    instanceType,
    ...given('keyName', keyName),
    securityGroups: [...(input.SecurityGroups ?? [])],
    ...given('userData', input.UserData === '' ? undefined : input.UserData),
    ...given('instanceProfile', input.IamInstanceProfile),
    ...given('associatePublicIp', input.AssociatePublicIpAddress),
    monitoring: input.InstanceMonitoring?.Enabled ?? true,
    ebsOptimized: input.EbsOptimized ?? false,
    ...(input.MetadataOptions === undefined
      ? {}
      : {
          metadataOptions: {
            ...given('httpTokens', HttpTokens),
            ...given('httpEndpoint', HttpEndpoint),
            ...given('httpPutResponseHopLimit', HttpPutResponseHopLimit),
          },
        }),
  };
}

function output(row: LaunchConfiguration): ConfigurationOutput {
  const { metadataOptions } = row;
  return {
    LaunchConfigurationName: row.name,
    LaunchConfigurationARN: row.arn,
    ImageId: row.imageId,
    KeyName: row.keyName ?? '',
    SecurityGroups: [...row.securityGroups],
    ClassicLinkVPCSecurityGroups: [],
    UserData: row.userData ?? '',
    InstanceType: row.instanceType,
    KernelId: '',
    RamdiskId: '',
    BlockDeviceMappings: [],
    InstanceMonitoring: { Enabled: row.monitoring },
    ...given('IamInstanceProfile', row.instanceProfile),
    CreatedTime: dateOf(row.createdAt),
    EbsOptimized: row.ebsOptimized,
    ...given('AssociatePublicIpAddress', row.associatePublicIp),
    ...(metadataOptions === undefined
      ? {}
      : {
          MetadataOptions: {
            ...given('HttpTokens', metadataOptions.httpTokens),
            ...given('HttpEndpoint', metadataOptions.httpEndpoint),
            ...given('HttpPutResponseHopLimit', metadataOptions.httpPutResponseHopLimit),
          },
        }),
  };
}
