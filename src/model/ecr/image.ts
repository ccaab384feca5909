import type { Scoped } from '../tags.ts';

/** An image of a repository: a manifest, or an index of manifests. Its content is a blob of the same digest. */
export interface Image extends Scoped {
  readonly repositoryArn: string;
  readonly digest: string;
  /** In the order in which they were given. */
  readonly tags: readonly string[];
  readonly mediaType: string;
  /** What kind of artifact it is: `artifactType`, or the media type of its configuration. */
  readonly artifactType?: string;
  /** Bytes of the manifest itself. */
  readonly manifestBytes: number;
  /** Bytes of the image as DescribeImages tells them: its layers and configuration; of an index, its largest image. */
  readonly sizeBytes: number;
  /** Digests of the blobs it needs: configuration and layers. */
  readonly blobs: readonly string[];
  /** Digests of the manifests that an index lists and the repository holds. */
  readonly manifests: readonly string[];
  /** The manifest that this one says something about (a signature, an SBOM). */
  readonly subject?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly pushedAt: number;
  readonly pulledAt?: number;
}

/** A blob that a repository holds: blobs themselves are shared, but each repository shows only its own. */
export interface Layer extends Scoped {
  readonly repositoryArn: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly createdAt: number;
}
