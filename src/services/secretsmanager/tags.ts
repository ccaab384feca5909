import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import type { Tag } from '../../model/tags.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import { checkLength } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { secretErrors } from './errors.ts';
import { secretOf } from './find.ts';

/** Tags of secrets. */
export function tagHandlers({ store }: SecretsDeps) {
  return {
    TagResource(input, ctx) {
      const given = readTags(input.Tags);
      store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        const tags = [...new Map([...secret.tags, ...given].map((tag) => [tag.key, tag])).values()];
        checkCount(tags);
        tx.put(secrets, { ...secret, tags });
      });
      return {};
    },

    UntagResource(input, ctx) {
      store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        tx.put(secrets, { ...secret, tags: secret.tags.filter(({ key }) => !input.TagKeys?.includes(key)) });
      });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

/** Checks tags as Secrets Manager does. */
export function readTags(given: readonly sdk.Tag[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ Key: key = '', Value: value = '' }) => ({ key, value }));
  for (const [index, { key, value }] of tags.entries()) {
    checkLength(`tags.${index + 1}.member.key`, key, 1, 128);
    checkLength(`tags.${index + 1}.member.value`, value, 0, 256);
    if (key.toLowerCase().startsWith('aws:')) {
      throw secretErrors.parameter('Tag keys that begin with aws: are reserved for AWS.');
    }
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) {
    throw secretErrors.parameter('Tag keys must be unique.');
  }
  checkCount(tags);
  return tags;
}

function checkCount(tags: readonly Tag[]): void {
  if (tags.length > 50) throw secretErrors.parameter('A secret can have no more than 50 tags.');
}
