import { timeOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { ParameterPolicy } from '../../model/ssm/parameter.ts';

const types = ['Expiration', 'ExpirationNotification', 'NoChangeNotification'] as const;
const mostPolicies = 10;

/** Reads the JSON array of a parameter's policies ("Assigning parameter policies", Systems Manager User Guide). */
export function readPolicies(text: string | undefined, now: number): ParameterPolicy[] {
  if (text === undefined || text === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badAttribute('The policies are not valid JSON.');
  }
  // `{}` takes policies away, like an empty list.
  const list: readonly unknown[] = Array.isArray(parsed) ? parsed : isEmpty(parsed) ? [] : [parsed];
  if (list.length > mostPolicies) {
    throw new AwsError(
      'PoliciesLimitExceededException',
      'You specified more than the maximum number of allowed policies for the parameter. The maximum is 10.',
    );
  }
  const policies = list.map((each) => readPolicy(each, now));
  if (policies.filter(({ type }) => type === 'Expiration').length > 1) {
    throw new AwsError(
      'IncompatiblePolicyException',
      "There is a conflict in the policies specified for this parameter. You can't, for example, specify two Expiration policies for a parameter. Review your policies, and try again.",
    );
  }
  return policies;
}

function readPolicy(given: unknown, now: number): ParameterPolicy {
  const { Type, Version, Attributes } = (given ?? {}) as Record<string, unknown>;
  const type = types.find((each) => each === Type);
  if (type === undefined) {
    throw new AwsError(
      'InvalidPolicyTypeException',
      "The policy type isn't supported. Parameter Store supports the following policy types: Expiration, ExpirationNotification, and NoChangeNotification.",
    );
  }
  if (Version !== '1.0') throw badAttribute(`The version of the policy ${type} must be 1.0.`);
  const attributes = (Attributes ?? {}) as Record<string, unknown>;
  const text = JSON.stringify(given);
  if (type === 'Expiration') {
    const { Timestamp } = attributes;
    const expiresAt = typeof Timestamp === 'string' ? timeOf(Timestamp) : undefined;
    if (expiresAt === undefined)
      throw badAttribute('The Timestamp of an Expiration policy must be a time of ISO 8601.');
    if (expiresAt <= now) throw badAttribute('The Timestamp of an Expiration policy must be in the future.');
    return { type, text, expiresAt };
  }
  const amount = attributes[type === 'ExpirationNotification' ? 'Before' : 'After'];
  if (!/^[1-9]\d*$/.test(String(amount)) || !['Days', 'Hours'].includes(String(attributes['Unit']))) {
    throw badAttribute(`The policy ${type} must say how many Days or Hours.`);
  }
  return { type, text };
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function badAttribute(message: string): AwsError {
  return new AwsError('InvalidPolicyAttributeException', message);
}
