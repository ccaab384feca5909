import type * as Sdk from '@aws-sdk/client-auto-scaling';
import type { Handlers } from '../../aws/handlers.ts';

/** The operations of Amazon EC2 Auto Scaling by name, typed by the SDK. */
export type AutoScalingHandlers = Handlers<typeof Sdk>;

/** The input of an operation. */
export type InputOf<Name extends keyof AutoScalingHandlers> = Parameters<NonNullable<AutoScalingHandlers[Name]>>[0];
