import type { LifecycleRule as SdkRule, LifecycleRuleFilter } from '@aws-sdk/client-s3';
import { dateOf } from '../../../base/clock.ts';
import { given } from '../../../base/given.ts';
import type { LifecycleRule } from '../../../model/s3/bucket.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { invalidArgument, invalidRequest, malformedXml, refuse, s3Error } from '../errors.ts';
import { findBucket } from '../find.ts';
import { checkTags, sdkTags } from '../tag-rules.ts';
import { changeBucket } from './change-bucket.ts';

/** "Lifecycle configuration elements". */
const MOST_RULES = 1000;
const DAY_MS = 24 * 60 * 60_000;
/** Says from which size objects change their storage class: there is one class, so that all sizes are the same. */
const smallest = ['all_storage_classes_128K', 'varies_by_storage_class'] as const;

/** When objects of a bucket expire. Changes of the storage class are refused: there is one. */
export function lifecycleHandlers({ store }: S3Deps) {
  return {
    PutBucketLifecycleConfiguration: (input, ctx) => {
      const given_ = input.LifecycleConfiguration?.Rules ?? [];
      const { TransitionDefaultMinimumObjectSize: size = smallest[0] } = input;
      const transitionMinimum = smallest.find((each) => each === size);
      if (transitionMinimum === undefined) {
        throw invalidArgument(
          `Invalid TransitionDefaultMinimumObjectSize found: ${size}`,
          'x-amz-transition-default-minimum-object-size',
          size,
        );
      }
      if (given_.length === 0 || given_.length > MOST_RULES) throw malformedXml();
      const lifecycle = given_.map(readRule);
      if (new Set(lifecycle.map(({ id }) => id)).size < lifecycle.length) {
        throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', '');
      }
      changeBucket(store, ctx, input, (bucket) => ({ ...bucket, lifecycle, transitionMinimum }));
      return { TransitionDefaultMinimumObjectSize: size };
    },
    GetBucketLifecycleConfiguration: (input, ctx) => {
      const { lifecycle, transitionMinimum = smallest[0], name } = findBucket(store, ctx, input);
      if (lifecycle === undefined) {
        const message = 'The lifecycle configuration does not exist';
        throw s3Error(404, 'NoSuchLifecycleConfiguration', message, { BucketName: name });
      }
      return { Rules: lifecycle.map(sdkRule), TransitionDefaultMinimumObjectSize: transitionMinimum };
    },
    DeleteBucketLifecycle: (input, ctx) => {
      changeBucket(store, ctx, input, ({ lifecycle: _gone, transitionMinimum: _too, ...bucket }) => bucket);
      return {};
    },
  } satisfies S3Handlers;
}

function readRule(rule: SdkRule, index: number): LifecycleRule {
  const {
    Expiration: expiration,
    NoncurrentVersionExpiration: noncurrent,
    AbortIncompleteMultipartUpload: abort,
  } = rule;
  refuse({ Transition: rule.Transitions, NoncurrentVersionTransition: rule.NoncurrentVersionTransitions });
  if (rule.Status !== 'Enabled' && rule.Status !== 'Disabled') throw malformedXml();
  if (rule.ID !== undefined && rule.ID.length > 255) {
    throw invalidArgument('ID length should not exceed allowed limit of 255', 'ID', rule.ID);
  }
  if (expiration === undefined && noncurrent === undefined && abort === undefined) {
    throw invalidRequest('At least one action needs to be specified in a rule');
  }
  const expirations = [expiration?.Days, expiration?.Date, expiration?.ExpiredObjectDeleteMarker];
  if (expiration !== undefined && expirations.filter((each) => each !== undefined).length !== 1) throw malformedXml();
  const expireAt = expiration?.Date?.getTime();
  if (expireAt !== undefined && expireAt % DAY_MS !== 0) {
    throw invalidArgument("'Date' must be at midnight GMT", 'Date', expiration?.Date?.toISOString());
  }
  checkDays('Expiration action', expiration?.Days);
  checkDays('NoncurrentVersionExpiration action', noncurrent?.NoncurrentDays);
  checkDays('AbortIncompleteMultipartUpload action', abort?.DaysAfterInitiation);
  if (noncurrent !== undefined && noncurrent.NoncurrentDays === undefined) throw malformedXml();
  const filter = readFilter(rule);
  if (filter.tags.length > 0 && (abort !== undefined || expiration?.ExpiredObjectDeleteMarker === true)) {
    const what = abort === undefined ? 'ExpiredObjectDeleteMarker' : 'AbortIncompleteMultipartUpload';
    throw invalidRequest(`${what} cannot be specified with Tags.`);
  }
  return {
    id: rule.ID ?? `rule-${index + 1}`,
    enabled: rule.Status === 'Enabled',
    ...filter,
    ...given('expireDays', expiration?.Days),
    ...given('expireAt', expireAt),
    ...given('expireDeleteMarkers', expiration?.ExpiredObjectDeleteMarker),
    ...given('noncurrentDays', noncurrent?.NoncurrentDays),
    ...given('noncurrentKept', noncurrent?.NewerNoncurrentVersions),
    ...given('abortUploadDays', abort?.DaysAfterInitiation),
  };
}

