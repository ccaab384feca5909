import type { Tag as SdkTag } from '@aws-sdk/client-auto-scaling';
import type { GroupTag } from '../../model/autoscaling/group.ts';
import { invalid } from './errors.ts';

/** Tags of one group as a request gives them, checked ("Tag Auto Scaling groups and instances"). */
export function readTags(tags: readonly SdkTag[] | undefined): GroupTag[] {
  const read = (tags ?? []).map(({ Key: key = '', Value: value = '', PropagateAtLaunch: propagate, ResourceType }) => {
    if (ResourceType !== undefined && ResourceType !== 'auto-scaling-group') {
      throw invalid(`The resource type '${ResourceType}' is not valid: use auto-scaling-group.`);
    }
    return { key, value, propagate: propagate ?? true };
  });
  for (const { key, value } of read) {
    if (key.length < 1 || key.length > 128) throw invalid('Tag keys must have between 1 and 128 characters.');
    if (value.length > 256) throw invalid('Tag values can have at most 256 characters.');
    if (key.toLowerCase().startsWith('aws:')) throw invalid('Tag keys cannot begin with "aws:".');
  }
  if (new Set(read.map(({ key }) => key)).size < read.length) throw invalid('Duplicate tag keys found.');
  return checkCount(read);
}

/** The tags after some were set. */
export function mergeTags(tags: readonly GroupTag[], set: readonly GroupTag[]): GroupTag[] {
  return checkCount([...new Map([...tags, ...set].map((tag) => [tag.key, tag])).values()]);
}

function checkCount(tags: GroupTag[]): GroupTag[] {
  if (tags.length > 50) throw invalid('An Auto Scaling group can have at most 50 tags.');
  return tags;
}
