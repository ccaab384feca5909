import type { Tag as SdkTag } from '@aws-sdk/client-auto-scaling';
import type { Ctx } from '../../aws/handlers.ts';
import type { AutoScalingGroup } from '../../model/autoscaling/group.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Transaction } from '../../store/store.ts';
import { autoScalingGroups } from '../../store/tables/autoscaling.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalid } from './errors.ts';
import { matchesTag } from './filters.ts';
import { needGroup } from './find.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { tagOutput } from './output.ts';
import { page } from './paging.ts';
import { mergeTags, readTags } from './tag-rules.ts';

/** The tags of groups. */
export function tagHandlers({ store }: ServiceDeps) {
  return {
    CreateOrUpdateTags(input, ctx) {
      store.transact((tx) => {
        for (const { group, tags } of byGroup(tx, ctx, input.Tags)) {
          tx.put(autoScalingGroups, { ...group, tags: mergeTags(group.tags, readTags(tags)) });
        }
      });
      return {};
    },

    DeleteTags(input, ctx) {
      store.transact((tx) => {
        for (const { group, tags } of byGroup(tx, ctx, input.Tags)) {
          const left = group.tags.filter(
            // One that names a value goes only where it has it.
            (tag) => !tags.some(({ Key, Value }) => Key === tag.key && (Value ?? tag.value) === tag.value),
          );
          tx.put(autoScalingGroups, { ...group, tags: left });
        }
      });
      return {};
    },

    DescribeTags(input, ctx) {
      const all = store
        .by(autoScalingGroups, 'scope', scopeOf(ctx))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .flatMap((group) =>
          group.tags.filter((tag) => matchesTag(group, tag, input.Filters ?? [])).map((tag) => tagOutput(group, tag)),
        );
      const { items, next } = page(all, (tag) => `${tag.ResourceId ?? ''} ${tag.Key ?? ''}`, input);
      return { Tags: [...items], ...next };
    },
  } satisfies AutoScalingHandlers;
}

/** The tags of a request by the group that each names. */
function byGroup(
  tx: Transaction,
  ctx: Ctx,
  tags: readonly SdkTag[] | undefined,
): { group: AutoScalingGroup; tags: SdkTag[] }[] {
  if (tags === undefined || tags.length === 0) throw invalid('At least one tag must be specified.');
  return [...Map.groupBy(tags, ({ ResourceId = '' }) => ResourceId)].map(([name, its]) => {
    if (its.some(({ ResourceType }) => ResourceType !== undefined && ResourceType !== 'auto-scaling-group')) {
      throw invalid('The resource type of tags must be auto-scaling-group.');
    }
    return { group: needGroup(tx, ctx, name), tags: its };
  });
}
