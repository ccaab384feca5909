import { given } from '../../base/given.ts';
import type { ChecksumName } from '../../base/checksums.ts';
import type { ObjectChecksum } from '../../model/s3/object.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { checkAcl } from './acls.ts';
import { checksumAnswer } from './checksums.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { chooseEncryption, writtenAnswer } from './encryption.ts';
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
      const found = findBucket(store, ctx, input);
      const { name: bucket } = found;
      const key = input.Key ?? '';
      checkKey(key);
      checkAcl(input);
      checkStorage(input);
      refuse({ 'x-amz-write-offset-bytes': input.WriteOffsetBytes });
      const metadata = readMetadata(input);
      const tags = checkTagHeader(input.Tagging);
      // Looked at now, to spare the upload, and once more when it is done.
      checkWrite(store, bucket, key, input);
      const sealing = chooseEncryption(deps, found, key, input);
      const received = await receiveBody(deps, input, [], 'CRC64NVME', sealing);
      const { sizeBytes, etag } = received;
      const checksum = wholeChecksum(received.checksums);
      const written = await received.keep((segments) =>
        store.transact((tx) => {
          checkWrite(tx, bucket, key, input);
          const content = { etag, sizeBytes, segments, checksum, metadata, tags };
          return putVersion(deps, tx, { bucket, key }, { ...content, ...given('encryption', sealing?.encryption) });
        }),
      );
      await collectGarbage(deps, written.garbage);
      return {
        ETag: `"${etag}"`,
        ...writtenAnswer(sealing?.encryption),
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
