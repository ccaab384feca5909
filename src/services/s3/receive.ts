import { createHash } from 'node:crypto';
import { badChecksum, badMd5, checkMd5Form } from '../../aws/body-checks.ts';
import { checksumOf, checksumNames, headerOfChecksum, type ChecksumName } from '../../base/checksums.ts';
import type { StreamedBody } from '../../aws/handlers.ts';
import type { Segment } from '../../model/s3/object.ts';
import { sealSaltBytes, sealStream } from '../../store/keys/sealed-stream.ts';
import type { BlobUpload } from '../../store/blobs/blobs.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { checkChecksumForm, checksumName, claimedChecksum, type ChecksumMembers } from './checksums.ts';
import type { S3Deps } from './deps.ts';
import type { Sealing } from './encryption.ts';
import { invalidRequest, s3Error } from './errors.ts';

/** "Uploading objects": the most that one request may carry. */
const MOST_BYTES = 5 * 1024 ** 3;

/** What a request says of its body. */
export interface BodyInput extends ChecksumMembers {
  readonly Body?: StreamedBody | undefined;
  readonly ContentLength?: number | undefined;
  readonly ContentMD5?: string | undefined;
  readonly ChecksumAlgorithm?: string | undefined;
}

/** A body that has arrived whole and is what its sender said of it, but that nobody sees yet. */
export interface Received {
  readonly sizeBytes: number;
  /** In hexadecimal digits. */
  readonly md5: string;
  /** The MD5 too, but of content that is sealed with a key of KMS nothing can be told from it ("Object": ETag). */
  readonly etag: string;
  /** In base64, of those that the client sent and those that were asked for. */
  readonly checksums: ReadonlyMap<ChecksumName, string>;
  /** Makes it durable, and has `write` refer to it in the store. When that throws, the content goes again. */
  keep<Result>(write: (segments: Segment[]) => Result): Promise<Result>;
}

/**
 * Takes the body of a PutObject or UploadPart to the disk as it arrives, and verifies what the request says of it. `wanted`
 * are checksums to compute besides the client's own; `orElse` one for a client that sends none. `sealing` is how the content is
 * encrypted with a key of KMS, where it is.
 */
export async function receiveBody(
  deps: S3Deps,
  input: BodyInput,
  wanted: readonly ChecksumName[],
  orElse: ChecksumName,
  sealing: Sealing | undefined,
): Promise<Received> {
  const { Body: body, ContentMD5: md5 } = input;
  if (body === undefined) throw new Error('the operation streams its body');
  const size = body.announcedBytes ?? input.ContentLength;
  if (size === undefined) {
    throw s3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  checkSize(size);
  if (md5 !== undefined) checkMd5Form(md5);
  const claim = claimedChecksum(input) ?? trailing(body, input.ChecksumAlgorithm);
  const names = new Set([...wanted, claim?.name ?? orElse]);
  const sums = new Map([...names].map((name) => [name, checksumOf(name)]));
  const digest = createHash('md5');
  const upload = await deps.blobs.begin('s3');
  try {
    let sizeBytes = 0;
    const count = { update: (bytes: Uint8Array) => (sizeBytes += bytes.length) };
    const plain = watched(body, [count, digest, ...sums.values()]);
    const salt = deps.vault.random(sealSaltBytes);
    await upload.append(sealing === undefined ? plain : sealStream(plain, sealing.dataKey, salt));
    const received = digest.digest();
    if (md5 !== undefined && received.toString('base64') !== md5) throw badMd5();
    const checksums = new Map([...sums].map(([name, sum]) => [name, sum.digest().toString('base64')]));
    if (claim !== undefined) {
      const sent = claim.value ?? body.trailers.get(headerOfChecksum(claim.name));
      if (sent === undefined)
        throw s3Error(
          400,
          'MalformedTrailerError',
          'The request contained trailing data that was not well-formed or did not conform to our published schema.',
        );
      checkChecksumForm(claim.name, sent);
      if (checksums.get(claim.name) !== sent) throw badChecksum(claim.name);
    }
    return {
      sizeBytes,
      md5: received.toString('hex'),
      etag: sealing === undefined ? received.toString('hex') : deps.ids.hex(32),
      checksums,
      keep: (write) => keep(deps, upload, sizeBytes, write),
    };
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** Throws EntityTooLarge. */
export function checkSize(size: number): void {
  if (size <= MOST_BYTES) return;
  throw s3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    ProposedSize: size,
    MaxSizeAllowed: MOST_BYTES,
  });
}

/** The checksum that is to follow the body, by the header that announces it. */
function trailing(body: StreamedBody, algorithm: string | undefined) {
  const name = checksumNames.find((each) => body.announcedTrailers.includes(headerOfChecksum(each)));
  if (name === undefined && algorithm !== undefined) {
    checksumName(algorithm);
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return name === undefined ? undefined : { name, value: undefined };
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  sums: readonly { update(bytes: Uint8Array): unknown }[],
): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    for (const sum of sums) sum.update(bytes);
    yield bytes;
  }
}

async function keep<Result>(
  deps: S3Deps,
  upload: BlobUpload,
  sizeBytes: number,
  write: (segments: Segment[]) => Result,
): Promise<Result> {
  const digest = upload.digest();
  try {
    return await upload.commit(digest, () => write(sizeBytes === 0 ? [] : [{ blob: digest, sizeBytes }]));
  } finally {
    // What `write` did not refer to, because it threw or there is nothing in it, is garbage.
    await collectGarbage(deps, [digest]);
  }
}

/** A content that is here already as a body, to be received anew: encrypted in another way. */
export function asBody(content: AsyncIterable<Uint8Array>, sizeBytes: number): StreamedBody {
  const body = { announcedBytes: sizeBytes, announcedTrailers: [], trailers: new Map<string, string>() };
  return Object.assign(body, { [Symbol.asyncIterator]: () => content[Symbol.asyncIterator]() });
}
