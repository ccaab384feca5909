import type { LifecycleRule } from './bucket.ts';
import { isObject, type MultipartUpload, type ObjectVersion } from './object.ts';

const DAY_MS = 24 * 60 * 60_000;

/** What a bucket's lifecycle wants done, one thing at a time. */
export type LifecycleStep =
  /** The object is no more: it goes, or a delete marker comes before it. */
  | { readonly kind: 'expire'; readonly version: ObjectVersion }
  /** The version goes for good. */
  | { readonly kind: 'remove'; readonly version: ObjectVersion }
  | { readonly kind: 'abort'; readonly upload: MultipartUpload };

/**
 * What is due of the objects of a bucket ("Lifecycle configuration elements", Amazon S3 User Guide). `versions` are those of
 * one key after the other, oldest first within a key.
 */
export function planLifecycle(
  rules: readonly LifecycleRule[],
  keys: Iterable<readonly ObjectVersion[]>,
  uploads: readonly MultipartUpload[],
  now: number,
): LifecycleStep[] {
  const enabled = rules.filter((rule) => rule.enabled);
  const steps: LifecycleStep[] = [];
  for (const versions of keys) {
    const newest = versions.at(-1);
    if (newest === undefined) continue;
    if (enabled.some((rule) => currentIsDue(rule, versions, newest, now))) {
      steps.push({ kind: isObject(newest) ? 'expire' : 'remove', version: newest });
    }
    for (const [index, version] of versions.slice(0, -1).entries()) {
      if (enabled.some((rule) => noncurrentIsDue(rule, versions, index, now))) steps.push({ kind: 'remove', version });
    }
  }
  for (const upload of uploads) {
    const isDue = enabled.some(
      ({ abortUploadDays, prefix = '' }) =>
        abortUploadDays !== undefined &&
        upload.key.startsWith(prefix) &&
        isPast(upload.startedAt, abortUploadDays, now),
    );
    if (isDue) steps.push({ kind: 'abort', upload });
  }
  return steps;
}

/** An object by its age or the date; a delete marker once there is nothing left behind it. */
function currentIsDue(
  rule: LifecycleRule,
  versions: readonly ObjectVersion[],
  newest: ObjectVersion,
  now: number,
): boolean {
  const { expireDays, expireAt, expireDeleteMarkers } = rule;
  const isOld =
    (expireDays !== undefined && isPast(newest.modifiedAt, expireDays, now)) ||
    (expireAt !== undefined && now >= expireAt);
  if (isObject(newest)) return isOld && applies(rule, newest);
  const isAlone = versions.length === 1 && newest.key.startsWith(rule.prefix ?? '');
  // A rule for objects of some tag or size cannot be for what has neither.
  return isAlone && !isNarrow(rule) && (isOld || expireDeleteMarkers === true);
}

/** A version by how long another has been in its place, and how many came between. */
function noncurrentIsDue(rule: LifecycleRule, versions: readonly ObjectVersion[], index: number, now: number): boolean {
  const { noncurrentDays, noncurrentKept = 0 } = rule;
  const version = versions[index];
  const successor = versions[index + 1];
  if (noncurrentDays === undefined || version === undefined || successor === undefined) return false;
  const newer = versions.length - 2 - index;
  return newer >= noncurrentKept && isPast(successor.modifiedAt, noncurrentDays, now) && applies(rule, version);
}

function applies(rule: LifecycleRule, version: ObjectVersion): boolean {
  if (!version.key.startsWith(rule.prefix ?? '')) return false;
  if (!isObject(version)) return !isNarrow(rule);
  const { sizeBytes, tags } = version.content;
  const hasTags = rule.tags.every((tag) => tags.some(({ key, value }) => key === tag.key && value === tag.value));
  return hasTags && sizeBytes > (rule.sizeAbove ?? -1) && sizeBytes < (rule.sizeBelow ?? Infinity);
}

function isNarrow({ tags, sizeAbove, sizeBelow }: LifecycleRule): boolean {
  return tags.length > 0 || sizeAbove !== undefined || sizeBelow !== undefined;
}

/** Whether the first midnight (UTC) after so many days is past: an age is rounded up. */
function isPast(since: number, days: number, now: number): boolean {
  return now >= Math.ceil((since + days * DAY_MS) / DAY_MS) * DAY_MS;
}
