import { AwsError } from '../../base/errors.ts';
import { sslPolicies, sslPolicyOf } from '../../model/elbv2/ssl-policies.ts';
import type { ElbHandlers } from './handler-types.ts';
import { page } from './paging.ts';

/** The types of load balancers that all policies serve. */
const supportedTypes: readonly string[] = ['application', 'network'];

/** DescribeSSLPolicies. */
export function sslPolicyHandlers() {
  return {
    DescribeSSLPolicies(input) {
      for (const name of input.Names ?? []) {
        if (sslPolicyOf(name) === undefined) {
          throw new AwsError('SSLPolicyNotFound', `SSL policy '${name}' not found`);
        }
      }
      const type = input.LoadBalancerType;
      const named = sslPolicies
        .filter(({ name }) => input.Names === undefined || input.Names.includes(name))
        .filter(() => type === undefined || supportedTypes.includes(type));
      const { items, next } = page(named, ({ name }) => name, input);
      return {
        SslPolicies: items.map(({ name, protocols, ciphers }) => ({
          Name: name,
          SslProtocols: [...protocols],
          Ciphers: ciphers.map((Name, index) => ({ Name, Priority: index + 1 })),
          SupportedLoadBalancerTypes: [...supportedTypes],
        })),
        ...next,
      };
    },
  } satisfies ElbHandlers;
}
