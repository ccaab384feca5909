import type * as Sdk from '@aws-sdk/client-elastic-load-balancing';
import type { Handlers } from '../../../aws/handlers.ts';

/** The operations of Classic Load Balancers by name (version 2012-06-01), typed by the SDK. */
export type ClassicHandlers = Handlers<typeof Sdk>;
