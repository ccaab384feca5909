import type { ResourceType, Tag as SdkTag, TagSpecification } from '@aws-sdk/client-ec2';
import { AwsError } from '../../base/errors.ts';
import { scopeOf, type Tag } from '../../model/tags.ts';
import { page } from './describe.ts';
import { invalidValue, missing, unsupported } from './errors.ts';
import { matcher } from './filters.ts';
import type { Call, Ec2Operations } from './operation.ts';
import { find, kinds, type Kind, type Resource } from './resources.ts';

/** Most tags that a resource can have ("Tag restrictions", EC2 User Guide). */
const maxTags = 50;

/** Tags as EC2 answers them. */
export function sdkTags(tags: readonly Tag[]): SdkTag[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** The tags that a create operation gives its new resource of `type`. */
export function newTags(type: ResourceType, specifications: readonly TagSpecification[] | undefined): Tag[] {
  const tags: SdkTag[] = [];
  for (const { ResourceType: of, Tags = [] } of specifications ?? []) {
    if (of === undefined) throw missing('TagSpecification.ResourceType');
    if (of !== type) throw invalidValue(`'${of}' is not a valid taggable resource type for this operation.`);
    if (Tags.length === 0) throw invalidValue('Tag specification must have at least one tag');
    tags.push(...Tags);
  }
  const keys = new Set<string>();
  for (const { Key: key = '' } of tags) {
    if (keys.has(key)) throw invalidValue(`Duplicate tag key '${key}' specified.`);
    keys.add(key);
  }
  return merged([], tags);
}

/** The tags that an operation which makes several resources gives those of `type`; it can make those of `possible`. */
export function tagsFor(
  type: ResourceType,
  possible: readonly ResourceType[],
  specifications: readonly TagSpecification[] | undefined,
): Tag[] {
  for (const { ResourceType: of } of specifications ?? []) {
    if (of !== undefined && of !== type && !possible.includes(of)) throw unsupported(`Tagging a new ${of}`);
  }
  return newTags(
    type,
    specifications?.filter(({ ResourceType: of }) => of === undefined || of === type),
  );
}

/** `tags` with `given` set over them. Throws for a tag that may not be. */
function merged(tags: readonly Tag[], given: readonly SdkTag[]): Tag[] {
  const byKey = new Map(tags.map((tag) => [tag.key, tag]));
  for (const { Key: key = '', Value: value = '' } of given) {
    checkKey(key);
    if (value.length > 256) {
      throw invalidValue(`Tag value exceeds the maximum length of 256 characters (tag '${key}').`);
    }
    byKey.set(key, { key, value });
  }
  if (byKey.size > maxTags) {
    throw new AwsError('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.');
  }
  return [...byKey.values()];
}

function checkKey(key: string): void {
  if (key === '') throw invalidValue('Tag key cannot be null or empty.');
  if (key.length > 128) throw invalidValue(`Tag key exceeds the maximum length of 128 characters: '${key}'.`);
  if (key.toLowerCase().startsWith('aws:')) {
    throw invalidValue("Tag keys starting with 'aws:' are reserved for internal use");
  }
}

/** Kinds whose resources are implied by others and have no tags of their own yet. */
const untaggable: Readonly<Record<string, string>> = { acl: 'network ACLs', dopt: 'DHCP options' };

function changeTags(call: Call, id: string, change: (tags: readonly Tag[]) => Tag[]): void {
  const prefix = id.slice(0, id.lastIndexOf('-'));
  if (untaggable[prefix] !== undefined) throw unsupported(`Tagging ${untaggable[prefix]}`);
  const kind = (Object.values(kinds) as readonly unknown[] as readonly Kind<Resource>[]).find(
    (one) => one.prefix === prefix,
  );
  if (kind === undefined) throw new AwsError('InvalidID', `The ID '${id}' is not valid`);
  const row = find(call, kind, id, 'resourceIdSet');
  call.tx.put(kind.table, { ...row, tags: change(row.tags) });
}

/** The tag operations ("Tag your Amazon EC2 resources", EC2 User Guide). */
export const tagOperations = {
  CreateTags: {
    takes: ['Resources', 'Tags'],
    run({ Resources: ids = [], Tags: tags = [] }, call) {
      if (ids.length === 0) throw missing('resourceIdSet');
      if (tags.length === 0) throw missing('tagSet');
      for (const id of ids) changeTags(call, id, (before) => merged(before, tags));
      return {};
    },
  },
  DeleteTags: {
    takes: ['Resources', 'Tags'],
    run({ Resources: ids = [], Tags: tags = [] }, call) {
      if (ids.length === 0) throw missing('resourceIdSet');
      for (const { Key: key = '' } of tags) checkKey(key);
      const goes = (tag: Tag): boolean =>
        tags.length === 0 ||
        tags.some(({ Key: key, Value: value }) => key === tag.key && (value === undefined || value === tag.value));
      for (const id of ids) changeTags(call, id, (before) => before.filter((tag) => !goes(tag)));
      return {};
    },
  },
  DescribeTags: {
    takes: ['Filters', 'MaxResults', 'NextToken'],
    run(input, call) {
      const every = (Object.values(kinds) as readonly unknown[] as readonly Kind<Resource>[]).flatMap((kind) =>
        call.tx
          .by(kind.table, 'scope', scopeOf(call))
          .flatMap((row) => row.tags.map((tag) => ({ ...tag, id: kind.table.key(row), type: kind.type }))),
      );
      const matches = matcher<(typeof every)[number]>(
        {
          key: (tag) => tag.key,
          value: (tag) => tag.value,
          'resource-id': (tag) => tag.id,
          'resource-type': (tag) => tag.type,
          'tag:': (tag) => `${tag.key}=${tag.value}`,
        },
        input.Filters,
      );
      const { items, token } = page(every.filter(matches), (tag) => `${tag.id} ${tag.key}`, input);
      const answered = items.map(({ id, type, key, value }) => ({
        ResourceId: id,
        ResourceType: type,
        Key: key,
        Value: value,
      }));
      return { Tags: answered, ...token };
    },
  },
} satisfies Ec2Operations;
