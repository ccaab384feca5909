import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Handlers } from '../../aws/handlers.ts';

/** The operations of Elastic Load Balancing by name, typed by the SDK. */
export type ElbHandlers = Handlers<typeof Sdk>;
