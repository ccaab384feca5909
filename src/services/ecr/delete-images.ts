import type { ImageFailure, ImageIdentifier } from '@aws-sdk/client-ecr';
import type { Image } from '../../model/ecr/image.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import type { Transaction } from '../../store/store.ts';
import { images } from '../../store/tables/ecr.ts';
import type { EcrDeps } from './deps.ts';
import { findImage } from './find.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { removeImage } from '../../store/image-garbage.ts';

/**
 * Deletes images ("BatchDeleteImage", ECR API Reference): a digest deletes the image with all its tags; a tag alone is
 * taken away, and the image goes with its last tag. An image that an index lists cannot go before the index.
 */
export async function deleteImages(
  deps: EcrDeps,
  repository: Repository,
  ids: readonly ImageIdentifier[],
): Promise<{ deleted: ImageIdentifier[]; failures: ImageFailure[] }> {
  const deleted: ImageIdentifier[] = [];
  const failures: ImageFailure[] = [];
  const garbage: string[] = [];
  deps.store.transact((tx) => {
    // Indexes first, so that an index and what it lists can be deleted by one call in any order.
    const found = ids.map((id) => ({ id, image: findImage(tx, repository, id) }));
    found.sort((a, b) => (b.image?.manifests.length ?? 0) - (a.image?.manifests.length ?? 0));
    for (const { id } of found) {
      const image = findImage(tx, repository, id);
      if (image === undefined) {
        failures.push(missing(tx, repository, id));
        continue;
      }
      const untags = id.imageDigest === undefined && image.tags.length > 1;
      const lists = untags ? [] : listing(tx, image);
      if (lists.length > 0) {
        failures.push({
          imageId: { ...id, imageDigest: image.digest },
          failureCode: 'ImageReferencedByManifestList',
          failureReason: `Requested image referenced by manifest list: [${lists.join(', ')}]`,
        });
        continue;
      }
      if (untags) {
        tx.put(images, { ...image, tags: image.tags.filter((tag) => tag !== id.imageTag) });
        deleted.push({ imageDigest: image.digest, ...id });
        continue;
      }
      garbage.push(...removeImage(tx, image));
      if (image.tags.length === 0) deleted.push({ imageDigest: image.digest });
      for (const imageTag of image.tags) deleted.push({ imageDigest: image.digest, imageTag });
    }
  });
  await collectGarbage(deps, garbage);
  return { deleted, failures };
}

/** The digests of the indexes that list an image. */
function listing(tx: Transaction, image: Image): string[] {
  const all = tx.by(images, 'repository', image.repositoryArn);
  return all.filter((other) => other.manifests.includes(image.digest)).map((other) => other.digest);
}

function missing(tx: Transaction, repository: Repository, id: ImageIdentifier): ImageFailure {
  const { imageDigest } = id;
  const exists = imageDigest !== undefined && findImage(tx, repository, { imageDigest }) !== undefined;
  if (exists && id.imageTag !== undefined) {
    const failureReason = 'Requested image tag does not match the image digest';
    return { imageId: id, failureCode: 'ImageTagDoesNotMatchDigest', failureReason };
  }
  return { imageId: id, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}
