import { AwsError } from '../../base/errors.ts';
import type { Scoped } from '../../model/tags.ts';

/** The errors of ECR's API, with ECR's own sentences. */
export function invalidParameter(parameter: string, constraint: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
  );
}

export function repositoryNotFound(name: string, { account }: Scoped): AwsError {
  const message = `The repository with name '${name}' does not exist in the registry with id '${account}'`;
  return new AwsError('RepositoryNotFoundException', message);
}

export function repositoryAlreadyExists(name: string, { account }: Scoped): AwsError {
  const message = `The repository with name '${name}' already exists in the registry with id '${account}'`;
  return new AwsError('RepositoryAlreadyExistsException', message);
}

export function repositoryNotEmpty(name: string, { account }: Scoped): AwsError {
  const message = `The repository with name '${name}' in registry with id '${account}' cannot be deleted because it still contains images`;
  return new AwsError('RepositoryNotEmptyException', message);
}

export function policyNotFound(kind: 'Repository' | 'Lifecycle', name: string, { account }: Scoped): AwsError {
  const message = `${kind} policy does not exist for the repository with name '${name}' in the registry with id '${account}'`;
  return new AwsError(`${kind}PolicyNotFoundException`, message);
}

/** How ECR names an image in its sentences. */
export interface ImageId {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}

export function imageNotFound(id: ImageId, name: string, { account }: Scoped): AwsError {
  const message = `The image with imageId ${textOf(id)} does not exist within the repository with name '${name}' in the registry with id '${account}'`;
  return new AwsError('ImageNotFoundException', message);
}

export function scanNotFound(id: ImageId, name: string, { account }: Scoped): AwsError {
  const message = `Image scan does not exist for the image with '${textOf(id)}' in the repository with name '${name}' in the registry with id '${account}'`;
  return new AwsError('ScanNotFoundException', message);
}

export function imageAlreadyExists(
  digest: string,
  tag: string | undefined,
  name: string,
  { account }: Scoped,
): AwsError {
  const what = tag === undefined ? `digest '${digest}'` : `digest '${digest}' and tag '${tag}'`;
  const message = `Image with ${what} already exists in the repository with name '${name}' in registry with id '${account}'`;
  return new AwsError('ImageAlreadyExistsException', message);
}

export function imageTagAlreadyExists(tag: string, name: string): AwsError {
  const message = `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`;
  return new AwsError('ImageTagAlreadyExistsException', message);
}

export function layersNotFound(digests: readonly string[], name: string, { account }: Scoped): AwsError {
  const message = `Layers with digests '[${digests.join(', ')}]' required for pushing image into repository with name '${name}' in the registry with id '${account}' do not exist`;
  return new AwsError('LayersNotFoundException', message);
}

export function referencedImagesNotFound(digests: readonly string[], name: string, { account }: Scoped): AwsError {
  const message = `Images with digests '[${digests.join(', ')}]' required for pushing image into repository with name '${name}' in the registry with id '${account}' do not exist`;
  return new AwsError('ReferencedImagesNotFoundException', message);
}

export function uploadNotFound(uploadId: string, name: string, { account }: Scoped): AwsError {
  const message = `The upload with id '${uploadId}' does not exist in the repository with name '${name}' in the registry with id '${account}'`;
  return new AwsError('UploadNotFoundException', message);
}

function textOf({ imageDigest, imageTag }: ImageId): string {
  return `{imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'}`;
}
