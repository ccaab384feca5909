import { AwsError } from '../../base/errors.ts';

/** `ClientException`: the request asks for what cannot be; ECS's most general refusal. */
export function clientException(message: string): AwsError {
  return new AwsError('ClientException', message);
}

/** `InvalidParameterException`. */
export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

/** `ServiceNotFoundException`, word for word. */
export function serviceNotFound(): AwsError {
  return new AwsError('ServiceNotFoundException', 'Service not found.');
}

/** A member of a container definition that cannot be as it is; ECS names it so, `why` is ours where ECS says no more. */
export function invalidSetting(member: string, container: string | undefined, why = ''): AwsError {
  return clientException(`Invalid '${member}' setting for container '${container ?? ''}'.${why && ` ${why}`}`);
}

/**
 * What the machine layer cannot act on is refused, naming the member, and never taken silently; `why` is there where it
 * is not a matter of time.
 */
export function notSupported(what: string, why?: string): AwsError {
  return clientException(`${what} isn't supported by Stowage${why === undefined ? ' yet.' : `: ${why}.`}`);
}
