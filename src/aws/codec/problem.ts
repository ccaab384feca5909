import { AwsError } from '../../base/errors.ts';

/** A value of the request that is not of its member's type. The protocol that read it says with which code. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** A body that is no JSON, CBOR or XML at all, or whose values have other types than the model's. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message);
}
