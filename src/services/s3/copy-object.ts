import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { ChecksumName } from '../../base/checksums.ts';
import type { ObjectContent, StoredObject } from '../../model/s3/object.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { checkAcl } from './acls.ts';
import { checksumAnswer, checksumName } from './checksums.ts';
import { streamContent } from './content.ts';
import { findSource, holdSource, type CopySource } from './copy-source.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { digestContent } from './digest-content.ts';
import { chooseEncryption, writtenAnswer, type Sealing } from './encryption.ts';
import { invalidArgument, invalidRequest, refuse } from './errors.ts';
import { findBucket, versionHeader } from './find.ts';
import { openContent } from './get-object.ts';
import { checkKey, checkStorage, readMetadata } from './metadata.ts';
import { checkWrite, putVersion, type Written } from './put-version.ts';
import { asBody, receiveBody } from './receive.ts';
import { checkTagHeader } from './tag-rules.ts';

/** "CopyObject": of what is larger, parts are copied. */
const MOST_BYTES = 5 * 1024 ** 3;

/** CopyObject. The copy shares the content of its source on the disk, unless either is encrypted with a key of KMS. */
export function copyObjectHandlers(deps: S3Deps) {
  const { store } = deps;
  return {
    CopyObject: async (input, ctx) => {
      const to = findBucket(store, ctx, input);
      const { name: bucket } = to;
      const key = input.Key ?? '';
      checkKey(key);
      checkAcl(input);
      checkStorage(input);
      refuse({ 'x-amz-annotation-directive': input.AnnotationDirective });
      const replacesMetadata = directive('x-amz-metadata-directive', input.MetadataDirective);
      const replacesTags = directive('x-amz-tagging-directive', input.TaggingDirective);
      const given_ = readMetadata(input);
      const tags = checkTagHeader(input.Tagging);
      const source = findSource(store, ctx, input);
      const { object, bucket: from, namedVersion } = source;
      if (object.content.sizeBytes > MOST_BYTES) {
        throw invalidRequest(
          `The specified copy source is larger than the maximum allowable size for a copy source: ${MOST_BYTES}`,
        );
      }
      const isItself = from.name === bucket && object.key === key && namedVersion === undefined;
      const changes = replacesMetadata || input.WebsiteRedirectLocation !== undefined;
      if (isItself && !changes && input.ServerSideEncryption === undefined) throw illegalCopy();
      const sealing = chooseEncryption(deps, to, key, input);
      return holdSource(deps, source, async () => {
        const { redirect: _, ...kept } = object.content.metadata;
        const rest = {
          metadata: replacesMetadata ? given_ : { ...kept, ...given('redirect', given_.redirect) },
          tags: replacesTags ? tags : object.content.tags,
        };
        const write = (content: ObjectContent): Written & { readonly content: ObjectContent } =>
          store.transact((tx) => {
            checkWrite(tx, bucket, key, input);
            return { ...putVersion(deps, tx, { bucket, key }, content), content };
          });
        const isSealed = (sealing ?? object.content.encryption) !== undefined;
        const written = isSealed
          ? await sealedAnew(deps, source, input.ChecksumAlgorithm, sealing, (content) =>
              write({ ...content, ...rest }),
            )
          : write({ ...(await inOnePiece(deps, source, input.ChecksumAlgorithm)), ...rest });
        const { content } = written;
        await collectGarbage(deps, written.garbage);
        return {
          CopyObjectResult: {
            ETag: `"${content.etag}"`,
            LastModified: dateOf(written.version.modifiedAt),
            ...checksumAnswer(content.checksum),
          },
          ...writtenAnswer(sealing?.encryption),
          ...given('CopySourceVersionId', from.versioning === undefined ? undefined : object.versionId),
          ...versionHeader(written.bucket, written.version),
        };
      });
    },
  } satisfies S3Handlers;
}

/** Whether a directive says REPLACE. */
function directive(name: string, value: string | undefined): boolean {
  if (value === undefined || value === 'COPY') return false;
  if (value === 'REPLACE') return true;
  throw invalidArgument(
    `Unknown ${name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging'} directive.`,
    name,
    value,
  );
}

/** The content of a copy: of what came in parts, ETag and checksum are computed anew, for the copy is of one piece. */
async function inOnePiece({ blobs }: S3Deps, { object }: CopySource, algorithm: string | undefined) {
  const { parts, uploadId: _, ...content } = object.content;
  const wanted = checksumOfCopy(object, algorithm);
  if (parts === undefined && wanted === content.checksum.algorithm) return content;
  const { md5, checksum } = await digestContent(blobs, content, wanted);
  return { ...content, etag: md5, checksum: { algorithm: wanted, value: checksum, type: 'FULL_OBJECT' as const } };
}

/** A copy whose content is encrypted with another key than the source's, or with none: written anew. */
async function sealedAnew<Result>(
  deps: S3Deps,
  { object, bucket }: CopySource,
  algorithm: string | undefined,
  sealing: Sealing | undefined,
  write: (content: Omit<ObjectContent, 'metadata' | 'tags'>) => Result,
): Promise<Result> {
  const wanted = checksumOfCopy(object, algorithm);
  const { sizeBytes } = object.content;
  const content = streamContent(deps.blobs, openContent(deps, bucket, object), { start: 0, end: sizeBytes - 1 });
  const received = await receiveBody(deps, { Body: asBody(content, sizeBytes) }, [wanted], wanted, sealing);
  const checksum = {
    algorithm: wanted,
    value: received.checksums.get(wanted) ?? '',
    type: 'FULL_OBJECT' as const,
  };
  const { etag } = received;
  return received.keep((segments) =>
    write({ etag, sizeBytes, segments, checksum, ...given('encryption', sealing?.encryption) }),
  );
}

/** Which checksum a copy has: the one that is asked for, or that of the source where it came in one piece. */
function checksumOfCopy({ content: { parts, checksum } }: StoredObject, asked: string | undefined): ChecksumName {
  return checksumName(asked ?? (parts === undefined ? checksum.algorithm : 'CRC64NVME'));
}

function illegalCopy() {
  return invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
      'metadata, storage class, website redirect location or encryption attributes.',
  );
}
