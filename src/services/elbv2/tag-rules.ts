import type { Tag as ElbTag } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import type { Tag } from '../../model/tags.ts';
import { elbErrors } from './errors.ts';
import { mostTags } from './limits.ts';

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as a request gives them, checked ("Tag", ELB API Reference; "Tags for your Application Load Balancers"). */
export function readTags(tags: readonly ElbTag[] | undefined): Tag[] {
  const read = (tags ?? []).map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));
  for (const { key, value } of read) {
    if (key.length < 1 || key.length > 128) {
      throw elbErrors.validation('The length of a tag key must be between 1 and 128 characters');
    }
    if (value.length > 256)
      throw elbErrors.validation('The length of a tag value cannot be longer than 256 characters');
    if (!allowed.test(key) || !allowed.test(value)) {
      throw elbErrors.validation(
        `The tag '${key}' has invalid characters: only letters, spaces, numbers and _.:/=+-@ can be used`,
      );
    }
    if (key.toLowerCase().startsWith('aws:')) {
      throw elbErrors.validation(`The tag key '${key}' cannot begin with 'aws:', which is reserved for AWS use`);
    }
  }
  if (new Set(read.map((tag) => tag.key)).size < read.length) {
    throw new AwsError('DuplicateTagKeys', 'A tag key was specified more than once');
  }
  return checkCount(read);
}

/** The tags after some were added: later values win, and 50 are the most. */
export function mergeTags(tags: readonly Tag[], added: readonly Tag[]): Tag[] {
  return checkCount([...new Map([...tags, ...added].map((tag) => [tag.key, tag])).values()]);
}

function checkCount(tags: Tag[]): Tag[] {
  if (tags.length > mostTags)
    throw new AwsError('TooManyTags', `The maximum number of tags per resource is ${mostTags}`);
  return tags;
}
