import { AwsError } from '../../../base/errors.ts';
import { InvalidManifest } from '../../../model/ecr/manifest.ts';
import { DigestMismatch, UploadBusy } from '../../../store/blobs/blobs.ts';

/** An error as the registry's clients get it ("Error Codes", OCI distribution-spec). */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What ECR's own errors are called by the registry. */
const codes: Readonly<Record<string, readonly [status: number, code: string]>> = {
  RepositoryNotFoundException: [404, 'NAME_UNKNOWN'],
  InvalidParameterException: [400, 'NAME_INVALID'],
  LayersNotFoundException: [404, 'MANIFEST_BLOB_UNKNOWN'],
  ReferencedImagesNotFoundException: [404, 'MANIFEST_BLOB_UNKNOWN'],
  ImageTagAlreadyExistsException: [400, 'TAG_INVALID'],
  ImageDigestDoesNotMatchException: [400, 'DIGEST_INVALID'],
};

/** Makes the registry's error of whatever a request failed with; `undefined` for what is a bug. */
export function registryError(thrown: unknown): RegistryError | undefined {
  if (thrown instanceof RegistryError) return thrown;
  if (thrown instanceof InvalidManifest) return new RegistryError(400, 'MANIFEST_INVALID', thrown.message);
  if (thrown instanceof DigestMismatch) return new RegistryError(400, 'DIGEST_INVALID', thrown.message);
  if (thrown instanceof UploadBusy) return new RegistryError(409, 'BLOB_UPLOAD_INVALID', thrown.message);
  const known = thrown instanceof AwsError ? codes[thrown.code] : undefined;
  return known === undefined ? undefined : new RegistryError(known[0], known[1], (thrown as AwsError).message);
}
