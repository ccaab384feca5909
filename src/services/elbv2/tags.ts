import type { Ctx } from '../../aws/handlers.ts';
import type { Tag } from '../../model/tags.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { listeners, loadBalancers, rules, targetGroups } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { elbErrors } from './errors.ts';
import { findListener, findLoadBalancer, findRule, findTargetGroup, isArn } from './find.ts';
import type { ElbHandlers } from './handler-types.ts';
import { mergeTags, readTags } from './tag-rules.ts';

interface Tagged {
  readonly tags: readonly Tag[];
  write(tx: Transaction, tags: readonly Tag[]): void;
}

/** AddTags, RemoveTags and DescribeTags, of every kind of resource. */
export function tagHandlers({ store }: ServiceDeps) {
  const change = (arns: readonly string[] | undefined, ctx: Ctx, next: (tags: readonly Tag[]) => Tag[]): object =>
    store.transact((tx) => {
      for (const arn of arns ?? []) {
        const tagged = find(tx, ctx, arn);
        tagged.write(tx, next(tagged.tags));
      }
      return {};
    });
  return {
    AddTags(input, ctx) {
      const added = readTags(input.Tags);
      return change(input.ResourceArns, ctx, (tags) => mergeTags(tags, added));
    },
    RemoveTags(input, ctx) {
      const removed = new Set(input.TagKeys);
      return change(input.ResourceArns, ctx, (tags) => tags.filter(({ key }) => !removed.has(key)));
    },
    DescribeTags(input, ctx) {
      const arns = input.ResourceArns ?? [];
      if (arns.length > 20) throw elbErrors.validation('The number of resource ARNs cannot be more than 20');
      return {
        TagDescriptions: arns.map((ResourceArn) => ({
          ResourceArn,
          Tags: find(store, ctx, ResourceArn).tags.map(({ key, value }) => ({ Key: key, Value: value })),
        })),
      };
    },
  } satisfies ElbHandlers;
}

function find(reader: Reader, ctx: Ctx, arn: string): Tagged {
  if (isArn(arn, 'load balancer')) {
    const { tags } = findLoadBalancer(reader, ctx, arn);
    return { tags, write: (tx, next) => void tx.update(loadBalancers, arn, (row) => ({ ...row, tags: next })) };
  }
  if (isArn(arn, 'target group')) {
    const { tags } = findTargetGroup(reader, ctx, arn);
    return { tags, write: (tx, next) => void tx.update(targetGroups, arn, (row) => ({ ...row, tags: next })) };
  }
  if (isArn(arn, 'listener')) {
    const { tags } = findListener(reader, ctx, arn);
    return { tags, write: (tx, next) => void tx.update(listeners, arn, (row) => ({ ...row, tags: next })) };
  }
  if (isArn(arn, 'listener rule')) {
    const { tags } = findRule(reader, ctx, arn);
    return { tags, write: (tx, next) => void tx.update(rules, arn, (row) => ({ ...row, tags: next })) };
  }
  throw elbErrors.validation(`'${arn}' is not a valid resource ARN`);
}
