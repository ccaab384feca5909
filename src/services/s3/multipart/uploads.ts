import { dateOf } from '../../../base/clock.ts';
import { given } from '../../../base/given.ts';
import type { Ctx } from '../../../aws/handlers.ts';
import { compareKeys } from '../../../model/s3/key-order.ts';
import type { MultipartUpload } from '../../../model/s3/object.ts';
import { collectGarbage } from '../../../store/blob-garbage.ts';
import { removeUpload } from '../../../store/object-versions.ts';
import type { Reader } from '../../../store/store.ts';
import { multipartUploads } from '../../../store/tables/s3.ts';
import { checkAcl } from '../acls.ts';
import { checksumName } from '../checksums.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { chooseEncryption, writtenAnswer } from '../encryption.ts';
import { invalidArgument, invalidRequest, noSuchUpload } from '../errors.ts';
import { findBucket, type BucketInput } from '../find.ts';
import { checkListing, encodeKey, PAGE } from '../listing.ts';
import { checkKey, checkNumber, checkStorage, readMetadata } from '../metadata.ts';
import { canonicalId } from '../owner.ts';
import { checkTagHeader } from '../tag-rules.ts';

/** What names an upload. */
export interface UploadInput extends BucketInput {
  readonly Key: string | undefined;
  readonly UploadId: string | undefined;
}

/** The upload, or NoSuchUpload. */
export function findUpload(reader: Reader, ctx: Ctx, input: UploadInput): MultipartUpload {
  const { name } = findBucket(reader, ctx, input);
  const { UploadId: id = '', Key: key } = input;
  const upload = reader.get(multipartUploads, id);
  if (upload === undefined || upload.bucket !== name || upload.key !== key) throw noSuchUpload(id);
  return upload;
}

