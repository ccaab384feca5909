import { httpDateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { StoredObject } from '../../model/s3/object.ts';
import { preconditionFailed } from './errors.ts';

/** Conditions of a read ("Conditional requests", Amazon S3 User Guide; RFC 9110, section 13). */
export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

/** Whether a header names the ETag: one, several, or `*` for any. */
export function etagMatches(header: string, etag: string): boolean {
  return header.split(',').some((text) => {
    const each = text
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return each === '*' || each === etag;
  });
}

/** Throws PreconditionFailed, or NotModified (304) where the client has what it asks for. */
export function checkRead(object: StoredObject, conditions: ReadConditions): void {
  const { etag } = object.content;
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  if (IfMatch !== undefined) {
    if (!etagMatches(IfMatch, etag)) throw preconditionFailed('If-Match');
  } else if (IfUnmodifiedSince !== undefined && object.modifiedAt > IfUnmodifiedSince.getTime()) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  const isKnown =
    IfNoneMatch === undefined
      ? IfModifiedSince !== undefined && object.modifiedAt <= IfModifiedSince.getTime()
      : etagMatches(IfNoneMatch, etag);
  if (isKnown) throw notModified(object);
}

function notModified({ modifiedAt, content }: StoredObject): AwsError {
  return new AwsError('NotModified', 'Not Modified', {
    status: 304,
    headers: { etag: `"${content.etag}"`, 'last-modified': httpDateOf(modifiedAt) },
  });
}
