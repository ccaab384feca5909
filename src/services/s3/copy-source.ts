import { collectGarbage } from '../../store/blob-garbage.ts';
import type { Ctx } from '../../aws/handlers.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import type { StoredObject } from '../../model/s3/object.ts';
import type { Reader } from '../../store/store.ts';
import { etagMatches } from './conditions.ts';
import type { S3Deps } from './deps.ts';
import { invalidArgument, notSupported, preconditionFailed } from './errors.ts';
import { findAnywhere } from './find.ts';
import { findObject } from './get-object.ts';
import { refuseCustomerKey } from './encryption.ts';

/** What a copy is made of, and under which conditions ("CopyObject", "UploadPartCopy"). */
export interface CopyInput {
  readonly CopySource: string | undefined;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerKey?: string | undefined;
  readonly CopySourceSSECustomerKeyMD5?: string | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

/** An object that is copied, and its bucket. */
export interface CopySource {
  readonly bucket: Bucket;
  readonly object: StoredObject;
  /** The version that the request names. */
  readonly namedVersion: string | undefined;
}

/** The object to be copied. It may be in any region. */
export function findSource(reader: Reader, ctx: Ctx, input: CopyInput): CopySource {
  refuseCustomerKey({
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  });
  const { name, key, versionId } = parseSource(input.CopySource ?? '');
  const bucket = findAnywhere(reader, ctx, { Bucket: name, ExpectedBucketOwner: input.ExpectedSourceBucketOwner });
  const object = findObject({ store: reader }, bucket, { Key: key, VersionId: versionId });
  checkConditions(object, input);
  return { bucket, object, namedVersion: versionId };
}

/** `bucket/key?versionId=…`, percent-encoded, with or without a slash in front. */
function parseSource(text: string): { name: string; key: string; versionId: string | undefined } {
  if (text.startsWith('arn:')) throw notSupported('x-amz-copy-source by ARN');
  const [path = '', versionId] = text.split('?versionId=');
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decode(path));
  if (match === null) {
    const message = 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey';
    throw invalidArgument(message, 'x-amz-copy-source', text);
  }
  return { name: match[1] ?? '', key: match[2] ?? '', versionId };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument('Invalid copy source encoding.', 'x-amz-copy-source', text);
  }
}

function checkConditions({ modifiedAt, content: { etag } }: StoredObject, input: CopyInput): void {
  const { CopySourceIfMatch: match, CopySourceIfNoneMatch: noneMatch } = input;
  const { CopySourceIfModifiedSince: since, CopySourceIfUnmodifiedSince: until } = input;
  if (match !== undefined) {
    if (!etagMatches(match, etag)) throw preconditionFailed('x-amz-copy-source-If-Match');
  } else if (until !== undefined && modifiedAt > until.getTime()) {
    throw preconditionFailed('x-amz-copy-source-If-Unmodified-Since');
  }
  if (noneMatch !== undefined) {
    if (etagMatches(noneMatch, etag)) throw preconditionFailed('x-amz-copy-source-If-None-Match');
  } else if (since !== undefined && modifiedAt <= since.getTime()) {
    throw preconditionFailed('x-amz-copy-source-If-Modified-Since');
  }
}

/** Keeps the content of a source from being deleted while `work` uses it, though the source itself may be. */
export async function holdSource<Result>(
  deps: S3Deps,
  { object }: CopySource,
  work: () => Promise<Result>,
): Promise<Result> {
  const digests = object.content.segments.map(({ blob }) => blob);
  const release = deps.blobs.hold(digests);
  try {
    return await work();
  } finally {
    release();
    await collectGarbage(deps, digests);
  }
}
