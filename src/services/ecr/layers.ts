import { Readable } from 'node:stream';
import { AwsError } from '../../base/errors.ts';
import { digestForm } from '../../model/ecr/manifest.ts';
import { hostOfScope } from '../../model/ecr/image-reference.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import { DigestMismatch, UploadBusy, type BlobUpload } from '../../store/blobs/blobs.ts';
import { mintRegistryCredentials } from '../../store/registry-credentials.ts';
import { contentKey, layers } from '../../store/tables/ecr.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { invalidParameter, layersNotFound, uploadNotFound } from './errors.ts';
import { findRepository } from './find.ts';
import { linkLayer } from './link-layer.ts';

/** What ECR suggests to its clients; at most twice as much is taken ("UploadLayerPart"). */
const PART_BYTES = 10 * 1024 * 1024;

/** The operations by which clients without the registry's API move layers. */
export function layerHandlers(deps: EcrDeps): EcrHandlers {
  const { store, blobs, clock, ids } = deps;
  return {
    BatchCheckLayerAvailability(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const digests = input.layerDigests ?? [];
      if (digests.length < 1 || digests.length > 100) {
        throw invalidParameter('layerDigests', 'must have between 1 and 100 items');
      }
      const valid = digests.filter((digest) => digestForm.test(digest));
      const invalid = digests.filter((digest) => !digestForm.test(digest));
      return {
        layers: valid.map((layerDigest) => {
          const layer = store.get(layers, contentKey(repository.arn, layerDigest));
          if (layer === undefined) return { layerDigest, layerAvailability: 'UNAVAILABLE' };
          return { layerDigest, layerAvailability: 'AVAILABLE', layerSize: layer.sizeBytes };
        }),
        failures: invalid.map((layerDigest) => ({
          layerDigest,
          failureCode: 'InvalidLayerDigest',
          failureReason: `Invalid request parameters: layer digest should satisfy the regex '${digestForm.source.slice(1, -1)}'`,
        })),
      };
    },

    async InitiateLayerUpload(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const { id } = await blobs.begin(repository.arn);
      return { uploadId: id, partSize: PART_BYTES };
    },

    async UploadLayerPart(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const upload = findUpload(deps, repository, input.uploadId);
      const { partFirstByte = 0, partLastByte = 0, layerPartBlob = new Uint8Array() } = input;
      const isNext = partFirstByte === upload.size;
      if (!isNext || partLastByte - partFirstByte + 1 !== layerPartBlob.length) {
        const expected = isNext
          ? `The part has ${layerPartBlob.length} bytes, not those from ${partFirstByte} to ${partLastByte}`
          : `The next part must begin with byte ${upload.size}`;
        throw new AwsError('InvalidLayerPartException', expected, {
          members: {
            registryId: repository.account,
            repositoryName: repository.name,
            uploadId: upload.id,
            lastValidByteReceived: upload.size - 1,
          },
        });
      }
      await upload.append(Readable.from([layerPartBlob])).catch(refuseBusy);
      return {
        registryId: repository.account,
        repositoryName: repository.name,
        uploadId: upload.id,
        lastByteReceived: partLastByte,
      };
    },

    async CompleteLayerUpload(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const upload = findUpload(deps, repository, input.uploadId);
      const [layerDigest = ''] = input.layerDigests ?? [];
      if (!digestForm.test(layerDigest)) {
        throw invalidParameter('layerDigests', `must satisfy regular expression '${digestForm.source.slice(1, -1)}'`);
      }
      if (upload.size === 0) throw new AwsError('EmptyUploadException', 'The upload has no parts');
      if (store.get(layers, contentKey(repository.arn, layerDigest)) !== undefined) {
        await upload.abort();
        throw new AwsError(
          'LayerAlreadyExistsException',
          `Layer with digest '${layerDigest}' already exists in repository with name '${repository.name}' in registry with id '${repository.account}'`,
        );
      }
      try {
        await upload.commit(layerDigest, (size) => linkLayer(deps, repository, layerDigest, size));
      } catch (error) {
        if (error instanceof DigestMismatch) {
          throw new AwsError('InvalidLayerException', `Layer digest does not match: ${error.message}`);
        }
        return refuseBusy(error);
      }
      return {
        registryId: repository.account,
        repositoryName: repository.name,
        uploadId: upload.id,
        layerDigest,
      };
    },

    GetDownloadUrlForLayer(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const layerDigest = input.layerDigest ?? '';
      if (store.get(layers, contentKey(repository.arn, layerDigest)) === undefined) {
        throw layersNotFound([layerDigest], repository.name, repository);
      }
      const { password } = mintRegistryCredentials(store, clock, ids, repository);
      const path = `/v2/${hostOfScope(repository)}/${repository.name}/blobs/${layerDigest}`;
      return { downloadUrl: `${ctx.endpoint}${path}?token=${encodeURIComponent(password)}`, layerDigest };
    },
  };
}

function findUpload({ blobs }: EcrDeps, repository: Repository, uploadId = ''): BlobUpload {
  const upload = blobs.upload(uploadId);
  if (upload?.owner !== repository.arn) throw uploadNotFound(uploadId, repository.name, repository);
  return upload;
}

function refuseBusy(error: unknown): never {
  throw error instanceof UploadBusy ? invalidParameter('uploadId', error.message) : error;
}
