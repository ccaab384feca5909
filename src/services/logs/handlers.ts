import type * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Handlers } from '../../aws/handlers.ts';
import type { LogsDeps } from './deps.ts';
import { encryptionHandlers } from './encryption.ts';
import { groupHandlers } from './groups.ts';
import { putEventHandlers } from './put-events.ts';
import { readEventHandlers } from './read-events.ts';
import { streamHandlers } from './streams.ts';
import { tagHandlers } from './tags.ts';

/** Amazon CloudWatch Logs: groups, streams and their events. */
export function logsHandlers(deps: LogsDeps): Handlers<typeof sdk> {
  return {
    ...groupHandlers(deps),
    ...encryptionHandlers(deps),
    ...streamHandlers(deps),
    ...putEventHandlers(deps),
    ...readEventHandlers(deps),
    ...tagHandlers(deps),
  };
}
