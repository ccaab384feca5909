import type { Scoped, Tag } from '../tags.ts';

/** Whether new versions are kept: never asked for, asked for, or no longer ("Using versioning in S3 buckets"). */
export type Versioning = 'Enabled' | 'Suspended';

/** What may be done with access lists ("Controlling ownership of objects", Amazon S3 User Guide). */
export type Ownership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';

/** The four switches of "Blocking public access to your Amazon S3 storage". */
export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

/** A rule of "Using cross-origin resource sharing (CORS)". */
export interface CorsRule {
  readonly id?: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** A rule of "Managing the lifecycle of objects": only what is acted on. Days are counted from midnight UTC. */
export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly prefix?: string;
  readonly tags: readonly Tag[];
  readonly sizeAbove?: number;
  readonly sizeBelow?: number;
  /** The form in which the filter was given, to be answered in the same. */
  readonly filter: 'Prefix' | 'Tag' | 'Size' | 'And' | 'None' | 'Legacy';
  readonly expireDays?: number;
  readonly expireAt?: number;
  readonly expireDeleteMarkers?: boolean;
  readonly noncurrentDays?: number;
  readonly noncurrentKept?: number;
  readonly abortUploadDays?: number;
}

/** A bucket. Its name is unique over all accounts and regions; everything is written by the API. */
export interface Bucket extends Scoped {
  readonly name: string;
  readonly createdAt: number;
  readonly versioning?: Versioning;
  readonly tags: readonly Tag[];
  /** A bucket policy as given; none is enforced yet. */
  readonly policy?: string;
  readonly publicAccessBlock?: PublicAccessBlock;
  readonly ownership?: Ownership;
  /** The key of KMS that its default encryption names, as it was named, or AWS's own without; absent when S3's own keys are the default. */
  readonly kmsDefault?: { readonly keyId?: string };
  /** Whether its default encryption says to use a bucket key. */
  readonly bucketKey?: boolean;
  readonly cors?: readonly CorsRule[];
  readonly lifecycle?: readonly LifecycleRule[];
  /** What PutBucketLifecycleConfiguration said of the size from which objects change their class; there is one class. */
  readonly transitionMinimum?: 'all_storage_classes_128K' | 'varies_by_storage_class';
}
