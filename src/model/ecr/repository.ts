import { arn } from '../../base/arn.ts';
import type { Scoped, Tag } from '../tags.ts';

/** Whether a tag, once given, may be given to another image. */
export type TagMutability = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION';

/** An ECR repository. Its account is its registry. */
export interface Repository extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly createdAt: number;
  readonly tagMutability: TagMutability;
  /** Patterns with `*` of the tags to which the opposite of `tagMutability` applies. */
  readonly exclusions: readonly string[];
  readonly scanOnPush: boolean;
  readonly policyText?: string;
  readonly lifecyclePolicyText?: string;
  /** When the lifecycle policy last ran, by the loop that runs it. */
  readonly lifecycleEvaluatedAt?: number;
  readonly tags: readonly Tag[];
}

/** `arn:aws:ecr:<region>:<account>:repository/<name>`. */
export function repositoryArn(scope: Scoped, name: string): string {
  return arn('ecr', scope.region, scope.account, `repository/${name}`);
}

/** Whether a repository lets `tag` move from one image to another ("Preventing image tags from being overwritten"). */
export function isTagMutable(repository: Repository, tag: string): boolean {
  const mutable = repository.tagMutability.startsWith('MUTABLE');
  const excluded = repository.exclusions.some((pattern) => matchesWildcard(pattern, tag));
  return repository.tagMutability.endsWith('WITH_EXCLUSION') && excluded ? !mutable : mutable;
}

/** Whether a text is as `pattern` says, in which `*` stands for any characters and everything else for itself. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(text);
}
