import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { parseArn } from '../../base/arn.ts';
import type { Tag } from '../../model/tags.ts';
import type { Transaction } from '../../store/store.ts';
import type { Reader } from '../../store/store.ts';
import { applications, deploymentGroups } from '../../store/tables/codedeploy.ts';
import type { CodeDeployDeps } from './deps.ts';
import { refused } from './errors.ts';
import { findApplication, findGroup } from './find.ts';

/** Tags of applications and deployment groups. */
export function tagHandlers({ store }: CodeDeployDeps) {
  return {
    TagResource(input, ctx) {
      if (input.Tags === undefined || input.Tags.length === 0) throw refused('TagRequired', 'Tags must be specified');
      const added = readTags(input.Tags);
      store.transact((tx) =>
        change(tx, ctx, input.ResourceArn, (tags) => {
          const all = [...new Map([...tags, ...added].map((tag) => [tag.key, tag])).values()];
          checkCount(all);
          return all;
        }),
      );
      return {};
    },

    UntagResource(input, ctx) {
      const removed = input.TagKeys ?? [];
      store.transact((tx) =>
        change(tx, ctx, input.ResourceArn, (tags) => tags.filter(({ key }) => !removed.includes(key))),
      );
      return {};
    },

    ListTagsForResource(input, ctx) {
      const { application, group } = findTagged(store, ctx, input.ResourceArn);
      const { tags } = group ?? application;
      return { Tags: tags.map(({ key: Key, value: Value }) => ({ Key, Value })) };
    },
  } satisfies Handlers<typeof sdk>;
}

/** Checks tags as CodeDeploy does. */
export function readTags(given: readonly sdk.Tag[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ Key: key = '', Value: value = '' }) => ({ key, value }));
  for (const { key, value } of tags) {
    if (key.length < 1 || key.length > 128 || value.length > 256 || key.toLowerCase().startsWith('aws:')) {
      throw refused('InvalidTagsToAdd', `The tag '${key}' is invalid`);
    }
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) {
    throw refused('InvalidTagsToAdd', 'Tag keys must be unique');
  }
  checkCount(tags);
  return tags;
}

function checkCount(tags: readonly Tag[]): void {
  if (tags.length > 50) throw refused('InvalidTagsToAdd', 'A resource can have at most 50 tags');
}

function findTagged(reader: Reader, ctx: Ctx, arn: string | undefined) {
  if (arn === undefined || arn === '') throw refused('ResourceArnRequired', 'The resource ARN must be specified');
  const parsed = parseArn(arn);
  if (parsed?.service !== 'codedeploy') throw refused('InvalidArn', `The ARN ${arn} is invalid`);
  const [, kind, name = ''] = /^(\w+):(.+)$/.exec(parsed.resource) ?? [];
  const [applicationName, groupName] = name.split('/');
  const scope = { account: parsed.account, region: parsed.region };
  if (scope.account !== ctx.account || scope.region !== ctx.region) {
    throw refused('InvalidArn', `The ARN ${arn} is of another account or Region`);
  }
  if (kind === 'application') return { application: findApplication(reader, scope, name) };
  if (kind !== 'deploymentgroup') throw refused('ArnNotSupported', `The ARN ${arn} is not supported`);
  const application = findApplication(reader, scope, applicationName);
  return { application, group: findGroup(reader, application, groupName) };
}

function change(tx: Transaction, ctx: Ctx, arn: string | undefined, next: (tags: readonly Tag[]) => Tag[]): void {
  const { application, group } = findTagged(tx, ctx, arn);
  if (group === undefined) tx.put(applications, { ...application, tags: next(application.tags) });
  else tx.put(deploymentGroups, { ...group, tags: next(group.tags) });
}