function checkDays(action: string, days: number | undefined): void {
  if (days === undefined || (Number.isInteger(days) && days > 0)) return;
  throw invalidArgument(`'Days' for ${action} must be a positive integer`, 'Days', days);
}

type Filter = Pick<LifecycleRule, 'filter' | 'prefix' | 'tags' | 'sizeAbove' | 'sizeBelow'>;

function readFilter({ Filter: filter, Prefix: legacy }: SdkRule): Filter {
  if ((filter === undefined) === (legacy === undefined)) throw malformedXml();
  if (filter === undefined) return { filter: 'Legacy', prefix: legacy ?? '', tags: [] };
  const { Prefix, Tag, And, ObjectSizeGreaterThan: sizeAbove, ObjectSizeLessThan: sizeBelow } = filter;
  const kinds = [Prefix, Tag, And, sizeAbove, sizeBelow].filter((each) => each !== undefined);
  if (kinds.length > 1) throw malformedXml();
  if (And !== undefined) {
    return {
      filter: 'And',
      ...given('prefix', And.Prefix),
      tags: checkTags(And.Tags, 50),
      ...given('sizeAbove', And.ObjectSizeGreaterThan),
      ...given('sizeBelow', And.ObjectSizeLessThan),
    };
  }
  if (Tag !== undefined) return { filter: 'Tag', tags: checkTags([Tag], 1) };
  if (Prefix !== undefined) return { filter: 'Prefix', prefix: Prefix, tags: [] };
  const sizes = { ...given('sizeAbove', sizeAbove), ...given('sizeBelow', sizeBelow) };
  return { filter: Object.keys(sizes).length === 0 ? 'None' : 'Size', tags: [], ...sizes };
}

function sdkRule(rule: LifecycleRule): SdkRule {
  const { expireDays, expireAt, expireDeleteMarkers, noncurrentDays, noncurrentKept, abortUploadDays } = rule;
  const expires = expireDays !== undefined || expireAt !== undefined || expireDeleteMarkers !== undefined;
  return {
    ID: rule.id,
    Status: rule.enabled ? 'Enabled' : 'Disabled',
    ...(rule.filter === 'Legacy' ? { Prefix: rule.prefix ?? '' } : { Filter: sdkFilter(rule) }),
    ...(expires
      ? {
          Expiration: {
            ...given('Days', expireDays),
            ...given('Date', expireAt === undefined ? undefined : dateOf(expireAt)),
            ...given('ExpiredObjectDeleteMarker', expireDeleteMarkers),
          },
        }
      : {}),
    ...(noncurrentDays === undefined
      ? {}
      : {
          NoncurrentVersionExpiration: {
            NoncurrentDays: noncurrentDays,
            ...given('NewerNoncurrentVersions', noncurrentKept),
          },
        }),
    ...(abortUploadDays === undefined
      ? {}
      : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortUploadDays } }),
  };
}

/** A filter in the form in which it was given. */
function sdkFilter({ filter, prefix, tags, sizeAbove, sizeBelow }: LifecycleRule): LifecycleRuleFilter {
  const sizes = { ...given('ObjectSizeGreaterThan', sizeAbove), ...given('ObjectSizeLessThan', sizeBelow) };
  switch (filter) {
    case 'And':
      return { And: { ...given('Prefix', prefix), ...(tags.length > 0 ? { Tags: sdkTags(tags) } : {}), ...sizes } };
    case 'Tag':
      return { ...given('Tag', sdkTags(tags)[0]) };
    case 'Size':
      return sizes;
    case 'Prefix':
      return { ...given('Prefix', prefix) };
    default:
      return {};
  }
}
