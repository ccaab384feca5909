import { AwsError } from '../../../base/errors.ts';

/** Errors of the older API by the codes of its query protocol ("Errors" of each operation, Elastic Load Balancing API Reference 2012-06-01). */
export const classicErrors = {
  loadBalancerNotFound: (name: string) =>
    new AwsError('LoadBalancerNotFound', `There is no ACTIVE Load Balancer named '${name}'`),
  listenerNotFound: (name: string, port: number) =>
    new AwsError('ListenerNotFound', `The load balancer '${name}' has no listener on port ${port}`),
  policyNotFound: (name: string, balancer: string) =>
    new AwsError('PolicyNotFound', `There is no policy with name ${name} for load balancer ${balancer}`),
  instance: (id: string) => new AwsError('InvalidInstance', `Could not find EC2 instance ${id}.`),
  certificateNotFound: (arn: string) =>
    new AwsError('CertificateNotFound', `Server Certificate not found for the key: ${arn}`),
} as const;
