import { AwsError } from '../../base/errors.ts';

/** ELB's errors, by the codes of its query protocol ("Errors" of each operation, ELB API Reference 2015-12-01). */
export const elbErrors = {
  validation: (message: string) => new AwsError('ValidationError', message),
  configuration: (message: string) => new AwsError('InvalidConfigurationRequest', message),
  loadBalancerNotFound: (arn: string) => new AwsError('LoadBalancerNotFound', `Load balancer '${arn}' not found`),
  targetGroupNotFound: (arn: string) => new AwsError('TargetGroupNotFound', `Target groups '${arn}' not found`),
  listenerNotFound: () => new AwsError('ListenerNotFound', 'One or more listeners not found'),
  ruleNotFound: () => new AwsError('RuleNotFound', 'One or more rules not found'),
  notPermitted: (message: string) => new AwsError('OperationNotPermitted', message),
  inUse: (message: string) => new AwsError('ResourceInUse', message),
} as const;

/** What the balancer cannot do is refused, naming it, and never taken silently. */
export function notSupported(what: string): AwsError {
  return elbErrors.validation(`${what} is not supported by Stowage yet`);
}

/** The sentence of AWS's common validation. */
export function constraint(value: unknown, member: string, must: string): AwsError {
  return elbErrors.validation(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: Member must ${must}`,
  );
}

/** Checks that a whole number lies within its range. */
export function checkRange(value: number, member: string, min: number, max: number): number {
  if (value < min) throw constraint(value, member, `have value greater than or equal to ${min}`);
  if (value > max) throw constraint(value, member, `have value less than or equal to ${max}`);
  return value;
}
