import { AwsError } from '../../base/errors.ts';

// Codes and sentences: "Error responses", S3 API Reference.

/** An error of S3; `members` become elements of its document. */
export function s3Error(
  status: number,
  code: string,
  message: string,
  members: Record<string, unknown> = {},
): AwsError {
  return new AwsError(code, message, { status, members });
}

export function noSuchBucket(name: string): AwsError {
  return s3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
}

export function noSuchKey(key: string): AwsError {
  return s3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
}

export function noSuchVersion(key: string, versionId: string): AwsError {
  return s3Error(404, 'NoSuchVersion', 'The specified version does not exist.', { Key: key, VersionId: versionId });
}

export function noSuchUpload(id: string): AwsError {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';
  return s3Error(404, 'NoSuchUpload', message, { UploadId: id });
}

export function accessDenied(): AwsError {
  return s3Error(403, 'AccessDenied', 'Access Denied');
}

export function invalidArgument(message: string, name: string, value: unknown): AwsError {
  return s3Error(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value });
}

export function invalidRequest(message: string): AwsError {
  return s3Error(400, 'InvalidRequest', message);
}

export function malformedXml(): AwsError {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return s3Error(400, 'MalformedXML', message);
}

export function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return s3Error(412, 'PreconditionFailed', message, { Condition: condition });
}

/** What AWS has and we do not, by the header or element that asks for it. */
export function notSupported(what: string): AwsError {
  const message = `A header you provided implies functionality that is not implemented: ${what} is not supported.`;
  return s3Error(501, 'NotImplemented', message, { Header: what });
}

/** Throws for the first of these that is asked for: names as the client wrote them, with what was given. */
export function refuse(asked: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && value !== false) throw notSupported(name);
  }
}
