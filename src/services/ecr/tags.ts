import { AwsError } from '../../base/errors.ts';
import { parseArn } from '../../base/arn.ts';
import type { Repository } from '../../model/ecr/repository.ts';
import type { Tag } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { repositories } from '../../store/tables/ecr.ts';
import type { EcrDeps, EcrHandlers } from './deps.ts';
import { invalidParameter, repositoryNotFound } from './errors.ts';

const MOST_TAGS = 50;

/** TagResource, UntagResource and ListTagsForResource. */
export function tagHandlers({ store }: EcrDeps): EcrHandlers {
  return {
    TagResource(input) {
      store.transact((tx) => {
        const repository = repositoryByArn(tx, input.resourceArn);
        tx.put(repositories, { ...repository, tags: readTags(repository.tags, input.tags ?? []) });
      });
      return {};
    },

    UntagResource(input) {
      store.transact((tx) => {
        const repository = repositoryByArn(tx, input.resourceArn);
        const tags = repository.tags.filter((tag) => !(input.tagKeys ?? []).includes(tag.key));
        tx.put(repositories, { ...repository, tags });
      });
      return {};
    },

    ListTagsForResource(input) {
      const { tags } = repositoryByArn(store, input.resourceArn);
      return { tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) };
    },
  };
}

/** Tags as given put over those there were; checked by ECR's rules ("Tagging a private repository"). */
export function readTags(
  before: readonly Tag[],
  given: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[],
): Tag[] {
  const tags = new Map(before.map((tag) => [tag.key, tag.value]));
  for (const { Key: key = '', Value: value = '' } of given) {
    if (key.length < 1 || key.length > 128 || value.length > 256) {
      throw invalidTag('Tag keys have 1 to 128 characters, tag values at most 256.');
    }
    if (/^aws:/i.test(key)) throw invalidTag('Tag keys that begin with aws: are reserved for AWS.');
    tags.set(key, value);
  }
  if (tags.size > MOST_TAGS) {
    throw new AwsError('TooManyTagsException', `A repository can have at most ${MOST_TAGS} tags.`);
  }
  return [...tags].map(([key, value]) => ({ key, value }));
}

function invalidTag(message: string): AwsError {
  return new AwsError('InvalidTagParameterException', message);
}

function repositoryByArn(reader: Reader, arn: string | undefined): Repository {
  const parsed = parseArn(arn ?? '');
  const [kind, ...name] = parsed?.resource.split('/') ?? [];
  if (parsed === undefined || parsed.service !== 'ecr' || kind !== 'repository') {
    throw invalidParameter('resourceArn', 'must be the ARN of a repository');
  }
  const found = reader.get(repositories, arn ?? '');
  if (found === undefined) throw repositoryNotFound(name.join('/'), parsed);
  return found;
}
