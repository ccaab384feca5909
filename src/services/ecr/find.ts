import type { Image } from '../../model/ecr/image.ts';
import { repositoryArn, type Repository } from '../../model/ecr/repository.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { contentKey, images, repositories } from '../../store/tables/ecr.ts';
import { invalidParameter, repositoryNotFound, type ImageId } from './errors.ts';

/** "CreateRepository", ECR API Reference. */
const nameForm = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Whether a repository may have that name. */
export function isRepositoryName(name: string): boolean {
  return name.length >= 2 && name.length <= 256 && nameForm.test(name.replaceAll(/__|-{2,}/g, '-'));
}

/** Throws for a name that no repository can have. */
export function checkRepositoryName(name: string): void {
  if (!isRepositoryName(name)) {
    throw invalidParameter('repositoryName', `must satisfy regular expression '${nameForm.source.slice(1, -1)}'`);
  }
}

/** The registry that an operation means: the caller's, unless it names another account's. */
export function registryOf(ctx: Scoped, registryId: string | undefined): Scoped {
  if (registryId !== undefined && !/^\d{12}$/.test(registryId)) {
    throw invalidParameter('registryId', "must satisfy regular expression '[0-9]{12}'");
  }
  return { account: registryId ?? ctx.account, region: ctx.region };
}

/** The repository that an operation names, or `RepositoryNotFoundException`. */
export function findRepository(
  reader: Reader,
  ctx: Scoped,
  input: { readonly registryId?: string | undefined; readonly repositoryName: string | undefined },
): Repository {
  const scope = registryOf(ctx, input.registryId);
  const name = input.repositoryName ?? '';
  checkRepositoryName(name);
  const found = reader.get(repositories, repositoryArn(scope, name));
  if (found === undefined) throw repositoryNotFound(name, scope);
  return found;
}

/** The image of a repository with that digest, or tag, or both where both agree. */
export function findImage(reader: Reader, repository: Repository, id: ImageId): Image | undefined {
  const { imageDigest, imageTag } = id;
  const image =
    imageDigest === undefined
      ? reader.by(images, 'tag', contentKey(repository.arn, imageTag ?? ''))[0]
      : reader.get(images, contentKey(repository.arn, imageDigest));
  if (imageTag !== undefined && image?.tags.includes(imageTag) !== true) return undefined;
  return image;
}

/** `127.0.0.1:4566/name`: what the client tags its images with, at the address by which it reached us. */
export function repositoryUri(endpoint: string, repository: Repository): string {
  return `${new URL(endpoint).host}/${repository.name}`;
}
