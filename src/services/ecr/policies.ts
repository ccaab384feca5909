import { dateOf } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { parseLifecyclePolicy } from '../../model/ecr/lifecycle.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import { repositories } from '../../store/tables/ecr.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { invalidParameter, policyNotFound } from './errors.ts';
import { findRepository } from './find.ts';

/** Lifecycle policies, which the image loop runs, and repository policies, which wait for authorization to heed them. */
export function policyHandlers({ store }: EcrDeps): EcrHandlers {
  const naming = ({ account, name }: Repository): { registryId: string; repositoryName: string } => ({
    registryId: account,
    repositoryName: name,
  });
  return {
    SetRepositoryPolicy(input, ctx) {
      const policyText = input.policyText ?? '';
      readPolicy('PolicyText', policyText, 10_240, 'Statement');
      const repository = store.transact((tx) => {
        const changed = { ...findRepository(tx, ctx, input), policyText };
        tx.put(repositories, changed);
        return changed;
      });
      return { ...naming(repository), policyText };
    },

    GetRepositoryPolicy(input, ctx) {
      const repository = findRepository(store, ctx, input);
      if (repository.policyText === undefined) throw policyNotFound('Repository', repository.name, repository);
      return { ...naming(repository), policyText: repository.policyText };
    },

    DeleteRepositoryPolicy(input, ctx) {
      return store.transact((tx) => {
        const { policyText, ...repository } = findRepository(tx, ctx, input);
        if (policyText === undefined) throw policyNotFound('Repository', repository.name, repository);
        tx.put(repositories, repository);
        return { ...naming(repository), policyText };
      });
    },

    PutLifecyclePolicy(input, ctx) {
      const lifecyclePolicyText = input.lifecyclePolicyText ?? '';
      const rules = parseLifecyclePolicy(readPolicy('LifecyclePolicyText', lifecyclePolicyText, 30_720, 'rules'));
      if (typeof rules === 'string') {
        throw invalidParameter('LifecyclePolicyText', `Lifecycle policy validation failure: ${rules}`);
      }
      const repository = store.transact((tx) => {
        const { lifecycleEvaluatedAt: _, ...before } = findRepository(tx, ctx, input);
        const changed = { ...before, lifecyclePolicyText };
        tx.put(repositories, changed);
        return changed;
      });
      return { ...naming(repository), lifecyclePolicyText };
    },

    GetLifecyclePolicy(input, ctx) {
      const repository = findRepository(store, ctx, input);
      const { lifecyclePolicyText, lifecycleEvaluatedAt } = repository;
      if (lifecyclePolicyText === undefined) throw policyNotFound('Lifecycle', repository.name, repository);
      return {
        ...naming(repository),
        lifecyclePolicyText,
        ...given('lastEvaluatedAt', lifecycleEvaluatedAt === undefined ? undefined : dateOf(lifecycleEvaluatedAt)),
      };
    },

    DeleteLifecyclePolicy(input, ctx) {
      return store.transact((tx) => {
        const { lifecyclePolicyText, lifecycleEvaluatedAt: _, ...repository } = findRepository(tx, ctx, input);
        if (lifecyclePolicyText === undefined) throw policyNotFound('Lifecycle', repository.name, repository);
        tx.put(repositories, repository);
        return { ...naming(repository), lifecyclePolicyText };
      });
    },
  };
}

function readPolicy(parameter: string, text: string, most: number, member: string): unknown {
  if (text.length > most) throw invalidParameter(parameter, `must have at most ${most} characters`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw invalidParameter(parameter, 'Invalid JSON syntax');
  }
  if (typeof document !== 'object' || document === null || !(member in document)) {
    throw invalidParameter(parameter, `must be an object with the member ${member}`);
  }
  return document;
}
