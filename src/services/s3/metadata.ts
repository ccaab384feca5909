import { given } from '../../base/given.ts';
import type { Metadata } from '../../model/s3/object.ts';
import { invalidArgument, refuse, s3Error } from './errors.ts';

/** "Working with object metadata": of the names and values of `x-amz-meta-` headers together. */
const USER_METADATA_BYTES = 2048;
/** "Naming Amazon S3 objects". */
const KEY_BYTES = 1024;

interface MetadataInput {
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
}

/** What a request says of an object's content. */
export function readMetadata(input: MetadataInput): Metadata {
  const user = input.Metadata ?? {};
  const size = Object.entries(user).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > USER_METADATA_BYTES) {
    throw s3Error(400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      Size: size,
      MaxSizeAllowed: USER_METADATA_BYTES,
    });
  }
  const redirect = input.WebsiteRedirectLocation;
  if (redirect !== undefined && !/^(\/|https?:\/\/)/.test(redirect)) {
    const message = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
    throw s3Error(400, 'InvalidRedirectLocation', message);
  }
  // The framing of the request is no property of the object.
  const encodings = (input.ContentEncoding ?? '')
    .split(/\s*,\s*/)
    .filter((text) => text !== '' && text !== 'aws-chunked');
  return {
    contentType: input.ContentType || 'binary/octet-stream',
    ...given('cacheControl', input.CacheControl),
    ...given('contentDisposition', input.ContentDisposition),
    ...given('contentEncoding', encodings.length === 0 ? undefined : encodings.join(',')),
    ...given('contentLanguage', input.ContentLanguage),
    ...given('expires', input.Expires?.getTime()),
    ...given('redirect', redirect),
    user,
  };
}

/** Throws KeyTooLongError. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size <= KEY_BYTES) return;
  throw s3Error(400, 'KeyTooLongError', 'Your key is too long', { Size: size, MaxSizeAllowed: KEY_BYTES });
}

interface StorageInput {
  readonly StorageClass?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly ObjectLockEventHold?: string | undefined;
  readonly ObjectLockEventHoldDurationDays?: number | undefined;
  readonly ObjectLockEventHoldDurationYears?: number | undefined;
}

const storageClasses = new Set([
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
  'FSX_ONTAP',
]);

/** Refuses what would have to be done to the content and is not: other storage classes, locks. */
export function checkStorage(input: StorageInput): void {
  const { StorageClass = 'STANDARD' } = input;
  if (StorageClass !== 'STANDARD') {
    refuse({ [`x-amz-storage-class: ${StorageClass}`]: storageClasses.has(StorageClass) || undefined });
    throw s3Error(400, 'InvalidStorageClass', 'The storage class you specified is not valid', {
      StorageClassRequested: StorageClass,
    });
  }
  const locks = [
    input.ObjectLockMode,
    input.ObjectLockRetainUntilDate,
    input.ObjectLockLegalHoldStatus,
    input.ObjectLockEventHold,
    input.ObjectLockEventHoldDurationDays,
    input.ObjectLockEventHoldDurationYears,
  ];
  if (locks.some((lock) => lock !== undefined)) {
    throw s3Error(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
}

/** Throws InvalidArgument when a request asks for something other than whole numbers between two bounds. */
export function checkNumber(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  const message =
    value < 0
      ? `Argument ${name} must be an integer between ${least} and ${most}`
      : `Provided ${name} not an integer or within integer range`;
  throw invalidArgument(message, name, value);
}
