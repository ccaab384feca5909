import type * as sdk from '@aws-sdk/client-ec2';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { LaunchTemplate, LaunchTemplateVersion } from '../../model/ec2/launch.ts';
import { scopeOf } from '../../model/tags.ts';
import { launchTemplates, launchTemplateVersions } from '../../store/tables/ec2.ts';
import { describeRows, page } from './describe.ts';
import { badValue, missing, unsupported } from './errors.ts';
import { findTemplate, findVersion } from './launch-template-versions.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { kinds, newId } from './resources.ts';
import { runInstancesTakes } from './run-instances.ts';
import { newTags, sdkTags } from './tags.ts';

const taken: ReadonlySet<string> = new Set(runInstancesTakes);

function sdkTemplate(row: LaunchTemplate): sdk.LaunchTemplate {
  return {
    LaunchTemplateId: row.id,
    LaunchTemplateName: row.name,
    CreateTime: dateOf(row.createdAt),
    CreatedBy: row.createdBy,
    DefaultVersionNumber: row.defaultVersion,
    LatestVersionNumber: row.latestVersion,
    Tags: sdkTags(row.tags),
  };
}

function sdkVersion(template: LaunchTemplate, row: LaunchTemplateVersion): sdk.LaunchTemplateVersion {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: row.version,
    ...given('VersionDescription', row.description),
    CreateTime: dateOf(row.createdAt),
    CreatedBy: row.createdBy,
    DefaultVersion: row.version === template.defaultVersion,
    LaunchTemplateData: row.data,
  };
}

