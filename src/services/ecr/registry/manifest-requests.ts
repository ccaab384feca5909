import type { IncomingMessage } from 'node:http';
import type { Image } from '../../../model/ecr/image.ts';
import type { Repository } from '../../../model/ecr/repository.ts';
import { images } from '../../../store/tables/ecr.ts';
import { deleteImages } from '../delete-images.ts';
import type { EcrDeps } from '../deps.ts';
import type { ImageId } from '../errors.ts';
import { findImage } from '../find.ts';
import { putManifest } from '../put-manifest.ts';
import { checkDigest } from './blob-requests.ts';
import { RegistryError } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** "Amazon ECR service quotas": the largest manifest. */
const MANIFEST_LIMIT = 4 * 1024 * 1024;
/** How often a pull is recorded ("ImageDetail": at least once every 24 hours). */
const PULL_RECORD_MS = 24 * 60 * 60_000;

const tagForm = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** `GET` and `HEAD /v2/<name>/manifests/<tag or digest>`. */
export async function getManifest(exchange: Exchange, reference: string): Promise<void> {
  const { deps, request } = exchange;
  const repository = exchange.repository();
  const image = findImage(deps.store, repository, idOf(reference));
  if (image === undefined) throw manifestUnknown(reference);
  const headers = {
    'content-type': image.mediaType,
    'docker-content-digest': image.digest,
    etag: `"${image.digest}"`,
  };
  if (request.method === 'HEAD') return exchange.answer(200, { ...headers, 'content-length': image.manifestBytes });
  recordPull(deps, image);
  return exchange.answer(200, headers, await deps.blobs.read(image.digest));
}

/** `PUT /v2/<name>/manifests/<tag or digest>`. */
export async function pushManifest(exchange: Exchange, reference: string): Promise<void> {
  const { deps, request, base } = exchange;
  const repository = exchange.repository();
  const { imageDigest, imageTag } = idOf(reference);
  const content = await readAll(request);
  const mediaType = request.headers['content-type']?.split(';')[0]?.trim();
  const image = await putManifest(deps, repository, {
    content,
    mediaType: mediaType === 'application/json' ? undefined : mediaType,
    tag: imageTag,
    digest: imageDigest,
    refusesSame: false,
  });
  await exchange.answer(201, {
    location: `${base}/manifests/${image.digest}`,
    'docker-content-digest': image.digest,
    // So that clients know that they need not keep the referrers themselves ("Pushing Manifests with Subject").
    ...(image.subject === undefined ? {} : { 'oci-subject': image.subject }),
  });
}

/** `DELETE /v2/<name>/manifests/<tag or digest>`. */
export async function deleteManifest(exchange: Exchange, reference: string): Promise<void> {
  const repository = exchange.repository();
  const { failures } = await deleteImages(exchange.deps, repository, [idOf(reference)]);
  const [failure] = failures;
  if (failure?.failureCode === 'ImageReferencedByManifestList') {
    throw new RegistryError(403, 'DENIED', failure.failureReason ?? '');
  }
  if (failure !== undefined) throw manifestUnknown(reference);
  await exchange.answer(202, {});
}

/** `GET /v2/<name>/tags/list`. */
export function listTags(exchange: Exchange): Promise<void> {
  const { base, name } = exchange;
  const tags = imagesOf(exchange, exchange.repository()).flatMap((image) => image.tags);
  return listing(exchange, `${base}/tags/list`, tags, (page) => ({ name, tags: page }));
}

/** `GET /v2/<name>/referrers/<digest>`: the manifests whose subject that digest is. */
export function listReferrers(exchange: Exchange, digest: string): Promise<void> {
  checkDigest(digest);
  const repository = exchange.repository();
  const wanted = exchange.query.get('artifactType');
  const all = imagesOf(exchange, repository).filter((image) => image.subject === digest);
  const found = wanted === null ? all : all.filter((image) => image.artifactType === wanted);
  const manifests = found.map((image) => ({
    mediaType: image.mediaType,
    digest: image.digest,
    size: image.manifestBytes,
    ...(image.artifactType === undefined ? {} : { artifactType: image.artifactType }),
    ...(image.annotations === undefined ? {} : { annotations: image.annotations }),
  }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  return exchange.json(
    200,
    { schemaVersion: 2, mediaType, manifests },
    {
      'content-type': mediaType,
      ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    },
  );
}

/** One page of names, in their order, with the address of the next in a Link header ("Listing Tags"). */
export function listing(
  exchange: Exchange,
  path: string,
  names: readonly string[],
  document: (page: readonly string[]) => unknown,
): Promise<void> {
  const { query } = exchange;
  const last = query.get('last');
  const n = query.get('n');
  const sorted = [...names].sort().filter((name) => last === null || name > last);
  if (n !== null && !/^\d+$/.test(n)) throw new RegistryError(400, 'UNSUPPORTED', `n must be a number, not '${n}'`);
  const page = n === null ? sorted : sorted.slice(0, Number(n));
  const end = page.at(-1);
  const more = page.length < sorted.length && end !== undefined;
  const link = more ? `<${path}?n=${n}&last=${encodeURIComponent(end)}>; rel="next"` : undefined;
  return exchange.json(200, document(page), link === undefined ? {} : { link });
}

function imagesOf({ deps }: Exchange, repository: Repository): Image[] {
  return deps.store.by(images, 'repository', repository.arn);
}

function idOf(reference: string): ImageId {
  if (reference.includes(':')) {
    checkDigest(reference);
    return { imageDigest: reference };
  }
  if (!tagForm.test(reference)) throw new RegistryError(400, 'TAG_INVALID', `'${reference}' is not a valid tag`);
  return { imageTag: reference };
}

function manifestUnknown(reference: string): RegistryError {
  return new RegistryError(404, 'MANIFEST_UNKNOWN', `Requested image not found: ${reference}`);
}

function recordPull({ store, clock }: EcrDeps, image: Image): void {
  const now = clock.now();
  if (image.pulledAt !== undefined && now - image.pulledAt < PULL_RECORD_MS) return;
  store.transact((tx) => tx.update(images, images.key(image), (row) => ({ ...row, pulledAt: now })));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to the end even so: a client that is still sending does not hear an answer.
    if (size <= MANIFEST_LIMIT) chunks.push(chunk);
  }
  if (size > MANIFEST_LIMIT) throw new RegistryError(413, 'SIZE_INVALID', 'a manifest has at most 4 MiB');
  return Buffer.concat(chunks);
}
