/** What a manifest says, as far as a registry looks at it ("Image Manifest" and "Image Index", OCI image-spec). */
export interface Manifest {
  readonly mediaType: string;
  readonly artifactType?: string;
  /** Configuration and layers that the repository must hold; layers that live elsewhere are not among them. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
  /** Manifests that an index lists. */
  readonly manifests: readonly { readonly digest: string; readonly size: number }[];
  readonly subject?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** The form of a digest that is supported, `sha256:<64 hexadecimal digits>`. */
export const digestForm = /^sha256:[0-9a-f]{64}$/;

/** A manifest that cannot be accepted; the message says why. */
export class InvalidManifest extends Error {
  override readonly name = 'InvalidManifest';
}

/**
 * Reads a manifest. `mediaType` is what the client called it, if it did; what the manifest itself says must agree.
 * Throws `InvalidManifest`.
 */
export function parseManifest(content: string, mediaType?: string): Manifest {
  const document = asObject(parseJson(content), 'the manifest');
  if (document['schemaVersion'] !== 2) throw new InvalidManifest('only manifests of schema version 2 are supported');
  const own = document['mediaType'];
  if (own !== undefined && typeof own !== 'string') throw new InvalidManifest('mediaType must be a string');
  if (own !== undefined && mediaType !== undefined && own !== mediaType) {
    throw new InvalidManifest(`the manifest says that it is ${own}, the request that it is ${mediaType}`);
  }
  const isIndex = Array.isArray(document['manifests']);
  const type = own ?? mediaType ?? (isIndex ? OCI_INDEX : OCI_MANIFEST);
  const subject = document['subject'] === undefined ? undefined : descriptor(document['subject'], 'subject').digest;
  const annotations = document['annotations'];
  const shared = {
    mediaType: type,
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined
      ? {}
      : { annotations: asObject(annotations, 'annotations') as Record<string, string> }),
  };
  switch (type) {
    case OCI_INDEX:
    case DOCKER_LIST: {
      const manifests = asList(document['manifests'], 'manifests').map((item) => descriptor(item, 'manifests'));
      return { ...shared, ...typeOf(document['artifactType']), blobs: [], manifests };
    }
    case OCI_MANIFEST:
    case DOCKER_MANIFEST: {
      const config = descriptor(document['config'], 'config');
      const layers = asList(document['layers'], 'layers').map((item) => descriptor(item, 'layers'));
      const blobs = [config, ...layers.filter((layer) => !layer.elsewhere)];
      return { ...shared, ...typeOf(document['artifactType'] ?? config.mediaType), blobs, manifests: [] };
    }
    default:
      throw new InvalidManifest(`manifests of the type ${type} are not supported`);
  }
}

function typeOf(value: unknown): { artifactType: string } | undefined {
  return typeof value === 'string' && value !== '' ? { artifactType: value } : undefined;
}

function descriptor(
  value: unknown,
  where: string,
): { digest: string; size: number; mediaType: unknown; elsewhere: boolean } {
  const { digest, size, mediaType, urls } = asObject(value, where);
  if (typeof digest !== 'string' || !digestForm.test(digest)) {
    throw new InvalidManifest(`${where} has a digest that is not sha256 and 64 hexadecimal digits`);
  }
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
    throw new InvalidManifest(`${where} has a size that is not a whole number`);
  }
  return { digest, size, mediaType, elsewhere: Array.isArray(urls) && urls.length > 0 };
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new InvalidManifest('the manifest is not valid JSON');
  }
}

function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidManifest(`${where} must be an object`);
}

function asList(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new InvalidManifest(`${where} must be a list`);
}
