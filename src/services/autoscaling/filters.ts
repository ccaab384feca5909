import type { Filter } from '@aws-sdk/client-auto-scaling';
import type { AutoScalingGroup, GroupTag } from '../../model/autoscaling/group.ts';
import { invalid } from './errors.ts';

/** Whether a group is what DescribeAutoScalingGroups' filters ask for: all of them, by any value of each. */
export function matchesGroup({ tags }: AutoScalingGroup, filters: readonly Filter[]): boolean {
  return filters.every(({ Name: name = '', Values: values = [] }) => {
    if (name === 'tag-key') return tags.some(({ key }) => values.includes(key));
    if (name === 'tag-value') return tags.some(({ value }) => values.includes(value));
    if (name.startsWith('tag:')) {
      return tags.some(({ key, value }) => key === name.slice('tag:'.length) && values.includes(value));
    }
    throw badFilter(name);
  });
}

/** The same of a tag and DescribeTags' filters. */
export function matchesTag(group: AutoScalingGroup, tag: GroupTag, filters: readonly Filter[]): boolean {
  return filters.every(({ Name: name = '', Values: values = [] }) => {
    switch (name) {
      case 'auto-scaling-group':
        return values.includes(group.name);
      case 'key':
        return values.includes(tag.key);
      case 'value':
        return values.includes(tag.value);
      case 'propagate-at-launch':
        return values.includes(String(tag.propagate));
      default:
        throw badFilter(name);
    }
  });
}

function badFilter(name: string): Error {
  return invalid(`Filter type ${name} is not correct.`);
}
