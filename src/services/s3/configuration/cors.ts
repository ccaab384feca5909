import type { CORSRule } from '@aws-sdk/client-s3';
import { given } from '../../../base/given.ts';
import type { CorsRule } from '../../../model/s3/bucket.ts';
import type { S3Deps, S3Handlers } from '../deps.ts';
import { invalidRequest, malformedXml, s3Error } from '../errors.ts';
import { findBucket } from '../find.ts';
import { changeBucket } from './change-bucket.ts';

/** "CORS configuration": a hundred rules at most. */
const MOST_RULES = 100;
const methods = new Set(['GET', 'PUT', 'POST', 'DELETE', 'HEAD']);

/** Which pages of other origins may use a bucket; the front acts on it (`src/aws/cross-origin.ts`). */
export function corsHandlers({ store }: S3Deps) {
  return {
    PutBucketCors: (input, ctx) => {
      const rules = input.CORSConfiguration?.CORSRules ?? [];
      if (rules.length === 0 || rules.length > MOST_RULES) throw malformedXml();
      const cors = rules.map(readRule);
      changeBucket(store, ctx, input, (bucket) => ({ ...bucket, cors }));
      return {};
    },
    GetBucketCors: (input, ctx) => {
      const { name, cors } = findBucket(store, ctx, input);
      if (cors !== undefined) return { CORSRules: cors.map(sdkRule) };
      throw s3Error(404, 'NoSuchCORSConfiguration', 'The CORS configuration does not exist', { BucketName: name });
    },
    DeleteBucketCors: (input, ctx) => {
      changeBucket(store, ctx, input, ({ cors: _gone, ...bucket }) => bucket);
      return {};
    },
  } satisfies S3Handlers;
}

function readRule({ ID: id, MaxAgeSeconds: maxAgeSeconds, ...rule }: CORSRule): CorsRule {
  const { AllowedMethods: allowedMethods = [], AllowedOrigins: allowedOrigins = [] } = rule;
  const { AllowedHeaders: allowedHeaders = [], ExposeHeaders: exposeHeaders = [] } = rule;
  if (allowedMethods.length === 0 || allowedOrigins.length === 0) throw malformedXml();
  const method = allowedMethods.find((each) => !methods.has(each));
  if (method !== undefined) {
    throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
  }
  checkWildcards('AllowedOrigin', allowedOrigins);
  checkWildcards('AllowedHeader', allowedHeaders);
  const exposed = exposeHeaders.find((each) => each.includes('*'));
  if (exposed !== undefined) {
    throw invalidRequest(
      `ExposeHeader "${exposed}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
    );
  }
  return {
    ...given('id', id),
    allowedMethods,
    allowedOrigins,
    allowedHeaders,
    exposeHeaders,
    ...given('maxAgeSeconds', maxAgeSeconds),
  };
}

function checkWildcards(what: string, patterns: readonly string[]): void {
  const wild = patterns.find((pattern) => pattern.indexOf('*') !== pattern.lastIndexOf('*'));
  if (wild !== undefined) throw invalidRequest(`${what} "${wild}" can not have more than one wildcard.`);
}

function sdkRule(rule: CorsRule): CORSRule {
  const some = (list: readonly string[]) => (list.length === 0 ? undefined : [...list]);
  return {
    ...given('ID', rule.id),
    AllowedMethods: [...rule.allowedMethods],
    AllowedOrigins: [...rule.allowedOrigins],
    ...given('AllowedHeaders', some(rule.allowedHeaders)),
    ...given('ExposeHeaders', some(rule.exposeHeaders)),
    ...given('MaxAgeSeconds', rule.maxAgeSeconds),
  };
}
