import type { Image } from '../model/ecr/image.ts';
import type { Transaction } from './store.ts';
import { contentKey, images, layers } from './tables/ecr.ts';

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
