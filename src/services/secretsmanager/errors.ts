import { AwsError } from '../../base/errors.ts';

/** Secrets Manager's errors ("Errors" of each operation, Secrets Manager API Reference). */
export const secretErrors = {
  parameter: (message: string) => new AwsError('InvalidParameterException', message),
  request: (message: string) => new AwsError('InvalidRequestException', message),
  validation: (message: string) => new AwsError('ValidationException', message),
  exists: (message: string) => new AwsError('ResourceExistsException', message),
  limit: (message: string) => new AwsError('LimitExceededException', message),
  malformedPolicy: (message: string) => new AwsError('MalformedPolicyDocumentException', message),
  notFound: (message = "Secrets Manager can't find the specified secret.") =>
    new AwsError('ResourceNotFoundException', message),
  noValue: (which: string) =>
    new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${which}`),
  noFunction: () =>
    new AwsError('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.'),
  deleted: () =>
    new AwsError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    ),
  noToken: () =>
    new AwsError(
      'InvalidRequestException',
      'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
    ),
  encryption: (why: string) =>
    new AwsError(
      'EncryptionFailure',
      `Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state. ${why}`,
    ),
  decryption: (why: string) =>
    new AwsError(
      'DecryptionFailure',
      `Secrets Manager can't decrypt the protected secret text using the provided KMS key. ${why}`,
    ),
  noLambda: () =>
    new AwsError(
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function: there are no Lambda functions in Stowage. RotationLambdaARN may be the URL of what rotates the secret.',
    ),
  invalidToken: () => new AwsError('InvalidNextTokenException', 'The NextToken value is invalid.'),
};

/** A member that asks for what is not here: it is refused by its name. */
export function notHere(member: string): AwsError {
  return secretErrors.parameter(`${member} is not supported by Stowage.`);
}
