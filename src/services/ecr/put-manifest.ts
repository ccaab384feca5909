import { createHash } from 'node:crypto';
import { AwsError } from '../../base/errors.ts';
import type { Image } from '../../model/ecr/image.ts';
import { parseManifest, type Manifest } from '../../model/ecr/manifest.ts';
import { isTagMutable, type Repository } from '../../model/ecr/repository.ts';
import type { Transaction } from '../../store/store.ts';
import { contentKey, images, layers, repositories } from '../../store/tables/ecr.ts';
import type { EcrDeps } from './deps.ts';
import {
  imageAlreadyExists,
  imageTagAlreadyExists,
  layersNotFound,
  referencedImagesNotFound,
  repositoryNotFound,
} from './errors.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';

/** A manifest on its way into a repository, by the API or the registry. */
export interface NewManifest {
  readonly content: Buffer;
  readonly mediaType?: string | undefined;
  readonly tag?: string | undefined;
  /** What the client says its digest is. */
  readonly digest?: string | undefined;
  /** Whether giving a tag to the image that has it already is an error, as it is for PutImage. */
  readonly refusesSame: boolean;
}

/**
 * Stores a manifest and gives it its tag. Everything it needs must be in the repository. Throws `InvalidManifest`, or
 * ECR's error.
 */
export async function putManifest(deps: EcrDeps, repository: Repository, given: NewManifest): Promise<Image> {
  const manifest = parseManifest(given.content.toString('utf8'), given.mediaType);
  const digest = `sha256:${createHash('sha256').update(given.content).digest('hex')}`;
  if (given.digest !== undefined && given.digest !== digest) {
    const message = `Image digest '${given.digest}' does not match the digest of the manifest, '${digest}'`;
    throw new AwsError('ImageDigestDoesNotMatchException', message);
  }
  try {
    return await deps.blobs.put(given.content, () =>
      deps.store.transact((tx) => link(deps, tx, repository, manifest, digest, given)),
    );
  } catch (error) {
    await collectGarbage(deps, [digest]);
    throw error;
  }
}

function link(
  { clock }: EcrDeps,
  tx: Transaction,
  { arn, name, account, region }: Repository,
  manifest: Manifest,
  digest: string,
  { content, tag, refusesSame }: NewManifest,
): Image {
  const repository = tx.get(repositories, arn);
  if (repository === undefined) throw repositoryNotFound(name, { account, region });
  const missing = manifest.blobs.filter((blob) => tx.get(layers, contentKey(arn, blob.digest)) === undefined);
  if (missing.length > 0) throw layersNotFound(digestsOf(missing), name, repository);
  const children = manifest.manifests.map((child) => tx.get(images, contentKey(arn, child.digest)));
  const absent = manifest.manifests.filter((_child, index) => children[index] === undefined);
  if (absent.length > 0) throw referencedImagesNotFound(digestsOf(absent), name, repository);

  const existing = tx.get(images, contentKey(arn, digest));
  const holder = tag === undefined ? undefined : tx.by(images, 'tag', contentKey(arn, tag))[0];
  const isSame = existing !== undefined && (tag === undefined || holder?.digest === digest);
  if (isSame && refusesSame) throw imageAlreadyExists(digest, tag, name, repository);
  if (tag !== undefined && holder !== undefined) {
    if (!isTagMutable(repository, tag)) throw imageTagAlreadyExists(tag, name);
    if (!isSame) tx.put(images, { ...holder, tags: holder.tags.filter((other) => other !== tag) });
  }
  const tags = existing?.tags ?? [];
  const sizes = children.map((child) => child?.sizeBytes ?? 0);
  const image: Image = {
    account,
    region,
    repositoryArn: arn,
    digest,
    tags: tag === undefined || tags.includes(tag) ? tags : [...tags, tag],
    mediaType: manifest.mediaType,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    manifestBytes: content.length,
    sizeBytes: Math.max(
      manifest.blobs.reduce((sum, blob) => sum + blob.size, 0),
      ...sizes,
    ),
    blobs: [...new Set(digestsOf(manifest.blobs))],
    manifests: digestsOf(manifest.manifests),
    ...(manifest.subject === undefined ? {} : { subject: manifest.subject }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    pushedAt: existing?.pushedAt ?? clock.now(),
    ...(existing?.pulledAt === undefined ? {} : { pulledAt: existing.pulledAt }),
  };
  tx.put(images, image);
  return image;
}

function digestsOf(descriptors: readonly { readonly digest: string }[]): string[] {
  return descriptors.map(({ digest }) => digest);
}
