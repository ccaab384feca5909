import { loadBalancers } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { page } from '../paging.ts';
import { mergeTags, readTags } from '../tag-rules.ts';
import { findClassic } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';
import { mostInstances } from './instances.ts';
import { mostListeners } from './listeners.ts';
import { mostBalancers } from './load-balancers.ts';

/** AddTags, RemoveTags, DescribeTags and DescribeAccountLimits. */
export function classicTagHandlers({ store }: ServiceDeps) {
  return {
    AddTags(input, ctx) {
      const added = readTags(input.Tags);
      return store.transact((tx) => {
        for (const name of input.LoadBalancerNames ?? []) {
          const row = findClassic(tx, ctx, name);
          tx.put(loadBalancers, { ...row, tags: mergeTags(row.tags, added) });
        }
        return {};
      });
    },

    RemoveTags(input, ctx) {
      const removed = new Set(input.Tags?.map(({ Key }) => Key));
      return store.transact((tx) => {
        for (const name of input.LoadBalancerNames ?? []) {
          const row = findClassic(tx, ctx, name);
          tx.put(loadBalancers, { ...row, tags: row.tags.filter(({ key }) => !removed.has(key)) });
        }
        return {};
      });
    },

    DescribeTags(input, ctx) {
      const names = input.LoadBalancerNames ?? [];
      if (names.length > 20) throw elbErrors.validation('The number of load balancer names cannot be more than 20');
      return {
        TagDescriptions: names.map((name) => ({
          LoadBalancerName: name,
          Tags: findClassic(store, ctx, name).tags.map(({ key, value }) => ({ Key: key, Value: value })),
        })),
      };
    },

    DescribeAccountLimits(input) {
      const limits = [
        { Name: 'classic-load-balancers', Max: String(mostBalancers) },
        { Name: 'classic-listeners', Max: String(mostListeners) },
        { Name: 'classic-registered-instances', Max: String(mostInstances) },
      ];
      const { items, next } = page(limits, ({ Name }) => Name, input);
      return { Limits: [...items], ...next };
    },
  } satisfies ClassicHandlers;
}
