import type { ChecksumName } from '../../base/checksums.ts';
import type { Scoped, Tag } from '../tags.ts';

/** The version id of an object that was put while its bucket did not keep versions. */
export const nullVersion = 'null';

/** A part of an object's content, as the blob store has it. */
export interface Segment {
  /** The blob's digest. */
  readonly blob: string;
  /** Where in the blob it begins: not at 0 where a range of another object was copied. */
  readonly start?: number;
  readonly sizeBytes: number;
}

/** A checksum that the client chose, or CRC64NVME ("Checking object integrity", Amazon S3 User Guide). */
export interface ObjectChecksum {
  readonly algorithm: ChecksumName;
  /** In base64; a composite one ends with `-` and the number of parts. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** What a client says of an object's content ("Working with object metadata"): headers, by the SDK's names of them. */
export interface Metadata {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly expires?: number;
  readonly redirect?: string;
  /** `x-amz-meta-` headers, without the prefix. */
  readonly user: Readonly<Record<string, string>>;
}

/** A part of an object that was uploaded in several. */
export interface ObjectPart {
  readonly number: number;
  readonly sizeBytes: number;
  readonly checksum?: string;
}

/** How an object is encrypted with a key of KMS ("Using server-side encryption with AWS KMS keys"); all others are with S3's own alone. */
export interface ObjectEncryption {
  readonly kmsKeyArn: string;
  /** What the client had KMS bind the data key to, besides the object. */
  readonly context?: Readonly<Record<string, string>>;
  /** Whether the data key is bound to the bucket, and not to the object ("Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys"). */
  readonly bucketKey: boolean;
  /** The key of its blobs, as KMS encrypted it; base64. */
  readonly dataKey: string;
}

/** A version of an object, or a delete marker. A row never changes but for its tags. */
export interface ObjectVersion {
  /** Of the row: unique for ever. */
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  /** Whole seconds, as S3 has it. */
  readonly modifiedAt: number;
  /** A delete marker has nothing of what follows. */
  readonly content?: ObjectContent;
}

/** What an object is, beside its name. */
export interface ObjectContent {
  /** Without its quotation marks. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly segments: readonly Segment[];
  readonly checksum: ObjectChecksum;
  readonly metadata: Metadata;
  readonly tags: readonly Tag[];
  /** Without it, its blobs are not sealed. */
  readonly encryption?: ObjectEncryption;
  /** In the order of their numbers, if it was uploaded in several parts. */
  readonly parts?: readonly ObjectPart[];
  /** The upload that it came from, so that completing it once more is answered alike. */
  readonly uploadId?: string;
}

/** An object with content: a version that is no delete marker. */
export type StoredObject = ObjectVersion & { readonly content: ObjectContent };

/** Whether a version is an object. */
export function isObject(version: ObjectVersion | undefined): version is StoredObject {
  return version?.content !== undefined;
}

/** An upload in parts that is neither complete nor given up. */
export interface MultipartUpload extends Scoped {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly startedAt: number;
  /** The principal who began it. */
  readonly initiator: string;
  readonly metadata: Metadata;
  readonly tags: readonly Tag[];
  /** That of its parts, and of the object that becomes of them. */
  readonly encryption?: ObjectEncryption;
  /** What the client asked for; without, CRC64NVME over the whole object. */
  readonly checksum?: Pick<ObjectChecksum, 'algorithm' | 'type'>;
}

/** A part that was uploaded. */
export interface UploadedPart {
  readonly uploadId: string;
  readonly number: number;
  readonly modifiedAt: number;
  /** The MD5 of its content, in hexadecimal digits. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly segments: readonly Segment[];
  /** By algorithm, in base64. */
  readonly checksums: Readonly<Record<string, string>>;
}