/** A template holds what RunInstances takes, and nothing that it would not act on. */
function readData(data: sdk.RequestLaunchTemplateData | undefined): sdk.RequestLaunchTemplateData {
  if (data === undefined) throw missing('LaunchTemplateData');
  const plain = JSON.parse(JSON.stringify(data)) as sdk.RequestLaunchTemplateData;
  const unknown = Object.entries(plain).find(
    ([name, value]) => !taken.has(name) && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  if (unknown !== undefined) throw unsupported(`LaunchTemplateData.${unknown[0]}`);
  return plain;
}

function putVersion(
  call: Call,
  template: LaunchTemplate,
  data: sdk.RequestLaunchTemplateData,
  description: string | undefined,
): LaunchTemplateVersion {
  const row: LaunchTemplateVersion = {
    templateId: template.id,
    version: template.latestVersion,
    ...given('description', description),
    data,
    createdBy: template.createdBy,
    createdAt: call.now,
  };
  call.tx.put(launchTemplateVersions, row);
  return row;
}

/** The operations on launch templates ("Store instance launch parameters in Amazon EC2 launch templates"). */
export const launchTemplateOperations = {
  CreateLaunchTemplate: {
    takes: ['LaunchTemplateName', 'LaunchTemplateData', 'VersionDescription', 'TagSpecifications'],
    idempotent: {
      idOf: (output) => output.LaunchTemplate?.LaunchTemplateId,
      again: (id, call) => ({ LaunchTemplate: sdkTemplate(findTemplate(call, id, undefined)) }),
    },
    run(input, call) {
      const { LaunchTemplateName: name } = input;
      if (name === undefined) throw missing('LaunchTemplateName');
      if (!/^[a-zA-Z0-9().\-/_]{3,128}$/.test(name)) {
        throw new AwsError(
          'InvalidLaunchTemplateName.MalformedException',
          'The launch template name must be 3 to 128 characters of a-z, A-Z, 0-9 and ().-/_.',
        );
      }
      if (call.tx.by(launchTemplates, 'name', `${scopeOf(call)}/${name}`).length > 0) {
        throw new AwsError('InvalidLaunchTemplateName.AlreadyExistsException', 'Launch template name already in use.');
      }
      const data = readData(input.LaunchTemplateData);
      const template: LaunchTemplate = {
        account: call.account,
        region: call.region,
        id: newId(call.ids, 'lt'),
        name,
        defaultVersion: 1,
        latestVersion: 1,
        createdBy: arn('iam', '', call.account, 'root'),
        createdAt: call.now,
        tags: newTags('launch-template', input.TagSpecifications),
      };
      call.tx.put(launchTemplates, template);
      putVersion(call, template, data, input.VersionDescription);
      return { LaunchTemplate: sdkTemplate(template) };
    },
  },
  CreateLaunchTemplateVersion: {
    takes: ['LaunchTemplateId', 'LaunchTemplateName', 'LaunchTemplateData', 'SourceVersion', 'VersionDescription'],
    run(input, call) {
      const before = findTemplate(call, input.LaunchTemplateId, input.LaunchTemplateName);
      const source = input.SourceVersion === undefined ? {} : findVersion(call, before, input.SourceVersion).data;
      const data = { ...source, ...readData(input.LaunchTemplateData) };
      const template = { ...before, latestVersion: before.latestVersion + 1 };
      call.tx.put(launchTemplates, template);
      const version = putVersion(call, template, data, input.VersionDescription);
      return { LaunchTemplateVersion: sdkVersion(template, version) };
    },
  },
  DescribeLaunchTemplates: {
    takes: ['LaunchTemplateIds', 'LaunchTemplateNames', 'Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const named = (input.LaunchTemplateNames ?? []).map((name) => findTemplate(call, undefined, name).id);
      const { rows, token } = describeRows(
        call,
        kinds.launchTemplate,
        input,
        { ids: [...(input.LaunchTemplateIds ?? []), ...named], name: 'launchTemplateIds' },
        {
          'create-time': (row) => dateOf(row.createdAt).toISOString(),
          'launch-template-name': (row) => row.name,
        },
      );
      return { LaunchTemplates: rows.map(sdkTemplate), ...token };
    },
  },
  DescribeLaunchTemplateVersions: {
    takes: [
      'LaunchTemplateId',
      'LaunchTemplateName',
      'Versions',
      'MinVersion',
      'MaxVersion',
      'MaxResults',
      'NextToken',
    ],
    run(input, call) {
      const template = findTemplate(call, input.LaunchTemplateId, input.LaunchTemplateName);
      const asked = input.Versions ?? [];
      const all =
        asked.length > 0
          ? asked.map((version) => findVersion(call, template, version))
          : call.tx.by(launchTemplateVersions, 'template', template.id);
      const within = all.filter(
        ({ version }) =>
          version >= Number(input.MinVersion ?? 0) && version <= Number(input.MaxVersion ?? Number.MAX_SAFE_INTEGER),
      );
      const { items, token } = page(within, ({ version }) => String(version).padStart(9, '0'), input);
      const newestFirst = items.toSorted((a, b) => b.version - a.version);
      return { LaunchTemplateVersions: newestFirst.map((row) => sdkVersion(template, row)), ...token };
    },
  },
  ModifyLaunchTemplate: {
    takes: ['LaunchTemplateId', 'LaunchTemplateName', 'DefaultVersion'],
    run(input, call) {
      const template = findTemplate(call, input.LaunchTemplateId, input.LaunchTemplateName);
      if (input.DefaultVersion === undefined) throw missing('SetDefaultVersion');
      const { version } = findVersion(call, template, input.DefaultVersion);
      const changed = { ...template, defaultVersion: version };
      call.tx.put(launchTemplates, changed);
      return { LaunchTemplate: sdkTemplate(changed) };
    },
  },
  DeleteLaunchTemplate: {
    takes: ['LaunchTemplateId', 'LaunchTemplateName'],
    run(input, call) {
      const template = findTemplate(call, input.LaunchTemplateId, input.LaunchTemplateName);
      for (const { version } of call.tx.by(launchTemplateVersions, 'template', template.id)) {
        call.tx.delete(launchTemplateVersions, `${template.id} ${version}`);
      }
      call.tx.delete(launchTemplates, template.id);
      return { LaunchTemplate: sdkTemplate(template) };
    },
  },
  DeleteLaunchTemplateVersions: {
    takes: ['LaunchTemplateId', 'LaunchTemplateName', 'Versions'],
    run(input, call) {
      const template = findTemplate(call, input.LaunchTemplateId, input.LaunchTemplateName);
      const done: sdk.DeleteLaunchTemplateVersionsResponseSuccessItem[] = [];
      const failed: sdk.DeleteLaunchTemplateVersionsResponseErrorItem[] = [];
      for (const asked of input.Versions ?? []) {
        const version = Number(asked);
        const item = { LaunchTemplateId: template.id, LaunchTemplateName: template.name, VersionNumber: version };
        if (version === template.defaultVersion) {
          throw badValue(asked, 'version', 'The default version cannot be deleted.');
        }
        const key = `${template.id} ${version}`;
        if (call.tx.get(launchTemplateVersions, key) === undefined) {
          const message = `The specified launch template version ${asked} does not exist.`;
          failed.push({ ...item, ResponseError: { Code: 'launchTemplateVersionDoesNotExist', Message: message } });
          continue;
        }
        call.tx.delete(launchTemplateVersions, key);
        done.push(item);
      }
      return {
        SuccessfullyDeletedLaunchTemplateVersions: done,
        UnsuccessfullyDeletedLaunchTemplateVersions: failed,
      };
    },
  },
} satisfies Ec2Operations;
