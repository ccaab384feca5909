import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Handlers } from '../../aws/handlers.ts';
import { expiryOf } from '../../model/logs/log-group.ts';
import { sizeOf, type NewEvent } from '../../store/logs/events.ts';
import type { LogsDeps } from './deps.ts';
import { broken, groupOf, logsErrors, streamOf } from './checks.ts';
import { digitsOf } from './paging.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const batchBytes = 1_048_576;

/** PutLogEvents, with the limits of its page in the API Reference. */
export function putEventHandlers({ store, clock, logs }: LogsDeps) {
  return {
    async PutLogEvents(input, ctx) {
      const events = readEvents(input.logEvents ?? []);
      const group = groupOf(store, ctx, input.logGroupName);
      const stream = streamOf(store, group, input.logStreamName);
      const now = clock.now();
      // In chronological order, so the refused ones stand at both ends.
      const tooNew = indexOr(events, (at) => at > now + 2 * hourMs);
      const tooOld = indexOr(events, (at) => at >= now - 14 * dayMs);
      const expired = indexOr(events, (at) => at >= expiryOf(group, now));
      const accepted = events.slice(Math.max(tooOld, expired), tooNew);
      const first = accepted[0];
      const last = accepted.at(-1);
      if (first !== undefined && last !== undefined && last.timestamp - first.timestamp > dayMs) {
        throw logsErrors.invalid(
          'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
        );
      }
      if (accepted.length > 0) await logs.append(group, stream, accepted);
      const rejected = {
        ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
        ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
        ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
      };
      return {
        nextSequenceToken: digitsOf({ at: now, id: stream.eventsId }),
        ...(Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected }),
        // Entities are not kept, and the answer says so; the events are stored all the same, as on AWS.
        ...(input.entity === undefined
          ? {}
          : { rejectedEntityInfo: { errorType: 'UnsupportedLogGroupType' as const } }),
      };
    },
  } satisfies Handlers<typeof sdk>;
}

function indexOr(events: readonly NewEvent[], found: (timestamp: number) => boolean): number {
  const index = events.findIndex(({ timestamp }) => found(timestamp));
  return index < 0 ? events.length : index;
}

function readEvents(given: readonly sdk.InputLogEvent[]): NewEvent[] {
  if (given.length === 0) {
    throw broken('logEvents', [], 'Member must have length greater than or equal to 1');
  }
  if (given.length > 10_000) throw logsErrors.invalid('A PutLogEvents request holds at most 10000 events.');
  const events: NewEvent[] = [];
  let bytes = 0;
  let before = 0;
  for (const [index, { timestamp = 0, message = '' }] of given.entries()) {
    const member = `logEvents.${index + 1}.member`;
    if (timestamp < 0)
      throw broken(`${member}.timestamp`, timestamp, 'Member must have value greater than or equal to 0');
    if (message === '')
      throw broken(`${member}.message`, message, 'Member must have length greater than or equal to 1');
    if (timestamp < before) {
      throw logsErrors.invalid('Log events in a single PutLogEvents request must be in chronological order.');
    }
    before = timestamp;
    bytes += sizeOf(message);
    events.push({ timestamp, message });
  }
  if (bytes > batchBytes) {
    throw logsErrors.invalid(`Upload too large: ${bytes} bytes exceeds limit of ${batchBytes}`);
  }
  return events;
}
