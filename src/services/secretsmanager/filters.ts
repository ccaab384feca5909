import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Secret } from '../../model/secretsmanager/secret.ts';
import { checkEnum, checkLength } from '../constraints.ts';
import { secretErrors } from './errors.ts';

const keys = ['description', 'name', 'tag-key', 'tag-value', 'primary-region', 'owning-service', 'all'] as const;

/** What `Filters` let through: each must match with one of its values ("Filter", Secrets Manager API Reference). */
export function readFilters(given: readonly sdk.Filter[] | undefined): (secret: Secret) => boolean {
  checkLength('filters', given, 0, 10);
  const filters = (given ?? []).map(({ Key, Values = [] }, index) => {
    const member = `filters.${index + 1}.member`;
    if (Key === undefined) throw secretErrors.parameter('Invalid filter key');
    checkEnum(`${member}.key`, Key, keys);
    if (Values.length === 0) throw secretErrors.parameter(`Invalid filter values for key: ${Key}`);
    checkLength(`${member}.values`, Values, 1, 10);
    return (secret: Secret): boolean => Values.some((value) => matchesOne(secret, Key, value));
  });
  return (secret) => filters.every((each) => each(secret));
}

/** One value of a filter; with an exclamation mark before it, secrets must not match. */
function matchesOne(secret: Secret, key: string, value: string): boolean {
  const negative = value.startsWith('!');
  const wanted = negative ? value.slice(1) : value;
  const words = key === 'all' || key === 'description';
  const found = textsOf(secret, key).some((text) => (words ? hasWords(text, wanted) : text.startsWith(wanted)));
  return found !== negative;
}

function textsOf(secret: Secret, key: string): readonly string[] {
  const tagKeys = secret.tags.map((tag) => tag.key);
  const tagValues = secret.tags.map((tag) => tag.value);
  switch (key) {
    case 'name':
      return [secret.name];
    case 'description':
      return [secret.description ?? ''];
    case 'tag-key':
      return tagKeys;
    case 'tag-value':
      return tagValues;
    case 'all':
      return [secret.name, secret.description ?? '', ...tagKeys, ...tagValues];
    default:
      // No secret is replicated, and none belongs to a service.
      return [];
  }
}

/** Whether every word of `wanted` begins a word of the text, whatever their case. */
function hasWords(text: string, wanted: string): boolean {
  const split = (from: string): string[] => from.toLowerCase().split(/[\s/_+=.@!-]+/);
  const words = split(text);
  return split(wanted).every((word) => words.some((each) => each.startsWith(word)));
}
