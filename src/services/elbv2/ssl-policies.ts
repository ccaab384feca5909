import { AwsError } from '../../base/errors.ts';
import type { ElbHandlers } from './handler-types.ts';
import { page } from './paging.ts';

/** "Security policies for your Application Load Balancer": names, protocols, and ciphers by descending priority. */
const policies: readonly { readonly name: string; readonly protocols: readonly string[]; readonly ciphers: string }[] =
  [
    {
      name: 'ELBSecurityPolicy-2016-08',
      protocols: ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
      ciphers:
        'ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256 ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 ECDHE-RSA-AES256-SHA ECDHE-ECDSA-AES256-SHA AES128-GCM-SHA256 AES128-SHA256 AES128-SHA AES256-GCM-SHA384 AES256-SHA256 AES256-SHA',
    },
    {
      name: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      protocols: ['TLSv1.2', 'TLSv1.3'],
      ciphers:
        'TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384',
    },
  ];

/** The types of load balancers that both policies serve. */
const supportedTypes: readonly string[] = ['application', 'network'];

/** DescribeSSLPolicies: the default policies of the command line and of the console. */
export function sslPolicyHandlers() {
  return {
    DescribeSSLPolicies(input) {
      for (const name of input.Names ?? []) {
        if (!policies.some((policy) => policy.name === name)) {
          throw new AwsError('SSLPolicyNotFound', `SSL policy '${name}' not found`);
        }
      }
      const type = input.LoadBalancerType;
      const named = policies
        .filter(({ name }) => input.Names === undefined || input.Names.includes(name))
        .filter(() => type === undefined || supportedTypes.includes(type));
      const { items, next } = page(named, ({ name }) => name, input);
      return {
        SslPolicies: items.map(({ name, protocols, ciphers }) => ({
          Name: name,
          SslProtocols: [...protocols],
          Ciphers: ciphers.split(' ').map((Name, index) => ({ Name, Priority: index + 1 })),
          SupportedLoadBalancerTypes: [...supportedTypes],
        })),
        ...next,
      };
    },
  } satisfies ElbHandlers;
}
