import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import type { ObjectContent } from '../../model/s3/object.ts';
import { checksumAnswer, checksumMember } from './checksums.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { invalidArgument } from './errors.ts';
import { findBucket, versionHeader } from './find.ts';
import { findObject } from './get-object.ts';
import { PAGE } from './listing.ts';
import { refuseCustomerKey } from './encryption.ts';
import { checkNumber } from './metadata.ts';

const attributeNames = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']);

/** GetObjectAttributes. */
export function objectAttributesHandlers({ store }: S3Deps) {
  return {
    GetObjectAttributes: (input, ctx) => {
      refuseCustomerKey(input);
      const wanted = new Set<string>(input.ObjectAttributes);
      const unknown = [...wanted].find((name) => !attributeNames.has(name));
      if (unknown !== undefined || wanted.size === 0) {
        throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', unknown ?? '');
      }
      checkNumber('max-parts', input.MaxParts, 0, 2 ** 31 - 1);
      const after = Number(input.PartNumberMarker ?? '0');
      checkNumber('part-number-marker', after, 0, 2 ** 31 - 1);
      const bucket = findBucket(store, ctx, input);
      const object = findObject({ store }, bucket, input);
      const { content } = object;
      return {
        LastModified: dateOf(object.modifiedAt),
        ...versionHeader(bucket, object),
        ...(wanted.has('ETag') ? { ETag: content.etag } : {}),
        ...(wanted.has('Checksum') ? { Checksum: checksumAnswer(content.checksum) } : {}),
        ...(wanted.has('StorageClass') ? { StorageClass: 'STANDARD' as const } : {}),
        ...(wanted.has('ObjectSize') ? { ObjectSize: content.sizeBytes } : {}),
        ...given('ObjectParts', wanted.has('ObjectParts') ? partsAnswer(content, after, input.MaxParts) : undefined),
      };
    },
  } satisfies S3Handlers;
}

function partsAnswer({ parts, checksum }: ObjectContent, after: number, maxParts: number | undefined) {
  if (parts === undefined) return undefined;
  const most = Math.min(maxParts ?? PAGE, PAGE);
  const rest = parts.filter(({ number }) => number > after);
  const page = rest.slice(0, most);
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
    MaxParts: most,
    IsTruncated: page.length < rest.length,
    Parts: page.map((part) => ({
      PartNumber: part.number,
      Size: part.sizeBytes,
      ...(part.checksum === undefined ? {} : checksumMember(checksum.algorithm, part.checksum)),
    })),
  };
}
