import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Handlers } from '../../aws/handlers.ts';
import type { LogStream } from '../../model/logs/log-group.ts';
import type { StreamStats } from '../../store/logs/events.ts';
import { logGroupKey, logStreamKey, logStreams, newLogStream } from '../../store/tables/logs.ts';
import type { LogsDeps } from './deps.ts';
import { bounded, broken, groupGiven, groupOf, logsErrors, streamName, streamOf } from './checks.ts';
import { digitsOf, page } from './paging.ts';

/** Log streams. */
export function streamHandlers({ store, clock, ids, logs }: LogsDeps) {
  return {
    CreateLogStream(input, ctx) {
      const name = streamName(input.logStreamName);
      store.transact((tx) => {
        const group = groupOf(tx, ctx, input.logGroupName);
        if (tx.get(logStreams, logStreamKey(group, group.name, name)) !== undefined) throw logsErrors.exists('stream');
        tx.put(logStreams, newLogStream(group, name, clock.now(), ids));
      });
      return {};
    },

    DeleteLogStream(input, ctx) {
      store.transact((tx) => {
        const group = groupOf(tx, ctx, input.logGroupName);
        tx.delete(logStreams, logStreamKey(group, group.name, streamOf(tx, group, input.logStreamName).name));
      });
      return {};
    },

    async DescribeLogStreams(input, ctx) {
      const group = groupGiven(store, ctx, input);
      const prefix = input.logStreamNamePrefix;
      if (prefix !== undefined) streamName(prefix, 'logStreamNamePrefix');
      const orderBy: string = input.orderBy ?? 'LogStreamName';
      if (orderBy !== 'LogStreamName' && orderBy !== 'LastEventTime') {
        throw broken('orderBy', orderBy, 'Member must satisfy enum value set: [LogStreamName, LastEventTime]');
      }
      if (orderBy === 'LastEventTime' && prefix !== undefined) {
        throw logsErrors.invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
      }
      const limit = bounded('limit', input.limit, 50, 50);
      const stats = new Map((await logs.stats([group])).map((each) => [each.stream, each]));
      const streams = store
        .by(logStreams, 'group', logGroupKey(group, group.name))
        .filter(({ name }) => name.startsWith(prefix ?? ''));
      const keyOf = (stream: LogStream): string =>
        orderBy === 'LogStreamName'
          ? stream.name
          : `${String(stats.get(stream.eventsId)?.lastAt ?? 0).padStart(16, '0')} ${stream.name}`;
      const { rows, ...rest } = page(streams, keyOf, {
        limit,
        token: input.nextToken,
        descending: input.descending ?? false,
      });
      return { logStreams: rows.map((stream) => sdkStream(stream, stats.get(stream.eventsId))), ...rest };
    },
  } satisfies Handlers<typeof sdk>;
}

function sdkStream(stream: LogStream, stats: StreamStats | undefined) {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    ...(stats === undefined
      ? {}
      : {
          firstEventTimestamp: stats.firstAt,
          lastEventTimestamp: stats.lastAt,
          lastIngestionTime: stats.ingestedAt,
        }),
    // Deprecated and ignored, but still answered.
    uploadSequenceToken: digitsOf({ at: stats?.ingestedAt ?? stream.createdAt, id: stream.eventsId }),
    arn: stream.arn,
    // "As of June 17, 2019 ... reported as zero" for streams; groups have the real sum (LogStream, API Reference).
    storedBytes: 0,
  };
}
