import type * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import type { LaunchTemplate, LaunchTemplateVersion } from '../../model/ec2/launch.ts';
import { scopeOf } from '../../model/tags.ts';
import { launchTemplates, launchTemplateVersions } from '../../store/tables/ec2.ts';
import { badCombination, missing } from './errors.ts';
import type { Call } from './operation.ts';
import { find, kinds } from './resources.ts';

/** The template that a request names by id or by name. */
export function findTemplate(call: Call, id: string | undefined, name: string | undefined): LaunchTemplate {
  if (id !== undefined && name !== undefined) {
    throw badCombination('LaunchTemplateId and LaunchTemplateName may not be used together');
  }
  if (id !== undefined) return find(call, kinds.launchTemplate, id, 'LaunchTemplateId');
  if (name === undefined) throw missing('LaunchTemplateId');
  const row = call.tx.by(launchTemplates, 'name', `${scopeOf(call)}/${name}`)[0];
  if (row === undefined) {
    throw new AwsError(
      'InvalidLaunchTemplateName.NotFoundException',
      `The specified launch template, with template name ${name}, does not exist.`,
    );
  }
  return row;
}

/** A version by its number, `$Latest` or `$Default`. */
export function findVersion(call: Call, template: LaunchTemplate, version = '$Default'): LaunchTemplateVersion {
  const number =
    version === '$Latest' ? template.latestVersion : version === '$Default' ? template.defaultVersion : Number(version);
  const row = call.tx.get(launchTemplateVersions, `${template.id} ${number}`);
  if (row === undefined) {
    throw new AwsError(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find the specified version ${version} for the launch template with ID ${template.id}.`,
    );
  }
  return row;
}

/** What a request's launch template says, in RunInstances' own members; `undefined` without one. */
export function launchTemplateData(
  call: Call,
  asked: sdk.LaunchTemplateSpecification | undefined,
):
  | {
      readonly data: Partial<sdk.RunInstancesRequest>;
      readonly source: { readonly id: string; readonly name: string; readonly version: number };
    }
  | undefined {
  if (asked?.LaunchTemplateId === undefined && asked?.LaunchTemplateName === undefined) return undefined;
  const template = findTemplate(call, asked.LaunchTemplateId, asked.LaunchTemplateName);
  const version = findVersion(call, template, asked.Version === '' ? undefined : asked.Version);
  const { SecurityGroupIds, SecurityGroups, TagSpecifications, Monitoring, ...rest } = version.data;
  return {
    data: {
      ...(rest as Partial<sdk.RunInstancesRequest>),
      ...(SecurityGroupIds === undefined ? {} : { SecurityGroupIds }),
      ...(SecurityGroups === undefined ? {} : { SecurityGroups }),
      ...(TagSpecifications === undefined ? {} : { TagSpecifications }),
      ...(Monitoring === undefined ? {} : { Monitoring: { Enabled: Monitoring.Enabled ?? false } }),
    },
    source: { id: template.id, name: template.name, version: version.version },
  };
}
