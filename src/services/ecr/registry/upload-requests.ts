import type { Repository } from '../../../model/ecr/repository.ts';
import { repositoryArn } from '../../../model/ecr/repository.ts';
import type { BlobUpload } from '../../../store/blobs/blobs.ts';
import { contentKey, layers } from '../../../store/tables/ecr.ts';
import { linkLayer } from '../link-layer.ts';
import { checkDigest } from './blob-requests.ts';
import { RegistryError } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** `POST /v2/<name>/blobs/uploads/`: begins an upload, mounts a blob of another repository, or takes a blob whole. */
export async function beginUpload(exchange: Exchange): Promise<void> {
  const { deps, query, scope } = exchange;
  const repository = exchange.repository();
  const mount = query.get('mount');
  const from = query.get('from');
  if (mount !== null && from !== null) {
    const source = deps.store.get(layers, contentKey(repositoryArn(scope, from), mount));
    if (source !== undefined) {
      linkLayer(deps, repository, mount, source.sizeBytes);
      return created(exchange, mount);
    }
  }
  const digest = query.get('digest');
  if (digest !== null) checkDigest(digest);
  const upload = await deps.blobs.begin(repository.arn);
  if (digest === null) return accepted(exchange, upload, 202);
  await upload.append(exchange.request);
  return finish(exchange, repository, upload, digest);
}

/** `PATCH /v2/<name>/blobs/uploads/<id>`: the next piece, or all of it as a stream. */
export async function continueUpload(exchange: Exchange, id: string): Promise<void> {
  const upload = findUpload(exchange, exchange.repository(), id);
  await append(exchange, upload);
  return accepted(exchange, upload, 202);
}

/** `PUT /v2/<name>/blobs/uploads/<id>?digest=…`: the last piece, if one is left, and the end. */
export async function finishUpload(exchange: Exchange, id: string): Promise<void> {
  const repository = exchange.repository();
  const upload = findUpload(exchange, repository, id);
  const digest = exchange.query.get('digest') ?? '';
  checkDigest(digest);
  await append(exchange, upload);
  return finish(exchange, repository, upload, digest);
}

/** `GET /v2/<name>/blobs/uploads/<id>`: how far it is. */
export function describeUpload(exchange: Exchange, id: string): Promise<void> {
  return accepted(exchange, findUpload(exchange, exchange.repository(), id), 204);
}

/** `DELETE /v2/<name>/blobs/uploads/<id>`: never mind. */
export async function abortUpload(exchange: Exchange, id: string): Promise<void> {
  await findUpload(exchange, exchange.repository(), id).abort();
  await exchange.answer(204, {});
}

async function append(exchange: Exchange, upload: BlobUpload): Promise<void> {
  const { request } = exchange;
  const range = request.headers['content-range'];
  if (range !== undefined) {
    const [, start, end] = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/\S+)?$/.exec(range) ?? [];
    const length = request.headers['content-length'];
    if (start === undefined || end === undefined || Number(start) !== upload.size) {
      const headers = uploadHeaders(exchange, upload);
      throw new RegistryError(416, 'BLOB_UPLOAD_INVALID', `the next piece begins with byte ${upload.size}`, headers);
    }
    if (length !== undefined && Number(length) !== Number(end) - Number(start) + 1) {
      throw new RegistryError(400, 'SIZE_INVALID', `the piece has ${length} bytes, not those of the range ${range}`);
    }
  }
  await upload.append(request);
}

async function finish(exchange: Exchange, repository: Repository, upload: BlobUpload, digest: string): Promise<void> {
  await upload.commit(digest, (size) => linkLayer(exchange.deps, repository, digest, size));
  return created(exchange, digest);
}

function findUpload({ deps }: Exchange, repository: Repository, id: string): BlobUpload {
  const upload = deps.blobs.upload(id);
  if (upload?.owner === repository.arn) return upload;
  throw new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', `there is no upload ${id}: begin it again`);
}

function accepted(exchange: Exchange, upload: BlobUpload, status: 202 | 204): Promise<void> {
  return exchange.answer(status, uploadHeaders(exchange, upload));
}

function uploadHeaders({ base }: Exchange, upload: BlobUpload): Record<string, string> {
  return {
    location: `${base}/blobs/uploads/${upload.id}`,
    range: `0-${Math.max(0, upload.size - 1)}`,
    'docker-upload-uuid': upload.id,
  };
}

function created(exchange: Exchange, digest: string): Promise<void> {
  const location = `${exchange.base}/blobs/${digest}`;
  return exchange.answer(201, { location, 'docker-content-digest': digest });
}
