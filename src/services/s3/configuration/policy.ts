import type { S3Deps, S3Handlers } from '../deps.ts';
import { s3Error } from '../errors.ts';
import { findBucket } from '../find.ts';
import { changeBucket } from './change-bucket.ts';

/** "Bucket policies": in bytes. */
const MOST_BYTES = 20 * 1024;

/** Bucket policies are kept and answered; enforcement is not here yet, so that nobody but the owner gets in. */
export function policyHandlers({ store }: S3Deps) {
  return {
    PutBucketPolicy: (input, ctx) => {
      const policy = input.Policy ?? '';
      const statements = readStatements(policy);
      changeBucket(store, ctx, input, (bucket) => {
        if (bucket.publicAccessBlock?.blockPublicPolicy === true && statements.some(isPublic)) {
          const message = `User: ${ctx.caller.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${bucket.name}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`;
          throw s3Error(403, 'AccessDenied', message);
        }
        return { ...bucket, policy };
      });
      return {};
    },
    GetBucketPolicy: (input, ctx) => {
      const { policy, name } = findBucket(store, ctx, input);
      if (policy === undefined) throw noPolicy(name);
      return { Policy: policy };
    },
    GetBucketPolicyStatus: (input, ctx) => {
      const { policy, name } = findBucket(store, ctx, input);
      if (policy === undefined) throw noPolicy(name);
      return { PolicyStatus: { IsPublic: readStatements(policy).some(isPublic) } };
    },
    DeleteBucketPolicy: (input, ctx) => {
      changeBucket(store, ctx, input, ({ policy: _gone, ...bucket }) => bucket);
      return {};
    },
  } satisfies S3Handlers;
}

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Condition?: unknown;
}

/** The statements of a policy, or MalformedPolicy with S3's sentences. */
function readStatements(policy: string): readonly Statement[] {
  if (Buffer.byteLength(policy) > MOST_BYTES) throw malformed('Policies must not exceed 20 KB in size');
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw malformed("Policies must be valid JSON and the first byte must be '{'");
  }
  const { Statement: given, Version: version = '2008-10-17' } = document as { Statement?: unknown; Version?: unknown };
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw malformed('The policy must contain a valid version string');
  }
  if (given === undefined) throw malformed('Missing required field Statement');
  const statements = [given].flat() as readonly Statement[];
  for (const statement of statements) {
    if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') throw malformed('Missing required field Effect');
    if (statement.Principal === undefined && statement.NotPrincipal === undefined) {
      throw malformed('Missing required field Principal');
    }
    if (statement.Action === undefined && statement.NotAction === undefined) {
      throw malformed('Missing required field Action');
    }
    if (statement.Resource === undefined && statement.NotResource === undefined) {
      throw malformed('Missing required field Resource');
    }
  }
  return statements;
}

/** "The meaning of public": anybody may, whatever the circumstances. */
function isPublic({ Effect, Principal, Condition }: Statement): boolean {
  const principals =
    typeof Principal === 'object' && Principal !== null ? Object.values(Principal).flat() : [Principal];
  return Effect === 'Allow' && Condition === undefined && principals.includes('*');
}

function noPolicy(name: string) {
  return s3Error(404, 'NoSuchBucketPolicy', 'The bucket policy does not exist', { BucketName: name });
}

function malformed(message: string) {
  return s3Error(400, 'MalformedPolicy', message);
}
