import type { Policies, PolicyAttribute, PolicyDescription } from '@aws-sdk/client-elastic-load-balancing';
import { AwsError } from '../../../base/errors.ts';
import type { ClassicPolicy, ClassicPolicyType } from '../../../model/elbv2/classic.ts';
import {
  attributesOfPolicy,
  classicCiphers,
  classicSslPolicies,
  neverNegotiated,
  tlsOfAttributes,
  versionAttributes,
} from '../../../model/elbv2/classic-tls.ts';
import { elbErrors, notSupported } from '../errors.ts';
import type { Classic } from './find.ts';

interface AttributeType {
  readonly name: string;
  readonly type: 'Boolean' | 'Long' | 'String';
  readonly cardinality: 'ONE' | 'ZERO_OR_ONE';
}

/** The types of policies that are served, with their attributes and AWS's words ("DescribeLoadBalancerPolicyTypes"). */
export const policyTypes: Readonly<
  Record<ClassicPolicyType, { readonly description: string; readonly attributes: readonly AttributeType[] }>
> = {
  SSLNegotiationPolicyType: {
    description:
      'Listener policy that defines the ciphers and protocols that will be accepted by the load balancer. This policy can be associated only with HTTPS/SSL listeners.',
    attributes: [
      { name: 'Reference-Security-Policy', type: 'String', cardinality: 'ZERO_OR_ONE' },
      ...[
        'Protocol-SSLv2',
        'Protocol-SSLv3',
        ...Object.keys(versionAttributes),
        'Server-Defined-Cipher-Order',
        ...classicCiphers,
        ...neverNegotiated.filter((name) => !name.startsWith('Protocol-')),
      ].map((name) => ({ name, type: 'Boolean', cardinality: 'ZERO_OR_ONE' }) as const),
    ],
  },
  AppCookieStickinessPolicyType: {
    description:
      'Stickiness policy with session lifetimes controlled by the lifetime of the application-generated cookie. This policy can be associated only with HTTP/HTTPS listeners.',
    attributes: [{ name: 'CookieName', type: 'String', cardinality: 'ONE' }],
  },
  LBCookieStickinessPolicyType: {
    description:
      'Stickiness policy with session lifetimes controlled by the browser (user-agent) or a specified expiration period. This policy can be associated only with HTTP/HTTPS listeners.',
    attributes: [{ name: 'CookieExpirationPeriod', type: 'Long', cardinality: 'ZERO_OR_ONE' }],
  },
  ProxyProtocolPolicyType: {
    description:
      'Policy that controls whether to include the IP address and port of the originating request for TCP messages. This policy operates on TCP/SSL listeners only',
    attributes: [{ name: 'ProxyProtocol', type: 'Boolean', cardinality: 'ONE' }],
  },
};

/** The type of a name; those that check instances' keys are refused: HAProxy judges certificates, and not keys. */
export function checkPolicyType(name: string): ClassicPolicyType {
  if (name === 'PublicKeyPolicyType' || name === 'BackendServerAuthenticationPolicyType') {
    throw notSupported(`A policy of type '${name}'`);
  }
  if (!isPolicyType(name)) throw new AwsError('PolicyTypeNotFound', `Policy Type ${name} not found`);
  return name;
}

/** Whether a name is that of a type of policies which is served. */
export function isPolicyType(name: string): name is ClassicPolicyType {
  return Object.hasOwn(policyTypes, name);
}

