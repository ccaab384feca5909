import type { Tag } from '../../model/tags.ts';
import { s3Error } from './errors.ts';

interface SdkTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** "Categorizing your objects using tags": letters, digits, spaces and a few signs. */
const form = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as rows have them; InvalidTag for those that break a rule. A bucket has at most 50, an object 10. */
export function checkTags(given: readonly SdkTag[] | undefined, most: number): Tag[] {
  const tags = (given ?? []).map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));
  if (tags.length > most) {
    const what = most === 10 ? 'Object' : 'Bucket';
    throw s3Error(400, 'BadRequest', `${what} tags cannot be greater than ${most}`);
  }
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (key === '' || key.length > 128 || !form.test(key)) {
      throw s3Error(400, 'InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    }
    if (value.length > 256 || !form.test(value)) {
      throw s3Error(400, 'InvalidTag', 'The TagValue you have provided is invalid', { TagValue: value });
    }
    if (key.startsWith('aws:')) {
      throw s3Error(400, 'InvalidTag', 'System tags cannot be added/updated by requester', { TagKey: key });
    }
    if (seen.has(key)) {
      throw s3Error(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key', { TagKey: key });
    }
    seen.add(key);
  }
  return tags;
}

/** The tags of an `x-amz-tagging` header, which are written as a query is. */
export function checkTagHeader(header: string | undefined): Tag[] {
  if (header === undefined) return [];
  const tags = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }));
  return checkTags(tags, 10);
}

/** Tags as the SDK has them. */
export function sdkTags(tags: readonly Tag[]) {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}
