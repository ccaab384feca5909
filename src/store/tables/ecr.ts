import type { Image, Layer } from '../../model/ecr/image.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import { scopeOf } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Repositories, by ARN. */
export const repositories = table<Repository>()({
  name: 'ecr.repositories',
  key: (row) => row.arn,
  indexes: { scope: scopeOf },
});

/** Images, by repository and digest. */
export const images = table<Image>()({
  name: 'ecr.images',
  key: (row) => contentKey(row.repositoryArn, row.digest),
  indexes: {
    repository: (row) => row.repositoryArn,
    tag: (row) => row.tags.map((tag) => contentKey(row.repositoryArn, tag)),
    subject: (row) => (row.subject === undefined ? undefined : contentKey(row.repositoryArn, row.subject)),
    /** Its own digest and those of its blobs: what must not be deleted from the disk. */
    content: (row) => [row.digest, ...row.blobs],
  },
});

/** Blobs that a repository holds, by repository and digest. */
export const layers = table<Layer>()({
  name: 'ecr.layers',
  key: (row) => contentKey(row.repositoryArn, row.digest),
  indexes: { repository: (row) => row.repositoryArn, content: (row) => row.digest },
});

/** The secret that signs the registry's passwords; one row, made when it is first needed. */
export const registrySecrets = table<{ readonly id: 'registry'; readonly secret: string }>()({
  name: 'ecr.registry-secrets',
  key: (row) => row.id,
  indexes: {},
});

/** The key of an image or layer, and the value of the indexes `tag` and `subject`. */
export function contentKey(repositoryArn: string, digestOrTag: string): string {
  return `${repositoryArn} ${digestOrTag}`;
}
