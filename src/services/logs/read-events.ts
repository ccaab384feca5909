import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Handlers } from '../../aws/handlers.ts';
import { expiryOf, type LogGroup } from '../../model/logs/log-group.ts';
import { compileFilterPattern, FilterPatternError } from '../../model/logs/filter-pattern.ts';
import type { Reader } from '../../store/store.ts';
import { logGroupKey, logStreams } from '../../store/tables/logs.ts';
import type { LogsDeps } from './deps.ts';
import { bounded, broken, groupGiven, logsErrors, streamName, streamOf } from './checks.ts';
import { digitsOf, eventToken, readEventToken } from './paging.ts';

/** Reading events: GetLogEvents from either end of a stream, FilterLogEvents over a group. */
export function readEventHandlers({ store, clock, logs }: LogsDeps) {
  return {
    async GetLogEvents(input, ctx) {
      const group = groupGiven(store, ctx, input);
      const stream = streamOf(store, group, input.logStreamName);
      const from = Math.max(time('startTime', input.startTime) ?? 0, expiryOf(group, clock.now()));
      const until = time('endTime', input.endTime) ?? Number.MAX_SAFE_INTEGER;
      const token = input.nextToken === undefined ? undefined : readEventToken(input.nextToken);
      if (token?.kind === 's') throw logsErrors.invalid('The specified nextToken is invalid.');
      const forward = token === undefined ? input.startFromHead === true : token.kind === 'f';
      const events = await logs.read(group, {
        stream: stream.eventsId,
        from,
        until,
        direction: forward ? 'forward' : 'backward',
        ...(token === undefined ? {} : { beyond: token.position }),
        limit: bounded('limit', input.limit, 10_000, 10_000),
      });
      // At the end of the stream the token that was given comes back: that is how a client knows.
      const nothing = token?.position ?? { at: from, id: 0 };
      return {
        events: events.map(({ at, message, ingestedAt }) => ({ timestamp: at, message, ingestionTime: ingestedAt })),
        nextForwardToken: eventToken('f', events.at(-1) ?? nothing),
        nextBackwardToken: eventToken('b', events[0] ?? nothing),
      };
    },

    async FilterLogEvents(input, ctx) {
      const group = groupGiven(store, ctx, input);
      if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
        throw logsErrors.invalid('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.');
      }
      if (input.startFromHead === false) {
        throw logsErrors.invalid('startFromHead = false is not supported by Stowage yet: events come oldest first.');
      }
      const token = input.nextToken === undefined ? undefined : readEventToken(input.nextToken);
      if (token !== undefined && token.kind !== 's') throw logsErrors.invalid('The specified nextToken is invalid.');
      const streams = streamsOf(store, group, input.logStreamNames, input.logStreamNamePrefix);
      const endTime = time('endTime', input.endTime);
      const { events, more } = await logs.search(group, {
        ...(streams === undefined ? {} : { streams }),
        from: Math.max(time('startTime', input.startTime) ?? 0, expiryOf(group, clock.now())),
        until: endTime === undefined ? Number.MAX_SAFE_INTEGER : endTime + 1,
        ...(token === undefined ? {} : { after: token.position }),
        pattern: checkPattern(input.filterPattern ?? ''),
        limit: bounded('limit', input.limit, 10_000, 10_000),
      });
      const names = new Map(
        store.by(logStreams, 'group', logGroupKey(group, group.name)).map((row) => [row.eventsId, row.name]),
      );
      return {
        events: events.flatMap((event) => {
          const logStreamName = names.get(event.stream);
          // The stream is gone, and its events are about to.
          if (logStreamName === undefined) return [];
          const { at: timestamp, message, ingestedAt: ingestionTime } = event;
          return [{ logStreamName, timestamp, message, ingestionTime, eventId: digitsOf(event) }];
        }),
        // "As of May 15, 2020, this parameter is no longer supported" (FilterLogEvents, API Reference).
        searchedLogStreams: [],
        ...(more === undefined ? {} : { nextToken: eventToken('s', more) }),
      };
    },
  } satisfies Handlers<typeof sdk>;
}

function time(member: string, value: number | undefined): number | undefined {
  if (value !== undefined && value < 0)
    throw broken(member, value, 'Member must have value greater than or equal to 0');
  return value;
}

function checkPattern(pattern: string): string {
  if (pattern.length > 1024)
    throw broken('filterPattern', pattern, 'Member must have length less than or equal to 1024');
  try {
    compileFilterPattern(pattern);
  } catch (error) {
    if (error instanceof FilterPatternError) throw logsErrors.invalid(error.message);
    throw error;
  }
  return pattern;
}

/** The streams to search, by their numbers; `undefined` for all of the group. */
function streamsOf(
  reader: Reader,
  group: LogGroup,
  names: readonly string[] | undefined,
  prefix: string | undefined,
): number[] | undefined {
  if (names !== undefined) {
    if (names.length === 0 || names.length > 100) {
      throw broken('logStreamNames', names, 'Member must have length between 1 and 100');
    }
    return [...new Set(names)].map((name) => streamOf(reader, group, name).eventsId);
  }
  if (prefix === undefined) return undefined;
  streamName(prefix, 'logStreamNamePrefix');
  return reader
    .by(logStreams, 'group', logGroupKey(group, group.name))
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ eventsId }) => eventsId);
}