/** Uploads in parts: beginning, listing, giving up ("Uploading and copying objects using multipart upload"). */
export function uploadHandlers(deps: S3Deps) {
  const { store, ids, clock } = deps;
  return {
    CreateMultipartUpload: (input, ctx) => {
      const found = findBucket(store, ctx, input);
      const { name: bucket, account, region } = found;
      const key = input.Key ?? '';
      checkKey(key);
      checkAcl(input);
      checkStorage(input);
      const checksum = checksumWish(input.ChecksumAlgorithm, input.ChecksumType);
      const upload: MultipartUpload = {
        id: Buffer.from(ids.hex(96), 'hex').toString('base64url'),
        account,
        region,
        bucket,
        key,
        startedAt: Math.floor(clock.now() / 1000) * 1000,
        initiator: ctx.caller.arn,
        metadata: readMetadata(input),
        tags: checkTagHeader(input.Tagging),
        ...given('encryption', chooseEncryption(deps, found, key, input)?.encryption),
        ...given('checksum', checksum),
      };
      store.transact((tx) => tx.put(multipartUploads, upload));
      return {
        Bucket: bucket,
        Key: key,
        UploadId: upload.id,
        ...writtenAnswer(upload.encryption),
        ...(checksum === undefined ? {} : { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
      };
    },
    AbortMultipartUpload: async (input, ctx) => {
      const garbage = store.transact((tx) => {
        const upload = findUpload(tx, ctx, input);
        const { IfMatchInitiatedTime: startedAt } = input;
        if (startedAt !== undefined)
          throw invalidRequest('x-amz-if-match-initiated-time is for directory buckets only');
        return removeUpload(tx, upload.id);
      });
      await collectGarbage(deps, garbage);
      return {};
    },
    ListMultipartUploads: (input, ctx) => {
      const { name } = findBucket(store, ctx, input);
      checkListing(input);
      checkNumber('max-uploads', input.MaxUploads, 0, 2 ** 31 - 1);
      const { Prefix = '', Delimiter = '', KeyMarker = '', UploadIdMarker = '' } = input;
      const most = Math.min(input.MaxUploads ?? PAGE, PAGE);
      const encode = encodeKey(input.EncodingType);
      const entries = uploadEntries(store.by(multipartUploads, 'bucket', name), Prefix, Delimiter).filter((entry) =>
        isPast(entry, KeyMarker, UploadIdMarker),
      );
      const page = entries.slice(0, most);
      const last = page.at(-1);
      const isTruncated = page.length < entries.length && most > 0;
      return {
        Bucket: name,
        KeyMarker: encode(KeyMarker),
        UploadIdMarker,
        Prefix: encode(Prefix),
        ...given('Delimiter', Delimiter === '' ? undefined : encode(Delimiter)),
        ...given('EncodingType', input.EncodingType),
        MaxUploads: most,
        IsTruncated: isTruncated,
        ...(isTruncated && last !== undefined
          ? { NextKeyMarker: encode(last.name), NextUploadIdMarker: last.upload?.id ?? '' }
          : {}),
        Uploads: page.flatMap(({ upload }) => (upload === undefined ? [] : [sdkUpload(upload, encode)])),
        CommonPrefixes: page.flatMap((entry) => (entry.upload ? [] : [{ Prefix: encode(entry.name) }])),
      };
    },
  } satisfies S3Handlers;
}

/** Who owns an upload, and who began it. */
export function uploadPeople({ account, initiator }: MultipartUpload) {
  return { Owner: { ID: canonicalId(account) }, Initiator: { ID: initiator }, StorageClass: 'STANDARD' as const };
}

function sdkUpload(upload: MultipartUpload, encode: (key: string) => string) {
  return {
    Key: encode(upload.key),
    UploadId: upload.id,
    Initiated: dateOf(upload.startedAt),
    ...uploadPeople(upload),
    ...(upload.checksum === undefined
      ? {}
      : { ChecksumAlgorithm: upload.checksum.algorithm, ChecksumType: upload.checksum.type }),
  };
}

/** A row of a listing: an upload, or what several keys have in common. */
interface UploadEntry {
  readonly name: string;
  readonly upload: MultipartUpload | undefined;
}

/** Uploads by key, those of one key in the order of their beginning, keys past the delimiter rolled up. */
function uploadEntries(uploads: readonly MultipartUpload[], prefix: string, delimiter: string): UploadEntry[] {
  const entries: UploadEntry[] = [];
  const common = new Set<string>();
  for (const upload of uploads.toSorted((a, b) => compareKeys(a.key, b.key))) {
    if (!upload.key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? upload.key : upload.key.slice(0, end + delimiter.length);
    if (end < 0) entries.push({ name, upload });
    else if (!common.has(name)) entries.push({ name, upload: undefined });
    if (end >= 0) common.add(name);
  }
  return entries;
}

/** Whether an entry comes after the markers. Uploads of one key are told apart by their ids. */
function isPast({ name, upload }: UploadEntry, keyMarker: string, idMarker: string): boolean {
  if (keyMarker === '') return true;
  const order = compareKeys(name, keyMarker);
  return order > 0 || (order === 0 && idMarker !== '' && upload !== undefined && upload.id > idMarker);
}

/** The checksum that an upload is to have ("Checking object integrity": which types go with which algorithms). */
function checksumWish(algorithm: string | undefined, type: string | undefined): MultipartUpload['checksum'] {
  if (algorithm === undefined) {
    if (type === undefined) return undefined;
    throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
  }
  const name = checksumName(algorithm);
  if (type !== undefined && type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw invalidArgument('Value for x-amz-checksum-type header is invalid.', 'x-amz-checksum-type', type);
  }
  const isCrc = name.startsWith('CRC');
  const chosen = type ?? (name === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  if ((chosen === 'FULL_OBJECT' && !isCrc) || (chosen === 'COMPOSITE' && name === 'CRC64NVME')) {
    throw invalidRequest(
      `The ${chosen} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm: name, type: chosen };
}
