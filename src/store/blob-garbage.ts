import type { Blobs } from './blobs/blobs.ts';
import type { Reader, Store } from './store.ts';
import { images, layers } from './tables/ecr.ts';
import { objectVersions, uploadedParts } from './tables/s3.ts';

/** Whether anything still needs the blob: a repository of any registry, an object of any bucket, an upload. */
export function isReferenced(reader: Reader, digest: string): boolean {
  return (
    reader.countBy(images, 'content', digest) > 0 ||
    reader.countBy(layers, 'content', digest) > 0 ||
    reader.countBy(objectVersions, 'content', digest) > 0 ||
    reader.countBy(uploadedParts, 'content', digest) > 0
  );
}

/**
 * Deletes the content of those digests that nothing needs any more, once the rows that needed it are gone for good: a
 * crash in between must not bring back an image or an object without its content.
 */
export async function collectGarbage(
  { blobs, store }: { readonly blobs: Pick<Blobs, 'collect'>; readonly store: Store },
  digests: readonly string[],
): Promise<void> {
  if (digests.length === 0) return;
  await store.flushed();
  blobs.collect(digests, (digest) => isReferenced(store, digest));
}
