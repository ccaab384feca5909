import type * as Sdk from '@aws-sdk/client-ecs';
import type { Handlers } from '../../aws/handlers.ts';

/** The operations of ECS by name, typed by the SDK. */
export type EcsHandlers = Handlers<typeof Sdk>;
