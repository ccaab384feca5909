import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { LaunchInstance } from '../control/auto-scaling-groups/loop.ts';
import { AwsError } from '../base/errors.ts';
import { given } from '../base/given.ts';
import type { Ids } from '../base/ids.ts';
import type { AutoScalingGroup, LaunchConfiguration, LaunchOrigin } from '../model/autoscaling/group.ts';
import type { Instance } from '../model/ec2/instance.ts';
import { scopeOf, type Tag } from '../model/tags.ts';
import { launchTemplateData } from '../services/ec2/launch-template-versions.ts';
import type { Call } from '../services/ec2/operation.ts';
import { runInstances } from '../services/ec2/run-instances.ts';
import { launchConfigurations } from '../store/tables/autoscaling.ts';
import { instances } from '../store/tables/ec2.ts';

/** Launches instances of Auto Scaling groups as RunInstances does: from the group's launch template or configuration, in a subnet of its own. */
export function groupLauncher({ ids, publicPool }: { ids: Ids; publicPool: string }): LaunchInstance {
  return (tx, group, subnetId, now) => {
    const call: Call = { tx, now, ids, publicPool, account: group.account, region: group.region };
    const { request, origin } = requestOf(call, group, subnetId);
    const [row] = runInstances({ ...request, MinCount: 1, MaxCount: 1 }, call);
    if (row === undefined) throw new Error('no instance was launched');
    const instance: Instance = { ...row, tags: tagsOf(row.tags, group) };
    tx.put(instances, instance);
    return { instance, origin };
  };
}

/** What the group adds to the tags of its template, and the one by which its instances are known ("Tag Auto Scaling groups and instances"). */
function tagsOf(tags: readonly Tag[], group: AutoScalingGroup): Tag[] {
  const propagated = group.tags.filter(({ propagate }) => propagate).map(({ key, value }) => ({ key, value }));
  const all = [...tags, ...propagated, { key: 'aws:autoscaling:groupName', value: group.name }];
  return [...new Map(all.map((tag) => [tag.key, tag])).values()];
}

type Request = Omit<RunInstancesRequest, 'MinCount' | 'MaxCount'>;

function requestOf(call: Call, group: AutoScalingGroup, subnetId: string): { request: Request; origin: LaunchOrigin } {
  const { launch } = group;
  if (launch.kind === 'configuration') {
    const row = call.tx.get(launchConfigurations, `${scopeOf(group)}/${launch.name}`);
    if (row === undefined) {
      throw new AwsError(
        'ValidationError',
        `Launch configuration name not found - Launch configuration ${launch.name} not found.`,
      );
    }
    return { request: requestOfConfiguration(row, subnetId), origin: { kind: 'configuration', name: row.name } };
  }
  const LaunchTemplate = { LaunchTemplateId: launch.id, Version: launch.version };
  const template = launchTemplateData(call, LaunchTemplate);
  if (template === undefined) throw new Error('a launch template that is named was not found');
  const { id, name, version } = template.source;
  const [spec] = template.data.NetworkInterfaces ?? [];
  return {
    request: {
      LaunchTemplate,
      // An instance cannot have both an interface's description and a subnet of its own.
      ...(spec === undefined ? { SubnetId: subnetId } : { NetworkInterfaces: [{ ...spec, SubnetId: subnetId }] }),
    },
    origin: { kind: 'template', id, name, version },
  };
}

function requestOfConfiguration(row: LaunchConfiguration, subnetId: string): Request {
  const { instanceProfile, metadataOptions } = row;
  const groups = [...row.securityGroups];
  return {
    ImageId: row.imageId,
    InstanceType: row.instanceType as NonNullable<Request['InstanceType']>,
    ...given('KeyName', row.keyName),
    ...(row.associatePublicIp === undefined
      ? { SubnetId: subnetId, SecurityGroupIds: groups }
      : {
          NetworkInterfaces: [
            { DeviceIndex: 0, SubnetId: subnetId, Groups: groups, AssociatePublicIpAddress: row.associatePublicIp },
          ],
        }),
    ...given('UserData', row.userData),
    ...(instanceProfile === undefined
      ? {}
      : {
          IamInstanceProfile: instanceProfile.startsWith('arn:') ? { Arn: instanceProfile } : { Name: instanceProfile },
        }),
    Monitoring: { Enabled: row.monitoring },
    EbsOptimized: row.ebsOptimized,
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
