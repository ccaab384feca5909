import type { ChecksumName } from '../../base/checksums.ts';
import type { ObjectChecksum } from '../../model/s3/object.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { checkAcl } from './acls.ts';
import { checksumAnswer } from './checksums.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { encrypted } from './encryption.ts';
import { refuse } from './errors.ts';
import { findBucket, versionHeader } from './find.ts';
import { checkKey, checkStorage, readMetadata } from './metadata.ts';
import { checkWrite, putVersion } from './put-version.ts';
import { receiveBody } from './receive.ts';
import { checkTagHeader } from './tag-rules.ts';

/** PutObject. */
export function putObjectHandlers(deps: S3Deps) {
  const { store } = deps;
  return {
    PutObject: async (input, ctx) => {
      const { name: bucket } = findBucket(store, ctx, input);
      const key = input.Key ?? '';
      checkKey(key);
      checkAcl(input);
      checkStorage(input);
      refuse({ 'x-amz-write-offset-bytes': input.WriteOffsetBytes });
      const metadata = readMetadata(input);
      const tags = checkTagHeader(input.Tagging);
      // Looked at now, to spare the upload, and once more when it is done.
      checkWrite(store, bucket, key, input);
      const received = await receiveBody(deps, input, [], 'CRC64NVME');
      const { sizeBytes, md5 } = received;
      const checksum = wholeChecksum(received.checksums);
      const written = await received.keep((segments) =>
        store.transact((tx) => {
          checkWrite(tx, bucket, key, input);
          return putVersion(deps, tx, { bucket, key }, { etag: md5, sizeBytes, segments, checksum, metadata, tags });
        }),
      );
      await collectGarbage(deps, written.garbage);
      return {
        ETag: `"${md5}"`,
        ...encrypted,
        ...checksumAnswer(checksum),
        ...versionHeader(written.bucket, written.version),
      };
    },
  } satisfies S3Handlers;
}

/** The checksum of an object that came in one piece. */
function wholeChecksum(checksums: ReadonlyMap<ChecksumName, string>): ObjectChecksum {
  const [[algorithm, value] = ['CRC64NVME' as const, '']] = checksums;
  return { algorithm, value, type: 'FULL_OBJECT' };
}
