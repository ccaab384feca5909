import { AwsError } from '../../base/errors.ts';

/** CodeDeploy's errors: each has an exception of its own ("Errors" of each operation, CodeDeploy API Reference). */
export function refused(code: string, message: string): AwsError {
  return new AwsError(`${code}Exception`, message);
}

/** A member that asks for what is not here: it is refused by its name, with the error that AWS has for that member. */
export function notHere(code: string, what: string, why = 'yet'): AwsError {
  return refused(code, `${what} isn't supported by Stowage${why === 'yet' ? ' yet.' : `: ${why}.`}`);
}
