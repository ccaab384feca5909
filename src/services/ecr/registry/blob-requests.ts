import { pipeline } from 'node:stream/promises';
import { digestForm } from '../../../model/ecr/manifest.ts';
import { contentKey, images, layers } from '../../../store/tables/ecr.ts';
import { collectGarbage } from '../../../store/blob-garbage.ts';
import { RegistryError } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** `GET` and `HEAD /v2/<name>/blobs/<digest>`, whole or a range of it. */
export async function getBlob(exchange: Exchange, digest: string): Promise<void> {
  const { deps, request, response } = exchange;
  const repository = exchange.repository();
  checkDigest(digest);
  const layer = deps.store.get(layers, contentKey(repository.arn, digest));
  if (layer === undefined) throw blobUnknown(digest);
  const size = layer.sizeBytes;
  const range = readRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    const headers = { 'content-range': `bytes */${size}` };
    throw new RegistryError(416, 'SIZE_INVALID', `the blob has ${size} bytes`, headers);
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  exchange.head(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': end - start + 1,
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(deps.blobs.stream(digest, { start, end }), response);
}

/** `DELETE /v2/<name>/blobs/<digest>`: refused while an image of the repository needs it. */
export async function deleteBlob(exchange: Exchange, digest: string): Promise<void> {
  const { deps } = exchange;
  const repository = exchange.repository();
  checkDigest(digest);
  deps.store.transact((tx) => {
    const key = contentKey(repository.arn, digest);
    if (tx.get(layers, key) === undefined) throw blobUnknown(digest);
    const users = tx.by(images, 'content', digest).filter((image) => image.repositoryArn === repository.arn);
    const [user] = users;
    if (user !== undefined) throw new RegistryError(403, 'DENIED', `the image ${user.digest} needs the blob ${digest}`);
    tx.delete(layers, key);
  });
  await collectGarbage(deps, [digest]);
  await exchange.answer(202, {});
}

/** Throws for what is no digest that we support. */
export function checkDigest(digest: string): void {
  if (digestForm.test(digest)) return;
  throw new RegistryError(400, 'DIGEST_INVALID', `'${digest}' is not sha256: and 64 hexadecimal digits`);
}

function blobUnknown(digest: string): RegistryError {
  return new RegistryError(404, 'BLOB_UNKNOWN', `the blob ${digest} is not in the repository`);
}

/** A single byte range (RFC 9110, section 14.1.2). Several ranges, or other units, are answered with the whole. */
function readRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
