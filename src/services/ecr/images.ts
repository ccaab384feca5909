import type { ImageFailure, ImageFailureCode, ImageIdentifier } from '@aws-sdk/client-ecr';
import { dateOf } from '../../base/clock.ts';
import type { Image } from '../../model/ecr/image.ts';
import { digestForm, InvalidManifest } from '../../model/ecr/manifest.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import type { Reader } from '../../store/store.ts';
import { images } from '../../store/tables/ecr.ts';
import { deleteImages } from './delete-images.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { imageNotFound, invalidParameter, type ImageId } from './errors.ts';
import { findImage, findRepository } from './find.ts';
import { page } from './paging.ts';
import { putManifest } from './put-manifest.ts';
import { scanStatus } from './scanning.ts';

const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$/;
const MOST_IDS = 100;

/** ListImages, DescribeImages, BatchGetImage, PutImage and BatchDeleteImage. */
export function imageHandlers(deps: EcrDeps): EcrHandlers {
  const { store, blobs } = deps;
  return {
    ListImages(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const ids = filtered(store, repository, input.filter).flatMap(idsOf);
      const wanted = ids.filter((id) => isTagStatus(id.imageTag !== undefined, input.filter?.tagStatus));
      const { items, ...rest } = page(wanted, (id) => `${id.imageDigest} ${id.imageTag ?? ''}`, input);
      return { imageIds: items, ...rest };
    },

    DescribeImages(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const detail = (image: Image): ReturnType<typeof describe> => describe(image, repository);
      if (input.imageIds !== undefined) {
        checkCount(input.imageIds);
        const found = input.imageIds.map((id) => {
          const image = findImage(store, repository, id);
          if (image === undefined) throw imageNotFound(id, repository.name, repository);
          return image;
        });
        return { imageDetails: [...new Set(found)].map(detail) };
      }
      const wanted = filtered(store, repository, input.filter);
      const { items, ...rest } = page(wanted, (image) => image.digest, input);
      return { imageDetails: items.map(detail), ...rest };
    },

    async BatchGetImage(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const ids = input.imageIds ?? [];
      checkCount(ids);
      const found: { id: ImageId; image: Image }[] = [];
      const failures: ImageFailure[] = [];
      for (const id of ids) {
        const failure = badId(id);
        const image = failure === undefined ? findImage(store, repository, id) : undefined;
        const accepted = input.acceptedMediaTypes;
        if (failure !== undefined) failures.push(failure);
        else if (image === undefined || accepted?.includes(image.mediaType) === false) failures.push(notFound(id));
        else found.push({ id, image });
      }
      const answers = found.map(async ({ id, image }) => ({
        registryId: repository.account,
        repositoryName: repository.name,
        imageId: { imageDigest: image.digest, ...(id.imageTag === undefined ? {} : { imageTag: id.imageTag }) },
        imageManifest: (await blobs.read(image.digest)).toString('utf8'),
        imageManifestMediaType: image.mediaType,
      }));
      return { images: await Promise.all(answers), failures };
    },

    async PutImage(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const { imageManifest = '', imageTag: tag, imageDigest, imageManifestMediaType: mediaType } = input;
      if (tag !== undefined && !tagForm.test(tag)) {
        throw invalidParameter('imageTag', `must satisfy regular expression '${tagForm.source.slice(1, -1)}'`);
      }
      const content = Buffer.from(imageManifest, 'utf8');
      const given = { content, mediaType, tag, digest: imageDigest, refusesSame: true };
      const image = await putManifest(deps, repository, given).catch((error: unknown) => {
        throw error instanceof InvalidManifest ? invalidParameter('imageManifest', error.message) : error;
      });
      return {
        image: {
          registryId: repository.account,
          repositoryName: repository.name,
          imageId: { imageDigest: image.digest, ...(tag === undefined ? {} : { imageTag: tag }) },
          imageManifest,
          imageManifestMediaType: image.mediaType,
        },
      };
    },

    async BatchDeleteImage(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const ids = input.imageIds ?? [];
      checkCount(ids);
      const failures = ids.map(badId).filter((failure) => failure !== undefined);
      const good = ids.filter((id) => badId(id) === undefined);
      const result = await deleteImages(deps, repository, good);
      return { imageIds: result.deleted, failures: [...failures, ...result.failures] };
    },
  };
}

function filtered(
  reader: Reader,
  repository: Repository,
  filter: { readonly tagStatus?: string | undefined; readonly imageStatus?: string | undefined } | undefined,
): Image[] {
  const { tagStatus, imageStatus } = filter ?? {};
  checkEnum('filter.tagStatus', tagStatus, ['TAGGED', 'UNTAGGED', 'ANY']);
  checkEnum('filter.imageStatus', imageStatus, ['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY']);
  // Images are never archived here.
  if (imageStatus === 'ARCHIVED' || imageStatus === 'ACTIVATING') return [];
  const all = reader.by(images, 'repository', repository.arn);
  return all.filter((image) => isTagStatus(image.tags.length > 0, tagStatus));
}

function isTagStatus(isTagged: boolean, wanted: string | undefined): boolean {
  if (wanted === 'TAGGED') return isTagged;
  return wanted !== 'UNTAGGED' || !isTagged;
}

function checkEnum(parameter: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw invalidParameter(parameter, `must satisfy enum value set: [${known.join(', ')}]`);
}

function checkCount(ids: readonly unknown[]): void {
  if (ids.length < 1 || ids.length > MOST_IDS) {
    throw invalidParameter('imageIds', `must have between 1 and ${MOST_IDS} items`);
  }
}

function badId(id: ImageIdentifier): ImageFailure | undefined {
  const { imageDigest, imageTag } = id;
  const failure = (failureCode: ImageFailureCode, reason: string): ImageFailure => ({
    imageId: id,
    failureCode,
    failureReason: `Invalid request parameters: ${reason}`,
  });
  if (imageDigest === undefined && imageTag === undefined) {
    return failure('MissingDigestAndTag', 'both tag and digest cannot be null');
  }
  if (imageDigest !== undefined && !digestForm.test(imageDigest)) {
    return failure('InvalidImageDigest', `image digest should satisfy the regex '${digestForm.source.slice(1, -1)}'`);
  }
  return undefined;
}

function notFound(imageId: ImageIdentifier): ImageFailure {
  return { imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}

function idsOf({ digest, tags }: Image): ImageIdentifier[] {
  if (tags.length === 0) return [{ imageDigest: digest }];
  return tags.map((imageTag) => ({ imageDigest: digest, imageTag }));
}

function describe(image: Image, repository: Repository) {
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(image.tags.length === 0 ? {} : { imageTags: [...image.tags] }),
    imageSizeInBytes: image.sizeBytes,
    imagePushedAt: dateOf(image.pushedAt),
    ...scanStatus(repository),
    imageManifestMediaType: image.mediaType,
    ...(image.artifactType === undefined ? {} : { artifactMediaType: image.artifactType }),
    ...(image.subject === undefined ? {} : { subjectManifestDigest: image.subject }),
    ...(image.pulledAt === undefined ? {} : { lastRecordedPullTime: dateOf(image.pulledAt) }),
    imageStatus: 'ACTIVE' as const,
  };
}
