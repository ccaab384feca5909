import { scopeOf } from '../../model/tags.ts';
import { autoScalingGroups, scalingActivities } from '../../store/tables/autoscaling.ts';
import type { ServiceDeps } from '../deps.ts';
import { refuse } from './errors.ts';
import { findGroup, needGroup } from './find.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { activityOutput } from './output.ts';
import { page } from './paging.ts';

/** What groups did, newest first. */
export function activityHandlers({ store }: ServiceDeps) {
  return {
    DescribeScalingActivities(input, ctx) {
      refuse(input, 'Filters');
      const name = input.AutoScalingGroupName;
      const includeGone = input.IncludeDeletedGroups === true;
      if (name !== undefined && !includeGone && findGroup(store, ctx, name) === undefined) {
        needGroup(store, ctx, name);
      }
      const wanted = input.ActivityIds ?? [];
      const isThere = (arn: string): boolean => store.get(autoScalingGroups, arn) !== undefined;
      const rows = store
        .by(scalingActivities, 'scope', scopeOf(ctx))
        .filter((row) => name === undefined || row.groupName === name || row.groupArn === name)
        .filter((row) => includeGone || isThere(row.groupArn))
        .filter(({ id }) => wanted.length === 0 || wanted.includes(id))
        .toReversed();
      const { items, next } = page(rows, ({ id }) => id, { ...input, MaxRecords: input.MaxRecords ?? 100 });
      return { Activities: items.map((row) => activityOutput(row, !isThere(row.groupArn))), ...next };
    },
  } satisfies AutoScalingHandlers;
}
