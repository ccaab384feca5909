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

/** What the machine layer cannot act on is refused, naming the member, and never taken silently. */
export function notSupported(what: string): AwsError {
  return clientException(`${what} isn't supported by Stowage yet.`);
}
