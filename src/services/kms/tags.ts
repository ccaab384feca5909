import type * as sdk from '@aws-sdk/client-kms';
import type { Handlers } from '../../aws/handlers.ts';
import type { Tag } from '../../model/tags.ts';
import { kmsKeys } from '../../store/tables/kms.ts';
import { checkLength } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { kmsErrors } from './errors.ts';
import { keyById, notPending, ownKey } from './find.ts';
import { page } from './paging.ts';

/** Tags of keys. */
export function tagHandlers({ store }: KmsDeps) {
  return {
    TagResource(input, ctx) {
      const given = readTags(input.Tags);
      store.transact((tx) => {
        const key = notPending(ownKey(tx, ctx, input.KeyId, 'TagResource'));
        const tags = [...new Map([...key.tags, ...given].map((tag) => [tag.key, tag])).values()];
        if (tags.length > 50) throw kmsErrors.tag('Too many tags');
        tx.put(kmsKeys, { ...key, tags });
      });
      return {};
    },

    UntagResource(input, ctx) {
      store.transact((tx) => {
        const key = notPending(ownKey(tx, ctx, input.KeyId, 'UntagResource'));
        tx.put(kmsKeys, { ...key, tags: key.tags.filter((tag) => !input.TagKeys?.includes(tag.key)) });
      });
      return {};
    },

    ListResourceTags(input, ctx) {
      const { tags } = keyById(store, ctx, input.KeyId);
      const { rows, ...rest } = page(tags, (tag) => tag.key, input, { otherwise: 50, most: 50 });
      return { Tags: rows.map(({ key: TagKey, value: TagValue }) => ({ TagKey, TagValue })), ...rest };
    },
  } satisfies Handlers<typeof sdk>;
}

/** Checks tags as KMS does. */
export function readTags(given: readonly sdk.Tag[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ TagKey: key = '', TagValue: value = '' }) => ({ key, value }));
  for (const [index, { key, value }] of tags.entries()) {
    checkLength(`tags.${index + 1}.member.tagKey`, key, 1, 128);
    checkLength(`tags.${index + 1}.member.tagValue`, value, 0, 256);
    if (key.toLowerCase().startsWith('aws:')) throw kmsErrors.tag('Tags beginning with aws: are reserved');
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw kmsErrors.tag('Duplicate tag keys');
  if (tags.length > 50) throw kmsErrors.tag('Too many tags');
  return tags;
}
