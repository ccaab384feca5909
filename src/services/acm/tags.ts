import type * as sdk from '@aws-sdk/client-acm';
import type { Handlers } from '../../aws/handlers.ts';
import type { Tag } from '../../model/tags.ts';
import { certificates } from '../../store/tables/acm.ts';
import { checkLength } from '../constraints.ts';
import type { AcmDeps } from './deps.ts';
import { acmErrors } from './errors.ts';
import { findCertificate } from './find.ts';

/** Tags of certificates. */
export function tagHandlers({ store }: AcmDeps) {
  return {
    AddTagsToCertificate(input, ctx) {
      const added = readTags(input.Tags);
      store.transact((tx) => {
        const row = findCertificate(tx, ctx, input.CertificateArn);
        const tags = [...new Map([...row.tags, ...added].map((tag) => [tag.key, tag])).values()];
        if (tags.length > 50) throw acmErrors.tooManyTags();
        tx.put(certificates, { ...row, tags });
      });
      return {};
    },

    RemoveTagsFromCertificate(input, ctx) {
      const removed = input.Tags ?? [];
      store.transact((tx) => {
        const row = findCertificate(tx, ctx, input.CertificateArn);
        // With a value, only the tag that has it.
        const goes = ({ key, value }: Tag): boolean =>
          removed.some((tag) => tag.Key === key && (tag.Value === undefined || tag.Value === value));
        tx.put(certificates, { ...row, tags: row.tags.filter((tag) => !goes(tag)) });
      });
      return {};
    },

    ListTagsForCertificate(input, ctx) {
      const { tags } = findCertificate(store, ctx, input.CertificateArn);
      return { Tags: tags.map(({ key: Key, value: Value }) => ({ Key, Value })) };
    },
  } satisfies Handlers<typeof sdk>;
}

/** Checks tags as ACM does. */
export function readTags(given: readonly sdk.Tag[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ Key: key = '', Value: value = '' }) => ({ key, value }));
  for (const [index, { key, value }] of tags.entries()) {
    checkLength(`tags.${index + 1}.member.key`, key, 1, 128);
    checkLength(`tags.${index + 1}.member.value`, value, 0, 256);
    if (key.toLowerCase().startsWith('aws:')) {
      throw acmErrors.invalidTag('Tag keys that begin with aws: are reserved.');
    }
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw acmErrors.invalidTag('Tag keys must be unique.');
  if (tags.length > 50) throw acmErrors.tooManyTags();
  return tags;
}
