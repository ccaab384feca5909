import { AwsError } from '../../base/errors.ts';

/** ACM's errors ("Errors" of each operation, ACM API Reference). */
export const acmErrors = {
  validation: (message: string) => new AwsError('ValidationException', message),
  invalidArn: (message: string) => new AwsError('InvalidArnException', message),
  invalidParameter: (message: string) => new AwsError('InvalidParameterException', message),
  invalidDomainOptions: (message: string) => new AwsError('InvalidDomainValidationOptionsException', message),
  invalidState: (message: string) => new AwsError('InvalidStateException', message),
  invalidTag: (message: string) => new AwsError('InvalidTagException', message),
  tooManyTags: () => new AwsError('TooManyTagsException', 'A certificate can have at most 50 tags.'),
  limit: (message: string) => new AwsError('LimitExceededException', message),
  notFound: (arn: string) => new AwsError('ResourceNotFoundException', `Could not find certificate ${arn}.`),
  inUse: (arn: string, account: string) =>
    new AwsError('ResourceInUseException', `Certificate ${arn} in account ${account} is in use.`),
} as const;

/** A member that asks for what is not here: it is refused by its name. */
export function notHere(what: string): AwsError {
  return acmErrors.validation(`${what} is not supported by Stowage.`);
}
