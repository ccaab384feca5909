import type { ImageScanStatus } from '@aws-sdk/client-ecr';
import type { Repository } from '../../model/ecr/repository.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { imageNotFound, scanNotFound } from './errors.ts';
import { findImage, findRepository } from './find.ts';

/**
 * What a scan says here. No vulnerability database comes with Stowage, so a scan that was asked for fails, as a scan
 * on AWS fails for a system that its scanner does not know ("Troubleshooting image scanning", UnsupportedImageError): a
 * COMPLETE without findings would say that the image is safe.
 */
const status = {
  status: 'FAILED',
  description:
    'UnsupportedImageError: this registry has no vulnerability scanner, so the image was not scanned and nothing is ' +
    'known of its vulnerabilities.',
} as const satisfies ImageScanStatus;

/** The scan status of a repository's images; nothing where scanning was not asked for. */
export function scanStatus(repository: Repository): { imageScanStatus?: ImageScanStatus } {
  return repository.scanOnPush ? { imageScanStatus: { ...status } } : {};
}

/** DescribeImageScanFindings. */
export function scanningHandlers({ store }: EcrDeps): EcrHandlers {
  return {
    DescribeImageScanFindings(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const id = input.imageId ?? {};
      const image = findImage(store, repository, id);
      if (image === undefined) throw imageNotFound(id, repository.name, repository);
      if (!repository.scanOnPush) throw scanNotFound(id, repository.name, repository);
      return {
        registryId: repository.account,
        repositoryName: repository.name,
        imageId: { imageDigest: image.digest, ...(id.imageTag === undefined ? {} : { imageTag: id.imageTag }) },
        ...scanStatus(repository),
        imageScanFindings: { findings: [], findingSeverityCounts: {} },
      };
    },
  };
}
