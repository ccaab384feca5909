import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { ObjectContent } from '../../model/s3/object.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { checkAcl } from './acls.ts';
import { checksumAnswer, checksumName } from './checksums.ts';
import { findSource, holdSource, type CopySource } from './copy-source.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { digestContent } from './digest-content.ts';
import { encrypted } from './encryption.ts';
import { invalidArgument, invalidRequest, refuse } from './errors.ts';
import { findBucket, versionHeader } from './find.ts';
import { checkKey, checkStorage, readMetadata } from './metadata.ts';
import { checkWrite, putVersion } from './put-version.ts';
import { checkTagHeader } from './tag-rules.ts';

/** "CopyObject": of what is larger, parts are copied. */
const MOST_BYTES = 5 * 1024 ** 3;

/** CopyObject. The copy shares the content of its source on the disk. */
export function copyObjectHandlers(deps: S3Deps) {
  const { store } = deps;
  return {
    CopyObject: async (input, ctx) => {
      const { name: bucket } = findBucket(store, ctx, input);
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
      return holdSource(deps, source, async () => {
        const plain = await inOnePiece(deps, source, input.ChecksumAlgorithm);
        const { redirect: _, ...kept } = object.content.metadata;
        const content: ObjectContent = {
          ...plain,
          metadata: replacesMetadata ? given_ : { ...kept, ...given('redirect', given_.redirect) },
          tags: replacesTags ? tags : object.content.tags,
        };
        const written = store.transact((tx) => {
          checkWrite(tx, bucket, key, input);
          return putVersion(deps, tx, { bucket, key }, content);
        });
        await collectGarbage(deps, written.garbage);
        return {
          CopyObjectResult: {
            ETag: `"${content.etag}"`,
            LastModified: dateOf(written.version.modifiedAt),
            ...checksumAnswer(content.checksum),
          },
          ...encrypted,
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
  const wanted = checksumName(algorithm ?? (parts === undefined ? content.checksum.algorithm : 'CRC64NVME'));
  if (parts === undefined && wanted === content.checksum.algorithm) return content;
  const { md5, checksum } = await digestContent(blobs, content.segments, wanted);
  return { ...content, etag: md5, checksum: { algorithm: wanted, value: checksum, type: 'FULL_OBJECT' as const } };
}

function illegalCopy() {
  return invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
      'metadata, storage class, website redirect location or encryption attributes.',
  );
}
