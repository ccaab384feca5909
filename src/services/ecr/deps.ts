import type * as ecr from '@aws-sdk/client-ecr';
import type { Handlers } from '../../aws/handlers.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import type { ServiceDeps } from '../deps.ts';

/** What ECR is made from: what every service is, and the place where layers and manifests lie. */
export interface EcrDeps extends ServiceDeps {
  readonly blobs: Blobs;
}

/** Handlers of ECR's operations. */
export type EcrHandlers = Handlers<typeof ecr>;
