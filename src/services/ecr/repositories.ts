import type { Repository as RepositoryOutput } from '@aws-sdk/client-ecr';
import { dateOf } from '../../base/clock.ts';
import { repositoryArn, type Repository, type TagMutability } from '../../model/ecr/repository.ts';
import { scopeOf } from '../../model/tags.ts';
import { images, layers, repositories } from '../../store/tables/ecr.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { invalidParameter, repositoryAlreadyExists, repositoryNotEmpty, repositoryNotFound } from './errors.ts';
import { checkRepositoryName, findRepository, registryOf, repositoryUri } from './find.ts';
import { collectGarbage } from '../../store/blob-garbage.ts';
import { removeImage } from '../../store/image-garbage.ts';
import { page } from './paging.ts';
import { readTags } from './tags.ts';

/** CreateRepository, DescribeRepositories, DeleteRepository and the settings of a repository. */
export function repositoryHandlers(deps: EcrDeps): EcrHandlers {
  const { store, clock } = deps;
  return {
    CreateRepository(input, ctx) {
      const name = input.repositoryName ?? '';
      checkRepositoryName(name);
      const scope = registryOf(ctx, input.registryId);
      const { encryptionType = 'AES256', kmsKey } = input.encryptionConfiguration ?? {};
      if (encryptionType !== 'AES256') {
        throw invalidParameter('encryptionConfiguration.encryptionType', 'only AES256 is supported here');
      }
      if (kmsKey !== undefined && kmsKey !== '') {
        throw invalidParameter('encryptionConfiguration.kmsKey', 'a key goes with the encryption type KMS only');
      }
      const repository: Repository = {
        account: scope.account,
        region: scope.region,
        arn: repositoryArn(scope, name),
        name,
        createdAt: clock.now(),
        ...readMutability(input.imageTagMutability, input.imageTagMutabilityExclusionFilters),
        scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
        tags: readTags([], input.tags ?? []),
      };
      store.transact((tx) => {
        if (tx.get(repositories, repository.arn) !== undefined) throw repositoryAlreadyExists(name, scope);
        tx.put(repositories, repository);
      });
      return { repository: describe(repository, ctx.endpoint) };
    },

    DescribeRepositories(input, ctx) {
      const scope = registryOf(ctx, input.registryId);
      if (input.repositoryNames !== undefined) {
        const found = input.repositoryNames.map((name) => {
          checkRepositoryName(name);
          const repository = store.get(repositories, repositoryArn(scope, name));
          if (repository === undefined) throw repositoryNotFound(name, scope);
          return describe(repository, ctx.endpoint);
        });
        return { repositories: found };
      }
      const { items, ...rest } = page(store.by(repositories, 'scope', scopeOf(scope)), (row) => row.name, input);
      return { repositories: items.map((row) => describe(row, ctx.endpoint)), ...rest };
    },

    async DeleteRepository(input, ctx) {
      const garbage: string[] = [];
      const deleted = store.transact((tx) => {
        const repository = findRepository(tx, ctx, input);
        const held = tx.by(images, 'repository', repository.arn);
        if (held.length > 0 && input.force !== true) throw repositoryNotEmpty(repository.name, repository);
        for (const image of held) garbage.push(...removeImage(tx, image));
        for (const layer of tx.by(layers, 'repository', repository.arn)) {
          tx.delete(layers, layers.key(layer));
          garbage.push(layer.digest);
        }
        tx.delete(repositories, repository.arn);
        return repository;
      });
      await collectGarbage(deps, garbage);
      return { repository: describe(deleted, ctx.endpoint) };
    },

    PutImageTagMutability(input, ctx) {
      const settings = readMutability(input.imageTagMutability, input.imageTagMutabilityExclusionFilters);
      const { account, name } = store.transact((tx) => {
        const changed = { ...findRepository(tx, ctx, input), ...settings };
        tx.put(repositories, changed);
        return changed;
      });
      return {
        registryId: account,
        repositoryName: name,
        imageTagMutability: settings.tagMutability,
        ...exclusionFilters(settings.exclusions),
      };
    },

    PutImageScanningConfiguration(input, ctx) {
      const scanOnPush = input.imageScanningConfiguration?.scanOnPush ?? false;
      const { account, name } = store.transact((tx) => {
        const changed = { ...findRepository(tx, ctx, input), scanOnPush };
        tx.put(repositories, changed);
        return changed;
      });
      return { registryId: account, repositoryName: name, imageScanningConfiguration: { scanOnPush } };
    },

    DescribeRegistry(_input, ctx) {
      return { registryId: ctx.account, replicationConfiguration: { rules: [] } };
    },
  };
}

function readMutability(
  mutability: string | undefined,
  filters: readonly { readonly filterType?: string | undefined; readonly filter?: string | undefined }[] | undefined,
): { tagMutability: TagMutability; exclusions: readonly string[] } {
  const known = ['MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION'] as const;
  const tagMutability = known.find((value) => value === (mutability ?? 'MUTABLE'));
  if (tagMutability === undefined) {
    throw invalidParameter('imageTagMutability', `must satisfy enum value set: [${known.join(', ')}]`);
  }
  const exclusions = (filters ?? []).map(({ filterType, filter }) => {
    if (filterType !== 'WILDCARD') {
      throw invalidParameter('imageTagMutabilityExclusionFilters', 'must satisfy enum value set: [WILDCARD]');
    }
    if (filter === undefined || !/^[0-9a-zA-Z._*-]{1,128}$/.test(filter)) {
      throw invalidParameter(
        'imageTagMutabilityExclusionFilters',
        "must satisfy regular expression '[0-9a-zA-Z._*-]{1,128}'",
      );
    }
    return filter;
  });
  const withExclusion = tagMutability.endsWith('WITH_EXCLUSION');
  if (withExclusion !== exclusions.length > 0 || exclusions.length > 5) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      'one to five filters go with the _WITH_EXCLUSION settings, and none with the others',
    );
  }
  return { tagMutability, exclusions };
}

function exclusionFilters(exclusions: readonly string[]): Pick<RepositoryOutput, 'imageTagMutabilityExclusionFilters'> {
  if (exclusions.length === 0) return {};
  return {
    imageTagMutabilityExclusionFilters: exclusions.map((filter) => ({ filterType: 'WILDCARD', filter })),
  };
}

function describe(repository: Repository, endpoint: string): RepositoryOutput {
  return {
    repositoryArn: repository.arn,
    registryId: repository.account,
    repositoryName: repository.name,
    repositoryUri: repositoryUri(endpoint, repository),
    createdAt: dateOf(repository.createdAt),
    imageTagMutability: repository.tagMutability,
    ...exclusionFilters(repository.exclusions),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
}
