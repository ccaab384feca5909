import { AwsError } from '../base/errors.ts';
import type { Caller } from './handlers.ts';
import type { ServiceRow } from './service-table.ts';

/** Operations of S3 that IAM knows by another name ("Actions, resources, and condition keys for Amazon S3"). */
const actionsOfS3: Readonly<Record<string, string>> = {
  ListBuckets: 'ListAllMyBuckets',
  HeadBucket: 'ListBucket',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListParts: 'ListMultipartUploadParts',
  HeadObject: 'GetObject',
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  DeleteObjects: 'DeleteObject',
};

/** What IAM calls an operation: `ecs:RunTask`. */
export function actionOf({ id, scope }: Pick<ServiceRow, 'id' | 'scope'>, operation: string): string {
  return `${scope}:${(id === 's3' ? actionsOfS3[operation] : undefined) ?? operation}`;
}

/**
 * What a caller is told whose policies do not allow an action, in the words that its service has for it ("Troubleshoot access denied
 * error messages", IAM User Guide). For which resource is not said: that is the service's to know.
 */
export function denied(row: ServiceRow, caller: Caller, action: string): AwsError {
  const where = row.id === 'ec2' ? '' : ' on resource: *';
  const message = `User: ${caller.arn} is not authorized to perform: ${action}${where} because no identity-based policy allows the ${action} action`;
  switch (row.protocols[0]) {
    case 'ec2-query':
      return new AwsError('UnauthorizedOperation', `You are not authorized to perform this operation. ${message}`, {
        status: 403,
      });
    case 'query':
    case 'rest-xml':
      return new AwsError('AccessDenied', message, { status: 403 });
    default:
      return new AwsError('AccessDeniedException', message, { status: 400 });
  }
}
