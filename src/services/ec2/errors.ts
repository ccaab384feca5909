import { AwsError } from '../../base/errors.ts';

/** `InvalidParameterValue` ("Error codes for the Amazon EC2 API", EC2 API Reference, as all below). */
export function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

/** `InvalidParameterValue` in EC2's usual sentence about one parameter. */
export function badValue(value: unknown, parameter: string, why: string): AwsError {
  return invalidValue(`Value (${String(value)}) for parameter ${parameter} is invalid. ${why}`);
}

/** `MissingParameter`. */
export function missing(parameter: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${parameter}`);
}

/** `InvalidParameterCombination`. */
export function badCombination(message: string): AwsError {
  return new AwsError('InvalidParameterCombination', message);
}

/** `DependencyViolation`: something still hangs on what is to be deleted. */
export function dependencyViolation(what: string, id: string): AwsError {
  return new AwsError('DependencyViolation', `The ${what} '${id}' has dependencies and cannot be deleted.`);
}

/** `AuthFailure`: an interface or address that a service manages is not the caller's to change. */
export function notYours(): AwsError {
  return new AwsError('AuthFailure', 'You do not have permission to access the specified resource.');
}

/** What nothing underneath acts on is refused, naming it, and never taken silently. */
export function unsupported(what: string): AwsError {
  return new AwsError('UnsupportedOperation', `${what} is not supported by Stowage yet.`);
}
