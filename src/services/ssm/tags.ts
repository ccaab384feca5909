import type * as sdk from '@aws-sdk/client-ssm';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import type { Parameter } from '../../model/ssm/parameter.ts';
import type { Tag } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { parameterKey, parameters } from '../../store/tables/ssm.ts';
import { checkEnum, checkLength, checkPattern } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { readSelected } from './names.ts';

/** Tags of parameters, which are the only resources of Systems Manager that are here. */
export function tagHandlers({ store }: SsmDeps) {
  return {
    AddTagsToResource(input, ctx) {
      const given = readTags(input.Tags);
      store.transact((tx) => {
        const parameter = taggedResource(tx, ctx, input.ResourceType, input.ResourceId);
        const tags = [...new Map([...parameter.tags, ...given].map((tag) => [tag.key, tag])).values()];
        checkCount(tags);
        tx.put(parameters, { ...parameter, tags });
      });
      return {};
    },

    RemoveTagsFromResource(input, ctx) {
      store.transact((tx) => {
        const parameter = taggedResource(tx, ctx, input.ResourceType, input.ResourceId);
        tx.put(parameters, { ...parameter, tags: parameter.tags.filter(({ key }) => !input.TagKeys?.includes(key)) });
      });
      return {};
    },

    ListTagsForResource(input, ctx) {
      const { tags } = taggedResource(store, ctx, input.ResourceType, input.ResourceId);
      return { TagList: tags.map(({ key: Key, value: Value }) => ({ Key, Value })) };
    },
  } satisfies Handlers<typeof sdk>;
}

const resourceTypes =
  'Document ManagedInstance MaintenanceWindow Parameter PatchBaseline OpsItem OpsMetadata Automation Association'.split(
    ' ',
  );

function taggedResource(reader: Reader, ctx: Ctx, type: string | undefined, id: string | undefined): Parameter {
  checkEnum('resourceType', type, resourceTypes);
  const selected = type === 'Parameter' ? readSelected(ctx, id ?? '') : undefined;
  const found = selected && reader.get(parameters, parameterKey(ctx, selected.name));
  if (found === undefined) {
    throw new AwsError('InvalidResourceId', `The resource ID is not valid: there is no ${type} ${id}.`);
  }
  return found;
}

/** Checks tags as Systems Manager does. */
export function readTags(given: readonly sdk.Tag[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ Key: key = '', Value: value = '' }) => ({ key, value }));
  for (const [index, { key, value }] of tags.entries()) {
    const member = `tags.${index + 1}.member`;
    checkLength(`${member}.key`, key, 1, 128);
    checkLength(`${member}.value`, value, 0, 256);
    checkPattern(`${member}.key`, key, /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u);
    checkPattern(`${member}.value`, value, /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u);
    if (key.toLowerCase().startsWith('aws:')) {
      throw new AwsError('ValidationException', 'aws: prefixed tag key names are not allowed for external use.');
    }
  }
  checkCount(tags);
  return tags;
}

function checkCount(tags: readonly Tag[]): void {
  if (tags.length <= 50) return;
  throw new AwsError(
    'TooManyTagsError',
    'The Targets parameter includes too many tags. Remove one or more tags and try the command again.',
  );
}
