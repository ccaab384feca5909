import { AwsError } from '../../../base/errors.ts';
import type { ClassicPolicy, ClassicPolicyType } from '../../../model/elbv2/classic.ts';
import { classicSslPolicies } from '../../../model/elbv2/classic-tls.ts';
import type { Transaction } from '../../../store/store.ts';
import { listeners, loadBalancers } from '../../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../../deps.ts';
import { elbErrors } from '../errors.ts';
import { classicErrors } from './errors.ts';
import { findClassic, findListenerOn, listenersOf, type Classic } from './find.ts';
import type { ClassicHandlers } from './handler-types.ts';
import { isHttp } from './listener-rules.ts';
import {
  checkPolicyType,
  describePolicy,
  isPolicyType,
  policyTypes,
  predefinedPolicy,
  readPolicy,
} from './policy-rules.ts';

/** The most policies of one load balancer. */
const mostPolicies = 100;

/** The operations on policies ("Configure sticky sessions", "Configure proxy protocol support" and "SSL negotiation configurations"). */
export function policyHandlers({ store }: ServiceDeps) {
  return {
    CreateLBCookieStickinessPolicy(input, ctx) {
      const { PolicyName: name = '', CookieExpirationPeriod: period } = input;
      const given =
        period === undefined ? [] : [{ AttributeName: 'CookieExpirationPeriod', AttributeValue: `${period}` }];
      if (period !== undefined && period < 1) {
        throw elbErrors.validation('CookieExpirationPeriod must be greater than 0');
      }
      const policy = readPolicy(name, 'LBCookieStickinessPolicyType', given);
      return store.transact((tx) => addPolicy(tx, findClassic(tx, ctx, input.LoadBalancerName), policy));
    },

    CreateAppCookieStickinessPolicy(input, ctx) {
      const given = [{ AttributeName: 'CookieName', AttributeValue: input.CookieName }];
      const policy = readPolicy(input.PolicyName ?? '', 'AppCookieStickinessPolicyType', given);
      return store.transact((tx) => addPolicy(tx, findClassic(tx, ctx, input.LoadBalancerName), policy));
    },

    CreateLoadBalancerPolicy(input, ctx) {
      const { PolicyName: name = '', PolicyTypeName: type = '', PolicyAttributes = [] } = input;
      return store.transact((tx) => {
        const balancer = findClassic(tx, ctx, input.LoadBalancerName);
        return addPolicy(tx, balancer, readPolicy(name, checkPolicyType(type), PolicyAttributes));
      });
    },

    DeleteLoadBalancerPolicy(input, ctx) {
      return store.transact((tx) => {
        const row = findClassic(tx, ctx, input.LoadBalancerName);
        const name = input.PolicyName ?? '';
        const used =
          listenersOf(tx, row).some(({ classic }) => classic.policies.includes(name)) ||
          Object.values(row.classic.backendPolicies).some((names) => names.includes(name));
        if (used) throw elbErrors.configuration(`The policy ${name} is enabled and cannot be deleted`);
        const policies = row.classic.policies.filter((each) => each.name !== name);
        tx.put(loadBalancers, { ...row, classic: { ...row.classic, policies } });
        return {};
      });
    },

    SetLoadBalancerPoliciesOfListener(input, ctx) {
      return store.transact((tx) => {
        const row = findClassic(tx, ctx, input.LoadBalancerName);
        const listener = findListenerOn(tx, row, input.LoadBalancerPort);
        const allowed: ClassicPolicyType[] = [
          ...(isHttp(listener.protocol)
            ? (['AppCookieStickinessPolicyType', 'LBCookieStickinessPolicyType'] as const)
            : []),
          ...(listener.sslPolicy === undefined ? [] : (['SSLNegotiationPolicyType'] as const)),
        ];
        const policies = named(row, input.PolicyNames ?? [], allowed);
        tx.put(listeners, { ...listener, classic: { ...listener.classic, policies } });
        return {};
      });
    },

    SetLoadBalancerPoliciesForBackendServer(input, ctx) {
      return store.transact((tx) => {
        const row = findClassic(tx, ctx, input.LoadBalancerName);
        const port = input.InstancePort ?? 0;
        const behind = listenersOf(tx, row).filter(({ classic }) => classic.instancePort === port);
        if (behind.length === 0) {
          throw elbErrors.configuration(`No listener of load balancer ${row.name} goes on to instance port ${port}`);
        }
        const isBytes = behind.some(({ classic }) => !isHttp(classic.instanceProtocol));
        const names = named(row, input.PolicyNames ?? [], isBytes ? ['ProxyProtocolPolicyType'] : []);
        const { [String(port)]: _before, ...others } = row.classic.backendPolicies;
        const backendPolicies = names.length === 0 ? others : { ...others, [String(port)]: names };
        tx.put(loadBalancers, { ...row, classic: { ...row.classic, backendPolicies } });
        return {};
      });
    },

    DescribeLoadBalancerPolicies(input, ctx) {
      const { LoadBalancerName: name, PolicyNames: names } = input;
      // Without a load balancer it is the predefined ones that are described.
      const all =
        name === undefined
          ? classicSslPolicies.map((each) => predefinedPolicy(each.name))
          : findClassic(store, ctx, name).classic.policies;
      const wanted = names === undefined || names.length === 0 ? all.map((each) => each.name) : names;
      return {
        PolicyDescriptions: wanted.map((each) => {
          const policy = all.find((one) => one.name === each);
          if (policy === undefined) throw classicErrors.policyNotFound(each, name ?? '');
          return describePolicy(policy);
        }),
      };
    },

    DescribeLoadBalancerPolicyTypes(input) {
      const { PolicyTypeNames: names = [] } = input;
      const wanted = names.length === 0 ? Object.keys(policyTypes) : names;
      return {
        PolicyTypeDescriptions: wanted.map((name) => {
          if (!isPolicyType(name)) throw new AwsError('PolicyTypeNotFound', `Policy Type ${name} not found`);
          const { description, attributes } = policyTypes[name];
          return {
            PolicyTypeName: name,
            Description: description,
            PolicyAttributeTypeDescriptions: attributes.map((each) => ({
              AttributeName: each.name,
              AttributeType: each.type,
              Cardinality: each.cardinality,
            })),
          };
        }),
      };
    },
  } satisfies ClassicHandlers;
}

