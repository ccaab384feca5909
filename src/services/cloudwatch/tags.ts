import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { parseArn } from '../../base/arn.ts';
import type { Alarm } from '../../model/cloudwatch/alarm.ts';
import type { Tag } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { alarms } from '../../store/tables/cloudwatch.ts';
import type { CloudWatchDeps } from './deps.ts';
import { checkLength, cloudWatchErrors } from './errors.ts';

const mostTags = 50;

/** Tags of alarms. */
export function tagHandlers({ store }: CloudWatchDeps) {
  return {
    TagResource(input, ctx) {
      const added = readTags(input.Tags);
      store.transact((tx) => {
        const alarm = taggedAlarm(tx, ctx, input.ResourceARN);
        const tags = checkCount([...new Map([...alarm.tags, ...added].map((tag) => [tag.key, tag])).values()]);
        tx.put(alarms, { ...alarm, tags });
      });
      return {};
    },
    UntagResource(input, ctx) {
      const removed = new Set(input.TagKeys);
      store.transact((tx) => {
        const alarm = taggedAlarm(tx, ctx, input.ResourceARN);
        tx.put(alarms, { ...alarm, tags: alarm.tags.filter(({ key }) => !removed.has(key)) });
      });
      return {};
    },
    ListTagsForResource(input, ctx) {
      const { tags } = taggedAlarm(store, ctx, input.ResourceARN);
      return { Tags: tags.map(({ key: Key, value: Value }) => ({ Key, Value })) };
    },
  } satisfies Handlers<typeof sdk>;
}

function taggedAlarm(reader: Reader, ctx: Ctx, arn = ''): Alarm {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'cloudwatch') {
    throw cloudWatchErrors.value(`The value ${arn} for parameter ResourceARN is invalid.`);
  }
  const alarm = reader.get(alarms, arn);
  if (alarm !== undefined && alarm.account === ctx.account && alarm.region === ctx.region) return alarm;
  const members = { ResourceType: 'Alarm', ResourceId: arn };
  throw new AwsError('ResourceNotFoundException', `${arn} does not exist`, { status: 404, members });
}

/** Checks tags as CloudWatch does. */
export function readTags(given: readonly sdk.Tag[] | undefined): Tag[] {
  const tags = (given ?? []).map(({ Key: key = '', Value: value = '' }) => ({ key, value }));
  for (const [index, { key, value }] of tags.entries()) {
    checkLength(`tags.${index + 1}.member.key`, key, 1, 128);
    checkLength(`tags.${index + 1}.member.value`, value, 0, 256);
    if (key.toLowerCase().startsWith('aws:')) {
      throw cloudWatchErrors.value('Tag keys that begin with aws: are reserved for AWS use.');
    }
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length) {
    throw cloudWatchErrors.value('Duplicate tag keys are not allowed.');
  }
  return checkCount(tags);
}

function checkCount(tags: Tag[]): Tag[] {
  if (tags.length > mostTags) throw cloudWatchErrors.value(`An alarm can have at most ${mostTags} tags.`);
  return tags;
}
