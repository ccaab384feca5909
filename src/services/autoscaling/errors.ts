import { AwsError } from '../../base/errors.ts';

/** `ValidationError`, by which Auto Scaling refuses nearly everything ("Common Errors", Amazon EC2 Auto Scaling API Reference). */
export function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** The sentence of AWS's common validation. */
export function constraint(value: unknown, member: string, must: string): AwsError {
  return invalid(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${must}`,
  );
}

/** What nothing here acts on is refused, naming it, and never taken silently. */
export function notSupported(what: string): AwsError {
  return invalid(`${what} is not supported by Stowage yet.`);
}

/** Refuses the members of an input that ask for what is not there. */
export function refuse<Input extends object>(input: Input, ...names: readonly (keyof Input & string)[]): void {
  for (const name of names) if (asksForSomething(input[name])) throw notSupported(name);
}

/** Clients send the defaults of what they know: `false`, zero, nothing. */
function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.values(value).some(asksForSomething);
  return true;
}

/** `ResourceInUse`. */
export function inUse(message: string): AwsError {
  return new AwsError('ResourceInUse', message);
}

/** `ScalingActivityInProgress`. */
export function inProgress(message: string): AwsError {
  return new AwsError('ScalingActivityInProgress', message);
}

/** `AlreadyExists`. */
export function alreadyExists(message: string): AwsError {
  return new AwsError('AlreadyExists', message);
}