function addPolicy(tx: Transaction, balancer: Classic, policy: ClassicPolicy): object {
  const { policies } = balancer.classic;
  if (policy.name === '') throw elbErrors.validation('PolicyName cannot be empty');
  if (!/^[A-Za-z0-9-]{1,128}$/.test(policy.name)) {
    throw elbErrors.validation(
      'PolicyName can only contain alphanumeric characters and the dash, and 128 of them at most',
    );
  }
  if (policies.some(({ name }) => name === policy.name)) {
    throw new AwsError(
      'DuplicatePolicyName',
      `There is already a policy with name ${policy.name} for load balancer ${balancer.name}`,
    );
  }
  if (policies.length >= mostPolicies) {
    throw new AwsError('TooManyPolicies', `A load balancer can have at most ${mostPolicies} policies`);
  }
  tx.put(loadBalancers, { ...balancer, classic: { ...balancer.classic, policies: [...policies, policy] } });
  return {};
}

/** The policies of some names: each of a type that is allowed there, one stickiness and one negotiation at most. */
function named(balancer: Classic, names: readonly string[], allowed: readonly ClassicPolicyType[]): readonly string[] {
  const kinds = names.map((name) => {
    const policy = balancer.classic.policies.find((each) => each.name === name);
    if (policy === undefined) throw classicErrors.policyNotFound(name, balancer.name);
    if (!allowed.includes(policy.type)) {
      throw elbErrors.configuration(`The policy ${name} of type ${policy.type} cannot be enabled here`);
    }
    return policy.type.replace(/^(?:App|LB)Cookie/, '');
  });
  if (new Set(kinds).size < kinds.length) {
    throw elbErrors.configuration('Only one policy of a kind can be enabled');
  }
  return names;
}