/** Checks the attributes of a policy of a type, and says all that it has. */
export function readPolicy(name: string, type: ClassicPolicyType, given: readonly PolicyAttribute[]): ClassicPolicy {
  const known = policyTypes[type].attributes;
  const attributes: Record<string, string> = {};
  for (const { AttributeName: key = '', AttributeValue: value = '' } of given) {
    const attribute = known.find((each) => each.name === key);
    if (attribute === undefined) {
      throw elbErrors.configuration(`Attribute ${key} is not defined for policy type ${type}`);
    }
    if (Object.hasOwn(attributes, key)) {
      throw elbErrors.configuration(`Attribute ${key} can have one value only`);
    }
    if (!isOfType(value, attribute)) {
      throw elbErrors.configuration(`The value '${value}' of attribute ${key} is not of type ${attribute.type}`);
    }
    // AWS takes truth in any case, and Terraform writes it with a capital.
    attributes[key] = attribute.type === 'Boolean' ? value.toLowerCase() : value;
  }
  for (const { name: key, cardinality } of known) {
    if (cardinality === 'ONE' && attributes[key] === undefined) {
      throw elbErrors.configuration(`Attribute ${key} is required for policy type ${type}`);
    }
  }
  if (type === 'AppCookieStickinessPolicyType') checkCookieName(attributes['CookieName'] ?? '');
  if (type === 'LBCookieStickinessPolicyType' && Number(attributes['CookieExpirationPeriod'] ?? 1) < 1) {
    throw elbErrors.validation('CookieExpirationPeriod must be greater than 0');
  }
  return { name, type, attributes: type === 'SSLNegotiationPolicyType' ? readTls(attributes) : attributes };
}

function isOfType(value: string, { type }: AttributeType): boolean {
  if (type === 'Boolean') return /^(?:true|false)$/i.test(value);
  return type === 'String' || /^\d{1,15}$/.test(value);
}

/** RFC 6265: the name of a cookie is a token; and it is none of the load balancer's own. */
function checkCookieName(name: string): void {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name) && !/^AWSELB(?:CORS)?$/.test(name)) return;
  throw elbErrors.validation(`The cookie name '${name}' is not valid`);
}

/** A predefined policy, or what the attributes say one by one. */
function readTls(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const reference = attributes['Reference-Security-Policy'];
  if (reference !== undefined) {
    const predefined = classicSslPolicies.find(({ name }) => name === reference);
    if (predefined === undefined) throw notSupported(`The predefined security policy '${reference}'`);
    return attributesOfPolicy(predefined);
  }
  for (const name of neverNegotiated) if (attributes[name] === 'true') throw notSupported(`${name} in a policy`);
  const { protocols, ciphers } = tlsOfAttributes(attributes);
  if (protocols.length === 0) throw elbErrors.configuration('At least one SSL protocol must be enabled');
  if (ciphers.length === 0) throw elbErrors.configuration('At least one SSL cipher must be enabled');
  if (protocols.includes('TLSv1') && protocols.includes('TLSv1.2') && !protocols.includes('TLSv1.1')) {
    throw notSupported('A policy with TLSv1 and TLSv1.2 and without TLSv1.1');
  }
  const named = Object.entries(attributes).filter(([key]) => !neverNegotiated.includes(key));
  return Object.fromEntries(named);
}

/** A predefined policy under its own name. */
export function predefinedPolicy(name: string): ClassicPolicy {
  const known = classicSslPolicies.find((each) => each.name === name);
  return { name, type: 'SSLNegotiationPolicyType', attributes: known === undefined ? {} : attributesOfPolicy(known) };
}

/** A policy as the API has it. */
export function describePolicy({ name, type, attributes }: ClassicPolicy): PolicyDescription {
  return {
    PolicyName: name,
    PolicyTypeName: type,
    PolicyAttributeDescriptions: Object.entries(attributes).map(([AttributeName, AttributeValue]) => ({
      AttributeName,
      AttributeValue,
    })),
  };
}

/** The policies of a load balancer, as it is described with them. */
export function describePolicies({ classic: { policies } }: Classic): Policies {
  const having = (type: ClassicPolicyType): ClassicPolicy[] => policies.filter((each) => each.type === type);
  const byApplication = having('AppCookieStickinessPolicyType');
  const byDuration = having('LBCookieStickinessPolicyType');
  return {
    AppCookieStickinessPolicies: byApplication.map(({ name, attributes }) => ({
      PolicyName: name,
      CookieName: attributes['CookieName'],
    })),
    LBCookieStickinessPolicies: byDuration.map(({ name, attributes: { CookieExpirationPeriod: period } }) => ({
      PolicyName: name,
      ...(period === undefined ? {} : { CookieExpirationPeriod: Number(period) }),
    })),
    OtherPolicies: policies
      .filter((each) => !byApplication.includes(each) && !byDuration.includes(each))
      .map(({ name }) => name),
  };
}
