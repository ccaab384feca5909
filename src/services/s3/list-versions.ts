import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { isObject, type ObjectVersion } from '../../model/s3/object.ts';
import { versionsOf } from '../../store/object-versions.ts';
import type { S3Deps, S3Handlers } from './deps.ts';
import { invalidArgument } from './errors.ts';
import { findBucket } from './find.ts';
import type { KeyIndex } from './key-index.ts';
import { checkListing, encodeKey, PAGE } from './listing.ts';
import { checkNumber } from './metadata.ts';
import { canonicalId } from './owner.ts';
import { walkKeys } from './walk-keys.ts';

interface Entry {
  readonly version: ObjectVersion;
  readonly isLatest: boolean;
}

/** ListObjectVersions ("Listing objects in a versioning-enabled bucket"): by key, the newest version first. */
export function listVersionHandlers({ store }: S3Deps, index: KeyIndex) {
  return {
    ListObjectVersions: (input, ctx) => {
      const { name, account } = findBucket(store, ctx, input);
      checkListing(input);
      checkNumber('max-keys', input.MaxKeys, 0, 2 ** 31 - 1);
      const { Prefix = '', Delimiter = '', KeyMarker, VersionIdMarker } = input;
      if (VersionIdMarker !== undefined && VersionIdMarker !== '' && !KeyMarker) {
        const message = 'A version-id marker cannot be specified without a key marker.';
        throw invalidArgument(message, 'version-id-marker', VersionIdMarker);
      }
      const most = Math.min(input.MaxKeys ?? PAGE, PAGE);
      const entries: (Entry | string)[] = [];
      let isTruncated = false;
      for (const entry of walk(KeyMarker || undefined, VersionIdMarker || undefined)) {
        isTruncated = entries.length === most;
        if (isTruncated) break;
        entries.push(entry);
      }
      const encode = encodeKey(input.EncodingType);
      const last = entries.at(-1);
      const found = entries.filter((entry) => typeof entry !== 'string');
      const owner = { Owner: { ID: canonicalId(account) } };
      return {
        Name: name,
        Prefix: encode(Prefix),
        ...given('Delimiter', Delimiter === '' ? undefined : encode(Delimiter)),
        KeyMarker: encode(KeyMarker ?? ''),
        VersionIdMarker: VersionIdMarker ?? '',
        ...given('EncodingType', input.EncodingType),
        MaxKeys: most,
        IsTruncated: isTruncated && most > 0,
        ...(isTruncated && last !== undefined ? markers(last, encode) : {}),
        Versions: found.flatMap(({ version, isLatest }) =>
          isObject(version)
            ? [
                {
                  ...named(version, isLatest, encode),
                  ...owner,
                  ETag: `"${version.content.etag}"`,
                  Size: version.content.sizeBytes,
                  StorageClass: 'STANDARD' as const,
                  ChecksumAlgorithm: [version.content.checksum.algorithm],
                  ChecksumType: version.content.checksum.type,
                },
              ]
            : [],
        ),
        DeleteMarkers: found.flatMap(({ version, isLatest }) =>
          isObject(version) ? [] : [{ ...named(version, isLatest, encode), ...owner }],
        ),
        CommonPrefixes: entries.flatMap((entry) => (typeof entry === 'string' ? [{ Prefix: encode(entry) }] : [])),
      };

      /** Versions, and common prefixes, past the markers. */
      function* walk(key: string | undefined, versionId: string | undefined): Generator<Entry | string, void> {
        // The rest of the versions of the key where the page before ended.
        if (key !== undefined && versionId !== undefined && key.startsWith(Prefix)) {
          const all = newestFirst(key);
          yield* all.slice(all.findIndex(({ version }) => version.versionId === versionId) + 1 || all.length);
        }
        const keys = index.keysOf(name);
        for (const step of walkKeys(keys, { prefix: Prefix, delimiter: Delimiter, after: key })) {
          if ('key' in step) yield* newestFirst(step.key);
          else yield step.commonPrefix;
        }
      }

      function newestFirst(key: string): Entry[] {
        return versionsOf(store, name, key)
          .toReversed()
          .map((version, place) => ({ version, isLatest: place === 0 }));
      }
    },
  } satisfies S3Handlers;
}

function named(version: ObjectVersion, isLatest: boolean, encode: (key: string) => string) {
  return {
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: dateOf(version.modifiedAt),
  };
}

function markers(last: Entry | string, encode: (key: string) => string) {
  if (typeof last === 'string') return { NextKeyMarker: encode(last) };
  return { NextKeyMarker: encode(last.version.key), NextVersionIdMarker: last.version.versionId };
}
