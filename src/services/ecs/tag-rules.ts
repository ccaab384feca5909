import type { Tag as EcsTag } from '@aws-sdk/client-ecs';
import type { Tag } from '../../model/tags.ts';
import { invalidParameter } from './errors.ts';

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Tags as a request gives them, checked by the rules that all of ECS shares ("Tag restrictions", ECS Developer Guide):
 * at most 50, keys of 1–128 characters and unique, values of up to 256, nothing under `aws:`.
 */
export function readTags(tags: readonly EcsTag[] | undefined): Tag[] {
  const read = (tags ?? []).map(({ key = '', value = '' }) => ({ key, value }));
  if (read.length > 50) throw invalidParameter('tags can have at most 50 items.');
  for (const { key, value } of read) {
    if (key.length < 1 || key.length > 128) throw invalidParameter('Tag keys must have between 1 and 128 characters.');
    if (value.length > 256) throw invalidParameter('Tag values can have at most 256 characters.');
    if (!allowed.test(key) || !allowed.test(value)) {
      throw invalidParameter(
        `The tag '${key}' has characters that are not allowed: use letters, spaces, numbers and _.:/=+-@.`,
      );
    }
    if (key.toLowerCase().startsWith('aws:')) {
      throw invalidParameter('aws: prefixed tag key names are not allowed for external use.');
    }
  }
  if (new Set(read.map((tag) => tag.key)).size < read.length) throw invalidParameter('Duplicate tag keys found.');
  return read;
}
