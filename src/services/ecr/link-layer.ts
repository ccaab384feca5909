import type { Repository } from '../../model/ecr/repository.ts';
import { contentKey, layers, repositories } from '../../store/tables/ecr.ts';
import type { EcrDeps } from './deps.ts';
import { repositoryNotFound } from './errors.ts';

/** Writes down that a repository holds a blob. */
export function linkLayer({ store, clock }: EcrDeps, repository: Repository, digest: string, sizeBytes: number): void {
  const { arn, name, account, region } = repository;
  store.transact((tx) => {
    if (tx.get(repositories, arn) === undefined) throw repositoryNotFound(name, repository);
    if (tx.get(layers, contentKey(arn, digest)) !== undefined) return;
    tx.put(layers, { account, region, repositoryArn: arn, digest, sizeBytes, createdAt: clock.now() });
  });
}
