import type { Image } from '../model/ecr/image.ts';
import type { Blobs } from './blobs/blobs.ts';
import type { Reader, Store, Transaction } from './store.ts';
import { contentKey, images, layers } from './tables/ecr.ts';

/** Whether any repository of any registry still needs the blob. */
export function isReferenced(reader: Reader, digest: string): boolean {
  return reader.by(images, 'content', digest).length > 0 || reader.by(layers, 'content', digest).length > 0;
}

/**
 * Deletes an image, and those of its layers that no other image of the repository has. Answers the digests whose
 * content may be garbage now: hand them to `collectGarbage` after the transaction.
 */
export function removeImage(tx: Transaction, image: Image): string[] {
  tx.delete(images, contentKey(image.repositoryArn, image.digest));
  for (const digest of image.blobs) {
    const others = tx.by(images, 'content', digest).some((other) => other.repositoryArn === image.repositoryArn);
    if (!others) tx.delete(layers, contentKey(image.repositoryArn, digest));
  }
  return [image.digest, ...image.blobs];
}

/**
 * Deletes the content of those digests that nothing needs any more, once the rows that needed it are gone for good: a
 * crash in between must not bring back an image without its content.
 */
export async function collectGarbage(
  { blobs, store }: { readonly blobs: Pick<Blobs, 'collect'>; readonly store: Store },
  digests: readonly string[],
): Promise<void> {
  await store.flushed();
  blobs.collect(digests, (digest) => isReferenced(store, digest));
}
