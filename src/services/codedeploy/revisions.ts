import { createHash } from 'node:crypto';
import type * as sdk from '@aws-sdk/client-codedeploy';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { AppSpecError } from './app-spec.ts';
import type { CodeDeployDeps } from './deps.ts';
import { notHere, refused } from './errors.ts';

/** The longest that an AppSpec file may be, bytes: 10 KiB are CodeDeploy's limit for content, files in S3 may be as long here. */
const mostBytes = 100 * 1024;

/** Where a revision is, checked. Throws as CreateDeployment does. */
export type Revision =
  | { readonly kind: 'content'; readonly content: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly key: string;
      readonly version?: string;
      readonly eTag?: string;
    };

/** Checks a revision as a request names it. */
export function readRevision(asked: sdk.RevisionLocation | undefined): Revision {
  if (asked === undefined) throw refused('RevisionRequired', 'RevisionLocation must be specified');
  const { revisionType, s3Location } = asked;
  if (revisionType === 'GitHub')
    throw notHere('InvalidRevision', 'A revision in GitHub', 'for ECS it is an AppSpec file');
  if (revisionType === 'AppSpecContent' || revisionType === 'String') {
    const { content, sha256 } = (revisionType === 'String' ? asked.string : asked.appSpecContent) ?? {};
    if (content === undefined || content === '') throw invalid(`The content of the ${revisionType} must be specified`);
    if (Buffer.byteLength(content) > mostBytes) throw invalid(`The content must have at most ${mostBytes} bytes`);
    if (sha256 !== undefined && sha256 !== '' && sha256.toLowerCase() !== sha256Of(content)) {
      throw invalid('The sha256 does not match the content');
    }
    return { kind: 'content', content };
  }
  if (revisionType !== 'S3') throw invalid('The revisionType must be S3, String or AppSpecContent');
  const { bucket = '', key = '', bundleType, version, eTag } = s3Location ?? {};
  if (bucket === '' || key === '') throw invalid('The bucket and the key of the S3 location must be specified');
  if (bundleType !== 'YAML' && bundleType !== 'JSON') {
    throw invalid('For ECS deployment, the bundle type must be YAML or JSON');
  }
  return {
    kind: 's3',
    bucket,
    key,
    ...(version === undefined || version === '' ? {} : { version }),
    ...(eTag === undefined || eTag === '' ? {} : { eTag }),
  };
}

/** The text of a revision. Throws `AppSpecError` where there is none. */
export async function fetchRevision(deps: CodeDeployDeps, revision: Revision, ctx: Ctx): Promise<string> {
  if (revision.kind === 'content') return revision.content;
  try {
    return await deps.readObject(revision, mostBytes, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AppSpecError(
      `The object ${revision.key} of the bucket ${revision.bucket} could not be read: ${error.message}`,
    );
  }
}

function invalid(message: string) {
  return refused('InvalidRevision', message);
}

function sha256Of(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
