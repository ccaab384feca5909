import type * as s3 from '@aws-sdk/client-s3';
import type { Handlers } from '../../aws/handlers.ts';
import type { Blobs } from '../../store/blobs/blobs.ts';
import type { Vault } from '../../store/keys/vault.ts';
import type { ServiceDeps } from '../deps.ts';

/** What S3 is made from: what every service is, and the place where the content of objects lies. */
export interface S3Deps extends ServiceDeps {
  readonly blobs: Blobs;
  /** The keys of KMS, for objects that are encrypted with them. */
  readonly vault: Vault;
}

/** Handlers of S3's operations. */
export type S3Handlers = Handlers<typeof s3>;
