import { given } from '../base/given.ts';
import type { ClassicPolicy } from '../model/elbv2/classic.ts';
import { tlsOfAttributes, type ClassicTls } from '../model/elbv2/classic-tls.ts';
import type { Listener, LoadBalancer } from '../model/elbv2/load-balancing.ts';
import type { TargetGroupSpec, WaySpec } from '../wire/balancer-spec.ts';

/** The policies of a Classic Load Balancer that have some names. */
function policiesOf({ classic }: LoadBalancer, names: readonly string[]): readonly ClassicPolicy[] {
  return (classic?.policies ?? []).filter(({ name }) => names.includes(name));
}

/** What a listener of a Classic Load Balancer negotiates by its policy; `undefined` where the default one does, and of other types. */
export function classicTlsOf(loadBalancer: LoadBalancer, { classic }: Listener): ClassicTls | undefined {
  const policy = policiesOf(loadBalancer, classic?.policies ?? []).find(
    ({ type }) => type === 'SSLNegotiationPolicyType',
  );
  return policy && tlsOfAttributes(policy.attributes);
}

/**
 * The group of a Classic Load Balancer's instances with the ways in which its listeners go on to them; any other as it is. Instances in zones
 * that the load balancer is not in have no part in it.
 */
export function withWays(
  group: TargetGroupSpec,
  rows: {
    readonly loadBalancer: LoadBalancer;
    readonly listeners: readonly { readonly listener: Listener }[];
    readonly targetGroups: readonly {
      readonly targets: readonly { readonly id: string; readonly zone: string | undefined }[];
    }[];
  },
): TargetGroupSpec {
  const { loadBalancer } = rows;
  if (loadBalancer.type !== 'classic') return group;
  const zones = new Set(loadBalancer.subnets.map(({ availabilityZone }) => availabilityZone));
  const zoneOf = new Map(rows.targetGroups.flatMap(({ targets }) => targets.map(({ id, zone }) => [id, zone])));
  return {
    ...group,
    healthCheck: { ...group.healthCheck, classic: true },
    targets: group.targets
      .map((target) => ({ ...target, ...given('zone', zoneOf.get(target.id)) }))
      .filter(({ zone }) => zone === undefined || zones.has(zone)),
    ways: rows.listeners
      .flatMap(({ listener }) => wayOf(loadBalancer, listener) ?? [])
      .toSorted((a, b) => a.listenerPort - b.listenerPort),
  };
}

function wayOf(loadBalancer: LoadBalancer, { port, classic }: Listener): WaySpec | undefined {
  if (classic === undefined) return undefined;
  const { instanceProtocol: protocol, instancePort } = classic;
  const behind = policiesOf(loadBalancer, loadBalancer.classic?.backendPolicies[String(instancePort)] ?? []);
  const isHttp = protocol === 'HTTP' || protocol === 'HTTPS';
  const proxied = !isHttp && behind.some(({ attributes }) => attributes['ProxyProtocol'] === 'true');
  return {
    listenerPort: port,
    protocol,
    port: instancePort,
    ...(proxied ? { proxyProtocol: true as const } : {}),
    ...given('stickiness', stickinessOf(policiesOf(loadBalancer, classic.policies))),
  };
}

function stickinessOf(policies: readonly ClassicPolicy[]): WaySpec['stickiness'] {
  for (const { type, attributes } of policies) {
    if (type === 'AppCookieStickinessPolicyType') return { by: 'application', cookie: attributes['CookieName'] ?? '' };
    if (type !== 'LBCookieStickinessPolicyType') continue;
    const period = attributes['CookieExpirationPeriod'];
    return { by: 'duration', ...given('seconds', period === undefined ? undefined : Number(period)) };
  }
  return undefined;
}
