import type * as sdk from '@aws-sdk/client-ssm';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import type { Tag } from '../../model/tags.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { managedNodes, parameterKey, parameters } from '../../store/tables/ssm.ts';
import { checkEnum, checkLength, checkPattern } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { needNode } from './find-node.ts';
import { readSelected } from './names.ts';

/** Tags of parameters and managed nodes, which are the only resources of Systems Manager that are here. */
export function tagHandlers({ store }: SsmDeps) {
  return {
    AddTagsToResource(input, ctx) {
      const given = readTags(input.Tags);
      store.transact((tx) => {
        const { tags: before, put } = taggedResource(tx, ctx, input.ResourceType, input.ResourceId);
        const tags = [...new Map([...before, ...given].map((tag) => [tag.key, tag])).values()];
        checkCount(tags);
        put(tx, tags);
      });
      return {};
    },

    RemoveTagsFromResource(input, ctx) {
      store.transact((tx) => {
        const { tags, put } = taggedResource(tx, ctx, input.ResourceType, input.ResourceId);
        const kept = tags.filter(({ key }) => !input.TagKeys?.includes(key));
        put(tx, kept);
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

interface Tagged {
  readonly tags: readonly Tag[];
  readonly put: (tx: Transaction, tags: readonly Tag[]) => void;
}

function taggedResource(reader: Reader, ctx: Ctx, type: string | undefined, id: string | undefined): Tagged {
  checkEnum('resourceType', type, resourceTypes);
  if (type === 'ManagedInstance') {
    const { tags, id: key } = needNode(reader, ctx, id);
    return { tags, put: (tx, after) => void tx.update(managedNodes, key, (row) => ({ ...row, tags: after })) };
  }
  const selected = type === 'Parameter' ? readSelected(ctx, id ?? '') : undefined;
  const found = selected && reader.get(parameters, parameterKey(ctx, selected.name));
  if (found === undefined) {
    throw new AwsError('InvalidResourceId', `The resource ID is not valid: there is no ${type} ${id}.`);
  }
  return { tags: found.tags, put: (tx, tags) => tx.put(parameters, { ...found, tags }) };
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
