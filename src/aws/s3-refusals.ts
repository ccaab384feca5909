import { AwsError } from '../base/errors.ts';
import type { SignatureFault } from './sigv4.ts';

type Refusal = readonly [code: string, status: number, message: string];

/** What S3 says of signatures in headers ("Error responses", S3 API Reference). */
const ofHeaders: Readonly<Record<SignatureFault, Refusal>> = {
  missing: ['AccessDenied', 403, 'Access Denied'],
  incomplete: ['AuthorizationHeaderMalformed', 400, 'The authorization header that you provided is not valid.'],
  'unknown-key': ['InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.'],
  mismatch: [
    'SignatureDoesNotMatch',
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  expired: ['RequestTimeTooSkewed', 403, 'The difference between the request time and the current time is too large.'],
  'bad-token': ['ExpiredToken', 400, 'The provided token has expired.'],
};

/** What it says otherwise of presigned URLs. */
const ofUrls: Partial<Record<SignatureFault, Refusal>> = {
  incomplete: [
    'AuthorizationQueryParametersError',
    400,
    'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, ' +
      'X-Amz-SignedHeaders, and X-Amz-Expires parameters, and X-Amz-Expires must be less than a week (in seconds).',
  ],
  expired: ['AccessDenied', 403, 'Request has expired'],
};

/** The error with which S3 refuses a signature. */
export function s3Refusal(fault: SignatureFault, isUrl: boolean): AwsError {
  const [code, status, message] = (isUrl ? ofUrls[fault] : undefined) ?? ofHeaders[fault];
  return new AwsError(code, message, { status });
}
