import { AwsError } from '../../base/errors.ts';
import { dateOf, httpDateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { Ctx } from '../../aws/handlers.ts';
import { isObject, type StoredObject } from '../../model/s3/object.ts';
import { checksumAnswer } from './checksums.ts';
import { checkRead, type ReadConditions } from './conditions.ts';
import { streamContent, type Content } from './content.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { invalidArgument, invalidRequest, noSuchKey, s3Error } from './errors.ts';
import { findBucket, findVersion, versionHeader, type BucketInput } from './find.ts';
import { encryptionAnswer, openDataKey, refuseCustomerKey } from './encryption.ts';
import { readRange, type ByteRange } from './ranges.ts';
import type { Bucket } from '../../model/s3/bucket.ts';
import type { Reader } from '../../store/store.ts';

interface ReadInput extends BucketInput, ReadConditions {
  readonly Key: string | undefined;
  readonly VersionId?: string | undefined;
  readonly Range?: string | undefined;
  readonly PartNumber?: number | undefined;
  readonly ChecksumMode?: string | undefined;
  readonly ResponseCacheControl?: string | undefined;
  readonly ResponseContentDisposition?: string | undefined;
  readonly ResponseContentEncoding?: string | undefined;
  readonly ResponseContentLanguage?: string | undefined;
  readonly ResponseContentType?: string | undefined;
  readonly ResponseExpires?: Date | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

/** GetObject and HeadObject. */
export function getObjectHandlers(deps: S3Deps) {
  return {
    GetObject: (input, ctx) => {
      const { bucket, object, range, members } = read(deps, input, ctx);
      return { ...members, Body: streamContent(deps.blobs, openContent(deps, bucket, object), range) };
    },
    HeadObject: (input, ctx) => read(deps, input, ctx).members,
  } satisfies S3Handlers;
}

function read({ store }: S3Deps, input: ReadInput, ctx: Ctx) {
  refuseCustomerKey(input);
  const bucket = findBucket(store, ctx, input);
  const object = findObject({ store }, bucket, input);
  checkRead(object, input);
  const { content } = object;
  const part = partRange(object, input);
  const range = part ?? readRange(input.Range, content.sizeBytes);
  const { start, end } = range ?? { start: 0, end: content.sizeBytes - 1 };
  const members = {
    AcceptRanges: 'bytes',
    LastModified: dateOf(object.modifiedAt),
    ContentLength: end - start + 1,
    ETag: `"${content.etag}"`,
    ...encryptionAnswer(content.encryption),
    ...versionHeader(bucket, object),
    ...metadataAnswer(object, input),
    ...(range === undefined ? {} : { ContentRange: `bytes ${start}-${end}/${content.sizeBytes}` }),
    ...(part === undefined || content.parts === undefined ? {} : { PartsCount: content.parts.length }),
    ...given('TagCount', content.tags.length === 0 ? undefined : content.tags.length),
    // Of a part of the content it would say nothing.
    ...(input.ChecksumMode === 'ENABLED' && range === undefined ? checksumAnswer(content.checksum) : {}),
  };
  return { bucket, object, range: { start, end }, members };
}

/** An object's content, to be read. Throws what S3 says when its key cannot be used. */
export function openContent(deps: S3Deps, bucket: Bucket, { key, content }: StoredObject): Content {
  const { segments, encryption } = content;
  const place = { bucket: bucket.name, key };
  return { segments, ...given('dataKey', encryption && openDataKey(deps, bucket, place, encryption)) };
}

/** The object that is asked for; NoSuchKey when there is none, and what S3 says of delete markers. */
export function findObject(
  { store }: { readonly store: Reader },
  bucket: Bucket,
  { Key: key = '', VersionId: versionId }: { Key: string | undefined; VersionId?: string | undefined },
): StoredObject {
  const version = findVersion(store, bucket.name, key, versionId);
  if (isObject(version)) return version;
  if (version === undefined) throw noSuchKey(key);
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
  if (versionId === undefined) {
    const { message, members } = noSuchKey(key);
    throw new AwsError('NoSuchKey', message, { status: 404, members, headers });
  }
  throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    status: 405,
    members: { ResourceType: 'DeleteMarker' },
    headers: { ...headers, allow: 'DELETE', 'last-modified': httpDateOf(version.modifiedAt) },
  });
}

/** The bytes of the part that is asked for; an object that came in one piece is its only part. */
function partRange({ content }: StoredObject, { PartNumber: number, Range: range }: ReadInput): ByteRange | undefined {
  if (number === undefined) return undefined;
  if (range !== undefined) throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', number);
  }
  let start = 0;
  for (const part of content.parts ?? [{ number: 1, sizeBytes: content.sizeBytes }]) {
    if (part.number === number) {
      return part.sizeBytes === 0 ? undefined : { start, end: start + part.sizeBytes - 1 };
    }
    start += part.sizeBytes;
  }
  throw s3Error(416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable', {
    PartNumberRequested: number,
    ActualPartCount: content.parts?.length ?? 1,
  });
}

/** An object's metadata as headers, with those that the request wants instead ("GetObject": response headers). */
function metadataAnswer({ content: { metadata } }: StoredObject, input: ReadInput) {
  const expires = input.ResponseExpires?.getTime() ?? metadata.expires;
  return {
    ContentType: input.ResponseContentType ?? metadata.contentType,
    ...given('CacheControl', input.ResponseCacheControl ?? metadata.cacheControl),
    ...given('ContentDisposition', input.ResponseContentDisposition ?? metadata.contentDisposition),
    ...given('ContentEncoding', input.ResponseContentEncoding ?? metadata.contentEncoding),
    ...given('ContentLanguage', input.ResponseContentLanguage ?? metadata.contentLanguage),
    ...given('Expires', expires === undefined ? undefined : dateOf(expires)),
    ...given('WebsiteRedirectLocation', metadata.redirect),
    Metadata: { ...metadata.user },
  };
}
