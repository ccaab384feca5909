import { AwsError } from '../../base/errors.ts';
import type { Tag } from '../../model/tags.ts';

/** IAM's errors ("Common errors", IAM API Reference). */
export const iamErrors = {
  noSuchEntity: (message: string) => new AwsError('NoSuchEntity', message, { status: 404 }),
  exists: (message: string) => new AwsError('EntityAlreadyExists', message, { status: 409 }),
  deleteConflict: (message: string) => new AwsError('DeleteConflict', message, { status: 409 }),
  limit: (message: string) => new AwsError('LimitExceeded', message, { status: 409 }),
  malformed: (message: string) => new AwsError('MalformedPolicyDocument', message),
  invalid: (message: string) => new AwsError('ValidationError', message),
  invalidInput: (message: string) => new AwsError('InvalidInput', message),
  unmodifiable: (message: string) => new AwsError('UnmodifiableEntity', message),
};

/** Checks a name as IAM does. */
export function checkName(value: string | undefined, member: string, longest: number): string {
  if (value === undefined || value === '') {
    throw iamErrors.invalid(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  }
  if (value.length > longest) {
    throw iamErrors.invalid(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${longest}`,
    );
  }
  if (!/^[\w+=,.@-]+$/.test(value)) {
    throw iamErrors.invalid(
      `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
  }
  return value;
}

/** Checks a path; the default is `/`. */
export function checkPath(path: string | undefined): string {
  const given = path ?? '/';
  if (!/^\/(?:[\u0021-\u007E]+\/)?$/.test(given) || given.length > 512) {
    throw iamErrors.invalid(
      'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
    );
  }
  return given;
}

/**
 * Checks that a document is a policy: JSON, a known version, statements with an effect, an action (and a principal where
 * it says who may assume a role, a resource where it grants) ("IAM JSON policy elements reference", IAM User Guide).
 */
export function checkPolicy(document: string | undefined, kind: 'trust' | 'permissions'): string {
  const bad = (why: string): AwsError => iamErrors.malformed(why);
  if (document === undefined || document === '') throw bad('Syntax errors in policy.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    throw bad('This policy contains invalid Json');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad('Syntax errors in policy.');
  const { Version: version, Statement: statement } = parsed as { Version?: unknown; Statement?: unknown };
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    throw bad('The policy must contain a valid version string');
  }
  const statements = Array.isArray(statement) ? (statement as unknown[]) : [statement];
  if (statement === undefined || statements.length === 0) throw bad('Syntax errors in policy.');
  for (const each of statements) {
    if (typeof each !== 'object' || each === null) throw bad('Syntax errors in policy.');
    const row = each as Record<string, unknown>;
    if (row['Effect'] !== 'Allow' && row['Effect'] !== 'Deny') throw bad('Syntax errors in policy.');
    if (row['Action'] === undefined && row['NotAction'] === undefined)
      throw bad('Policy statement must contain actions.');
    if (kind === 'trust') {
      if (row['Resource'] !== undefined) throw bad('Has prohibited field Resource');
      if (row['Principal'] === undefined && row['NotPrincipal'] === undefined) {
        throw bad('AssumeRolePolicy must contain a principal.');
      }
    } else {
      if (row['Principal'] !== undefined) throw bad('Policy document should not specify a principal.');
      if (row['Resource'] === undefined && row['NotResource'] === undefined) {
        throw bad('Policy statement must contain resources.');
      }
    }
  }
  return document;
}

/** Policy documents travel percent-encoded in IAM's answers (RFC 3986). */
export function encoded(document: string): string {
  return encodeURIComponent(document).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

interface SdkTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Reads tags: later ones win, keys are unique without regard to case. At most 50. */
export function mergeTags(before: readonly Tag[], given: readonly SdkTag[] | undefined): readonly Tag[] {
  const merged = new Map(before.map((tag) => [tag.key.toLowerCase(), tag]));
  for (const { Key: key = '', Value: value = '' } of given ?? []) {
    if (key === '' || key.length > 128) throw iamErrors.invalid('A tag key must have 1 to 128 characters.');
    if (key.toLowerCase().startsWith('aws:'))
      throw iamErrors.invalid('aws: prefixed tag key names are not allowed for external use.');
    merged.set(key.toLowerCase(), { key, value });
  }
  if (merged.size > 50) throw iamErrors.limit('Cannot exceed quota for TagsPerResource: 50');
  return [...merged.values()];
}

/** Drops tags by their keys. */
export function dropTags(before: readonly Tag[], keys: readonly string[] | undefined): readonly Tag[] {
  const gone = new Set((keys ?? []).map((key) => key.toLowerCase()));
  return before.filter((tag) => !gone.has(tag.key.toLowerCase()));
}

/** Tags as IAM spells them. */
export function sdkTags(tags: readonly Tag[]): { Key: string; Value: string }[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** One page of a listing; markers are the number of rows before the page. */
export function page<Row>(
  rows: readonly Row[],
  input: { Marker?: string | undefined; MaxItems?: number | undefined },
): { rows: Row[]; IsTruncated: boolean; Marker?: string } {
  const from = input.Marker === undefined ? 0 : Number(Buffer.from(input.Marker, 'base64url').toString());
  if (!Number.isInteger(from) || from < 0) throw iamErrors.invalid('Invalid marker');
  const until = from + Math.min(1000, Math.max(1, input.MaxItems ?? 100));
  const IsTruncated = until < rows.length;
  return {
    rows: rows.slice(from, until),
    IsTruncated,
    ...(IsTruncated ? { Marker: Buffer.from(String(until)).toString('base64url') } : {}),
  };
}
