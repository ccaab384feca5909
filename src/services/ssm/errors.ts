import { AwsError } from '../../base/errors.ts';

/** Systems Manager's errors ("Errors" of each operation, Systems Manager API Reference). */
export const ssmErrors = {
  validation: (message: string) => new AwsError('ValidationException', message),
  denied: (message: string) => new AwsError('AccessDeniedException', message),
  notFound: (name: string) => new AwsError('ParameterNotFound', `Parameter ${name} not found.`),
  versionNotFound: (what: string, name: string) =>
    new AwsError(
      'ParameterVersionNotFound',
      `Systems Manager could not find ${what} of ${name}. Verify the ${what.split(' ')[0]} and try again.`,
    ),
  exists: () =>
    new AwsError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    ),
  tooDeep: () =>
    new AwsError(
      'HierarchyLevelLimitExceededException',
      'A hierarchy can have a maximum of 15 levels. For more information, see Requirements and constraints for parameter names in the Amazon Web Services Systems Manager User Guide.',
    ),
  invalidKey: (message: string) => new AwsError('InvalidKeyId', message),
  invalidToken: () => new AwsError('InvalidNextToken', 'The specified token is not valid.'),
};
