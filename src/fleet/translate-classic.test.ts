import { describe, expect, test } from 'vitest';
import type { ClassicForward, ClassicPolicy, ClassicSettings } from '../model/elbv2/classic.ts';
import type { Listener, LoadBalancer, TargetGroup } from '../model/elbv2/load-balancing.ts';
import { classicGroupAttributes } from '../model/elbv2/classic.ts';
import { translateBalancer, type BalancerRows } from './translate-balancer.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const arn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/web';
const groupArn = `${arn}/instances`;

const policy = (name: string, type: ClassicPolicy['type'], attributes: Record<string, string>): ClassicPolicy => ({
  name,
  type,
  attributes,
});
const group: TargetGroup = {
  ...scope,
  arn: groupArn,
  name: 'web',
  targetType: 'instance',
  protocol: 'TCP',
  port: 1,
  vpcId: 'vpc-1',
  healthCheck: {
    enabled: true,
    protocol: 'TLS',
    port: '443',
    intervalSeconds: 30,
    timeoutSeconds: 5,
    healthyThreshold: 10,
    unhealthyThreshold: 2,
  },
  attributes: classicGroupAttributes(0),
  tags: [],
  createdAt: 0,
};
const target = (id: string, zone: string): BalancerRows['targetGroups'][number]['targets'][number] => ({
  ...scope,
  targetGroupArn: groupArn,
  id,
  port: 1,
  registeredAt: 1,
  health: { state: 'initial' },
  address: `10.0.0.${id.slice(2)}`,
  zone,
});
const rowsOf = (
  forwards: readonly (Partial<Listener> & { classic: ClassicForward })[],
  settings: Partial<ClassicSettings> = {},
  attributes: Record<string, string> = {},
): BalancerRows => {
  const loadBalancer: LoadBalancer = {
    ...scope,
    arn,
    name: 'web',
    type: 'classic',
    classic: { groupArn, policies: [], backendPolicies: {}, ...settings },
    scheme: 'internal',
    ipAddressType: 'ipv4',
    dnsName: 'web',
    canonicalHostedZoneId: 'Z',
    vpcId: 'vpc-1',
    subnets: [
      { subnetId: 'subnet-a', availabilityZone: 'us-east-1a' },
      { subnetId: 'subnet-b', availabilityZone: 'us-east-1b' },
    ],
    securityGroups: [],
    state: { code: 'active' },
    attributes,
    tags: [],
    createdAt: 0,
  };
  return {
    loadBalancer,
    addresses: ['10.0.0.8', '10.0.1.8'],
    listeners: forwards.map((over, index) => ({
      listener: {
        ...scope,
        arn: `${arn}/listener/${index}`,
        loadBalancerArn: arn,
        protocol: 'HTTP',
        port: 80 + index,
        certificates: [],
        attributes: {},
        tags: [],
        ...over,
      },
      rules: [
        {
          ...scope,
          arn: `${arn}/rule/${index}`,
          listenerArn: `${arn}/listener/${index}`,
          priority: 'default',
          conditions: [],
          actions: [{ Type: 'forward', TargetGroupArn: groupArn }],
          tags: [],
        },
      ],
      certificates: [],
    })),
    targetGroups: [{ group, targets: [target('i-1', 'us-east-1a'), target('i-3', 'us-east-1c')] }],
  };
};
const to = (over: Partial<ClassicForward> = {}): { classic: ClassicForward } => ({
  classic: { instanceProtocol: 'HTTP', instancePort: 8080, policies: [], ...over },
});
const translated = (rows: BalancerRows) => {
  const spec = translateBalancer(rows);
  return { spec, group: spec.targetGroups[0] };
};

describe('a Classic Load Balancer', () => {
  test('keeps zones apart unless it is told to cross them, and leaves out instances of zones that it is not in', () => {
    const { spec, group: own } = translated(rowsOf([to()]));
    expect(spec).toMatchObject({ type: 'classic', zones: { '10.0.0.8': 'us-east-1a', '10.0.1.8': 'us-east-1b' } });
    expect(own).toMatchObject({
      zones: ['us-east-1a', 'us-east-1b'],
      targets: [{ id: 'i-1', zone: 'us-east-1a', address: '10.0.0.1' }],
      ways: [{ listenerPort: 80, protocol: 'HTTP', port: 8080 }],
    });
    const crossing = translated(rowsOf([to()], {}, { 'load_balancing.cross_zone.enabled': 'true' })).group;
    expect(crossing).not.toHaveProperty('zones');
    expect(crossing?.targets).toMatchObject([{ id: 'i-1' }]);
  });

  test('never sends to instances that are not healthy, and holds new ones to the threshold', () => {
    const { group: own } = translated(rowsOf([to()]));
    expect(own?.healthCheck).toMatchObject({ protocol: 'TLS', port: '443', healthyThreshold: 10, classic: true });
    expect(own?.attributes).toMatchObject({
      'preserve_client_ip.enabled': 'false',
      'deregistration_delay.timeout_seconds': '0',
      'deregistration_delay.connection_termination.enabled': 'true',
      'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': '0',
    });
  });

  test('does what the policies of its listeners and instance ports say', () => {
    const policies = [
      policy('time', 'LBCookieStickinessPolicyType', { CookieExpirationPeriod: '60' }),
      policy('session', 'LBCookieStickinessPolicyType', {}),
      policy('app', 'AppCookieStickinessPolicyType', { CookieName: 'sid' }),
      policy('proxy', 'ProxyProtocolPolicyType', { ProxyProtocol: 'true' }),
      policy('quiet', 'ProxyProtocolPolicyType', { ProxyProtocol: 'false' }),
    ];
    const backendPolicies = { '1': ['proxy'], '2': ['quiet'] };
    const bytes = (instancePort: number) =>
      ({ protocol: 'TCP', ...to({ instanceProtocol: 'TCP', instancePort }) }) as const;
    const { group: own } = translated(
      rowsOf(
        [to({ policies: ['time'] }), to({ policies: ['session'] }), to({ policies: ['app'] }), bytes(1), bytes(2)],
        { policies, backendPolicies },
      ),
    );
    expect(own?.ways).toEqual([
      { listenerPort: 80, protocol: 'HTTP', port: 8080, stickiness: { by: 'duration', seconds: 60 } },
      { listenerPort: 81, protocol: 'HTTP', port: 8080, stickiness: { by: 'duration' } },
      { listenerPort: 82, protocol: 'HTTP', port: 8080, stickiness: { by: 'application', cookie: 'sid' } },
      { listenerPort: 83, protocol: 'TCP', port: 1, proxyProtocol: true },
      { listenerPort: 84, protocol: 'TCP', port: 2 },
    ]);
  });

  test('negotiates what its policy says, the default one where it has none', () => {
    const own = policy('own', 'SSLNegotiationPolicyType', { 'Protocol-TLSv1.2': 'true', 'AES128-SHA256': 'true' });
    const https = (policies: readonly string[]) =>
      ({ protocol: 'HTTPS', sslPolicy: 'ELBSecurityPolicy-2016-08', ...to({ policies }) }) as const;
    const { spec } = translated(rowsOf([https(['own']), https([])], { policies: [own] }));
    expect(spec.listeners.map(({ tls }) => tls)).toMatchObject([
      { protocols: ['TLSv1.2'], ciphers: ['AES128-SHA256'], clientOrder: true },
      { protocols: ['TLSv1', 'TLSv1.1', 'TLSv1.2'] },
    ]);
    expect(spec.listeners[1]?.tls).not.toHaveProperty('clientOrder');
  });
});
