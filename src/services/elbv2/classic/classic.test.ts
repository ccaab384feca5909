import { beforeEach, describe, expect, test } from 'vitest';
import type { Instance } from '../../../model/ec2/instance.ts';
import { instances, networkInterfaces, subnets } from '../../../store/tables/ec2.ts';
import { rules, targetGroups, targetKey, targets } from '../../../store/tables/elbv2.ts';
import { ctx, elbFixture } from '../fixture.ts';

const http = { Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 8080 };
const groupArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/web/instances';

let fixture: ReturnType<typeof elbFixture>;
let call: ReturnType<typeof elbFixture>['callClassic'];
beforeEach(() => {
  fixture = elbFixture();
  call = fixture.callClassic;
});

const create = (over: object = {}): Promise<{ DNSName: string }> =>
  call('CreateLoadBalancer', {
    LoadBalancerName: 'web',
    Listeners: [http],
    AvailabilityZones: ['us-east-1a', 'us-east-1b'],
    ...over,
  });
const on = <Output = Record<string, unknown>>(operation: string, input: object = {}): Promise<Output> =>
  call<Output>(operation, { LoadBalancerName: 'web', ...input });
const describeOne = async (): Promise<Record<string, unknown>> => {
  const { LoadBalancerDescriptions } = await call<{ LoadBalancerDescriptions: Record<string, unknown>[] }>(
    'DescribeLoadBalancers',
    { LoadBalancerNames: ['web'] },
  );
  return LoadBalancerDescriptions[0] ?? {};
};
/** An EC2 instance in the zone of a subnet. */
const instance = (id: string, over: Partial<Instance> = {}): string => {
  const row = { account: ctx.account, region: ctx.region, id, vpcId: fixture.vpcId, state: 'running', ...over };
  fixture.store.transact((tx) =>
    tx.put(instances, { availabilityZone: 'us-east-1a', ...row } as Partial<Instance> as Instance),
  );
  return id;
};
const stateOf = async (id: string): Promise<unknown> => {
  const { InstanceStates } = await on<{ InstanceStates: object[] }>('DescribeInstanceHealth', {
    Instances: [{ InstanceId: id }],
  });
  return InstanceStates[0];
};

describe('a Classic Load Balancer', () => {
  test('is described as it was made, with the defaults of the API', async () => {
    const { DNSName } = await create({ Tags: [{ Key: 'of', Value: 'test' }] });
    expect(DNSName).toMatch(/^web-\d{10}\.us-east-1\.elb\.stowage\.internal$/);
    expect(await describeOne()).toMatchObject({
      LoadBalancerName: 'web',
      DNSName,
      CanonicalHostedZoneName: DNSName,
      CanonicalHostedZoneNameID: 'Z35SXDOTRQ7X7K',
      ListenerDescriptions: [{ Listener: { ...http, InstanceProtocol: 'HTTP' }, PolicyNames: [] }],
      Policies: { AppCookieStickinessPolicies: [], LBCookieStickinessPolicies: [], OtherPolicies: [] },
      BackendServerDescriptions: [],
      AvailabilityZones: ['us-east-1a', 'us-east-1b'],
      Subnets: fixture.subnetIds.slice(0, 2),
      VPCId: fixture.vpcId,
      Instances: [],
      HealthCheck: { Target: 'TCP:8080', Interval: 30, Timeout: 5, UnhealthyThreshold: 2, HealthyThreshold: 10 },
      SourceSecurityGroup: { OwnerAlias: ctx.account, GroupName: 'default' },
      SecurityGroups: [fixture.groupId],
      Scheme: 'internet-facing',
    });
    expect(await on('DescribeLoadBalancerAttributes')).toEqual({
      LoadBalancerAttributes: {
        CrossZoneLoadBalancing: { Enabled: false },
        AccessLog: { Enabled: false },
        ConnectionDraining: { Enabled: false, Timeout: 300 },
        ConnectionSettings: { IdleTimeout: 60 },
        AdditionalAttributes: [{ Key: 'elb.http.desyncmitigationmode', Value: 'defensive' }],
      },
    });
    expect(await call('DescribeTags', { LoadBalancerNames: ['web'] })).toEqual({
      TagDescriptions: [{ LoadBalancerName: 'web', Tags: [{ Key: 'of', Value: 'test' }] }],
    });
    const [own] = fixture.store.by(networkInterfaces, 'owner', groupArn.replace('/instances', ''));
    expect(own).toMatchObject({ description: 'ELB web', groups: [fixture.groupId] });
  });

  test('is nothing to the other API, and its name is free there', async () => {
    await create();
    expect(await fixture.call('DescribeLoadBalancers')).toEqual({ LoadBalancers: [] });
    expect(await fixture.call('DescribeTargetGroups')).toEqual({ TargetGroups: [] });
    await expect(
      fixture.call('CreateLoadBalancer', { Name: 'web', Subnets: fixture.subnetIds.slice(0, 2) }),
    ).resolves.toBeDefined();
    const { LoadBalancerDescriptions } = await call<{ LoadBalancerDescriptions: object[] }>('DescribeLoadBalancers');
    expect(LoadBalancerDescriptions).toHaveLength(1);
  });

  test('is made once by the same request, and by no other of its name', async () => {
    const made = await create();
    expect(await create()).toEqual(made);
    await expect(create({ Listeners: [{ ...http, InstancePort: 1 }] })).rejects.toMatchObject({
      code: 'DuplicateLoadBalancerName',
      message: 'Load Balancer named web already exists and it is configured with different parameters.',
    });
  });

  test('goes with all it had, and needs not be there to be deleted', async () => {
    await create();
    await on('RegisterInstancesWithLoadBalancer', { Instances: [{ InstanceId: instance('i-1') }] });
    await on('DeleteLoadBalancer');
    await on('DeleteLoadBalancer');
    const { store } = fixture;
    expect([store.list(targetGroups), store.list(targets), store.list(rules)]).toEqual([[], [], []]);
    expect(store.by(networkInterfaces, 'owner', groupArn.replace('/instances', ''))).toEqual([]);
    await expect(on('DescribeLoadBalancerAttributes')).rejects.toMatchObject({
      code: 'LoadBalancerNotFound',
      message: "There is no ACTIVE Load Balancer named 'web'",
    });
  });

  test.each([
    ['no name', { LoadBalancerName: '' }, 'ValidationError', 'cannot be empty'],
    ['a long name', { LoadBalancerName: 'x'.repeat(33) }, 'ValidationError', 'longer than 32'],
    ['an odd name', { LoadBalancerName: 'a_b' }, 'ValidationError', 'letters, or digits or the dash'],
    ['a dash at the end', { LoadBalancerName: 'a-' }, 'ValidationError', 'begin or end with the dash'],
    ['no listeners', { Listeners: [] }, 'ValidationError', 'Listeners cannot be empty'],
    ['a strange protocol', { Listeners: [{ ...http, Protocol: 'UDP' }] }, 'ValidationError', 'HTTP, HTTPS, TCP or SSL'],
    ['a port beyond all', { Listeners: [{ ...http, LoadBalancerPort: 70_000 }] }, 'ValidationError', '1 and 65535'],
    ['two layers', { Listeners: [{ ...http, InstanceProtocol: 'TCP' }] }, 'InvalidConfigurationRequest', 'same layer'],
    [
      'no certificate',
      { Listeners: [{ ...http, Protocol: 'HTTPS' }] },
      'InvalidConfigurationRequest',
      'SSLCertificateId',
    ],
    [
      'a certificate that is not there',
      { Listeners: [{ ...http, Protocol: 'HTTPS', SSLCertificateId: 'arn:x' }] },
      'CertificateNotFound',
      'Server Certificate not found for the key: arn:x',
    ],
    ['another scheme', { Scheme: 'public' }, 'InvalidScheme', 'public'],
    ['no place', { AvailabilityZones: [] }, 'ValidationError', 'Either AvailabilityZones or SubnetIds'],
    ['two places', { Subnets: ['subnet-1'] }, 'ValidationError', 'Only one of'],
    ['no such zone', { AvailabilityZones: ['us-east-1z'] }, 'ValidationError', 'us-east-1z'],
    ['no such subnet', { AvailabilityZones: [], Subnets: ['subnet-1'] }, 'SubnetNotFound', 'subnet-1'],
    ['no such group', { SecurityGroups: ['sg-1'] }, 'InvalidSecurityGroup', 'sg-1'],
  ])('is refused with %s', async (_, over, code, message) => {
    await expect(create(over)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  test('moves among zones and subnets, and between security groups', async () => {
    await create();
    const [a, b, c] = fixture.subnetIds;
    const zones = { AvailabilityZones: ['us-east-1c', 'us-east-1a'] };
    expect(await on('EnableAvailabilityZonesForLoadBalancer', zones)).toEqual({
      AvailabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
    });
    expect(await on('DetachLoadBalancerFromSubnets', { Subnets: [a] })).toEqual({ Subnets: [b, c] });
    expect(await on('AttachLoadBalancerToSubnets', { Subnets: [a] })).toEqual({ Subnets: [b, c, a] });
    const without = { AvailabilityZones: ['us-east-1b', 'us-east-1c'] };
    expect(await on('DisableAvailabilityZonesForLoadBalancer', without)).toEqual({ AvailabilityZones: ['us-east-1a'] });
    const owned = fixture.store.by(networkInterfaces, 'owner', groupArn.replace('/instances', ''));
    expect(owned.map(({ subnetId }) => subnetId)).toEqual([a]);
    await expect(on('DetachLoadBalancerFromSubnets', { Subnets: [a] })).rejects.toThrow(/At least one subnet/);
    fixture.store.transact((tx) => tx.update(subnets, b ?? '', (row) => ({ ...row, availabilityZone: 'us-east-1a' })));
    await expect(on('AttachLoadBalancerToSubnets', { Subnets: [b] })).rejects.toThrow(
      'ELB cannot be attached to multiple subnets in the same AZ.',
    );
    expect(await on('ApplySecurityGroupsToLoadBalancer', { SecurityGroups: [fixture.groupId] })).toEqual({
      SecurityGroups: [fixture.groupId],
    });
  });
});

describe('listeners', () => {
  test('are added, kept, refused on a port that is taken, and removed', async () => {
    await create();
    const tcp = { Protocol: 'tcp', LoadBalancerPort: 5432, InstanceProtocol: 'ssl', InstancePort: 5433 };
    await on('CreateLoadBalancerListeners', { Listeners: [tcp, http] });
    expect((await describeOne())['ListenerDescriptions']).toMatchObject([
      { Listener: { Protocol: 'HTTP' } },
      { Listener: { Protocol: 'TCP', InstanceProtocol: 'SSL', LoadBalancerPort: 5432, InstancePort: 5433 } },
    ]);
    await expect(
      on('CreateLoadBalancerListeners', { Listeners: [{ ...http, InstancePort: 1 }] }),
    ).rejects.toMatchObject({
      code: 'DuplicateListener',
      message:
        'A listener already exists for web with LoadBalancerPort 80, but with a different InstancePort, Protocol, or SSLCertificateId',
    });
    const secure = { Protocol: 'TCP', LoadBalancerPort: 5434, InstancePort: 5433 };
    await expect(on('CreateLoadBalancerListeners', { Listeners: [secure] })).rejects.toThrow(/must be secure, or none/);
    await on('DeleteLoadBalancerListeners', { LoadBalancerPorts: [80, 81] });
    expect((await describeOne())['ListenerDescriptions']).toMatchObject([{ Listener: { LoadBalancerPort: 5432 } }]);
    expect(fixture.store.list(rules)).toHaveLength(1);
  });

  test('with TLS show a certificate, and negotiate the default policy unless another is set', async () => {
    const [first, second] = ['one', 'two'].map(fixture.certificate);
    const https = { ...http, Protocol: 'HTTPS', LoadBalancerPort: 443, SSLCertificateId: first };
    await create({ Listeners: [https] });
    const name = 'ELBSecurityPolicy-2016-08';
    expect(await describeOne()).toMatchObject({
      ListenerDescriptions: [{ Listener: { ...https, InstanceProtocol: 'HTTPS' }, PolicyNames: [name] }],
      Policies: { OtherPolicies: [name] },
    });
    await on('SetLoadBalancerListenerSSLCertificate', { LoadBalancerPort: 443, SSLCertificateId: second });
    expect(await describeOne()).toMatchObject({
      ListenerDescriptions: [{ Listener: { SSLCertificateId: second } }],
    });
    await expect(
      on('SetLoadBalancerListenerSSLCertificate', { LoadBalancerPort: 80, SSLCertificateId: second }),
    ).rejects.toMatchObject({ code: 'ListenerNotFound' });
  });
});

describe('a health check', () => {
  const check = { Target: 'HTTP:80/ping', Interval: 30, Timeout: 5, UnhealthyThreshold: 2, HealthyThreshold: 3 };

  test.each(['HTTP:80/', 'HTTPS:8443/a?b=c', 'TCP:22', 'SSL:443'])('of %s is taken', async (Target) => {
    await create();
    const HealthCheck = { ...check, Target };
    expect(await on('ConfigureHealthCheck', { HealthCheck })).toEqual({ HealthCheck });
    expect(await describeOne()).toMatchObject({ HealthCheck });
  });

  test.each([
    [{ Target: 'UDP:53' }, 'HealthCheck Target must begin with one of HTTP, TCP, HTTPS, SSL'],
    [{ Target: 'HTTP:80' }, 'must specify a port followed by a path that begins with a slash'],
    [{ Target: 'TCP:80/x' }, 'must specify a port and nothing else'],
    [{ Target: 'TCP:0' }, 'between 1 and 65535'],
    [{ Interval: 4 }, 'Interval must be between 5 and 300'],
    [{ Timeout: 61, Interval: 300 }, 'Timeout must be between 2 and 60'],
    [{ Timeout: 30 }, 'HealthCheck timeout must be less than interval'],
    [{ HealthyThreshold: 1 }, 'HealthyThreshold must be between 2 and 10'],
    [{ UnhealthyThreshold: 11 }, 'UnhealthyThreshold must be between 2 and 10'],
  ])('with %j is refused', async (over, message) => {
    await create();
    await expect(on('ConfigureHealthCheck', { HealthCheck: { ...check, ...over } })).rejects.toThrow(message);
  });
});

describe('instances', () => {
  const key = targetKey(groupArn, 'i-1', 1);
  beforeEach(async () => {
    await create();
    instance('i-1');
  });

  test('are registered once, and drain when they are deregistered', async () => {
    const Instances = [{ InstanceId: 'i-1' }, { InstanceId: 'i-1' }];
    expect(await on('RegisterInstancesWithLoadBalancer', { Instances })).toEqual({ Instances: [Instances[0]] });
    expect(await on('DeregisterInstancesFromLoadBalancer', { Instances })).toEqual({ Instances: [] });
    expect(fixture.store.get(targets, key)?.drainingSince).toBe(fixture.clock.now());
    expect(await stateOf('i-1')).toEqual({
      InstanceId: 'i-1',
      State: 'InService',
      ReasonCode: 'N/A',
      Description: 'Instance deregistration currently in progress.',
    });
    await on('RegisterInstancesWithLoadBalancer', { Instances });
    expect(fixture.store.get(targets, key)?.drainingSince).toBeUndefined();
  });

  test('that are not there, or of another VPC, are refused', async () => {
    instance('i-2', { vpcId: 'vpc-other' });
    for (const [id, message] of [
      ['i-9', 'Could not find EC2 instance i-9.'],
      ['i-2', 'EC2 instance i-2 is not in the same VPC as ELB.'],
    ] as const) {
      await expect(on('RegisterInstancesWithLoadBalancer', { Instances: [{ InstanceId: id }] })).rejects.toMatchObject({
        code: 'InvalidInstance',
        message,
      });
    }
    await expect(stateOf('i-9')).rejects.toMatchObject({ code: 'InvalidInstance' });
  });

  const failed = 'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.';
  const waiting = 'Instance has not passed the configured HealthyThreshold number of health checks consecutively.';
  const outside =
    'Instance is in the EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.';
  test.each([
    [{ state: 'initial' }, {}, 'OutOfService', 'ELB', 'Instance registration is still in progress.'],
    [{ state: 'initial', reason: 'Elb.InitialHealthChecking' }, {}, 'OutOfService', 'Instance', waiting],
    [{ state: 'healthy' }, {}, 'InService', 'N/A', 'N/A'],
    [{ state: 'unhealthy' }, {}, 'OutOfService', 'Instance', failed],
    [{ state: 'healthy' }, { availabilityZone: 'us-east-1c' }, 'OutOfService', 'ELB', outside],
    [{ state: 'healthy' }, { state: 'pending' }, 'OutOfService', 'Instance', 'Instance is in pending state.'],
    [{ state: 'healthy' }, { state: 'stopped' }, 'OutOfService', 'Instance', 'Instance is in stopped state.'],
    [{ state: 'healthy' }, { state: 'terminated' }, 'OutOfService', 'Instance', 'Instance is in terminated state.'],
  ] as const)('measured as %j, and being %j, are %s (%s: %s)', async (health, over, State, ReasonCode, Description) => {
    await on('RegisterInstancesWithLoadBalancer', { Instances: [{ InstanceId: 'i-1' }] });
    fixture.store.transact((tx) => tx.update(targets, key, (row) => ({ ...row, health })));
    instance('i-1', over);
    expect(await stateOf('i-1')).toEqual({ InstanceId: 'i-1', State, ReasonCode, Description });
  });

  test('that are not registered are out of service', async () => {
    expect(await stateOf('i-1')).toEqual({
      InstanceId: 'i-1',
      State: 'OutOfService',
      ReasonCode: 'Instance',
      Description: 'Instance is not currently registered with the LoadBalancer.',
    });
  });
});

describe('policies', () => {
  beforeEach(async () => {
    const tcp = { Protocol: 'TCP', LoadBalancerPort: 5432, InstancePort: 5433 };
    const SSLCertificateId = fixture.certificate('one');
    const https = { Protocol: 'HTTPS', LoadBalancerPort: 443, InstancePort: 8443, SSLCertificateId };
    await create({ Listeners: [http, tcp, https] });
  });
  const set = (LoadBalancerPort: number, ...PolicyNames: string[]): Promise<unknown> =>
    on('SetLoadBalancerPoliciesOfListener', { LoadBalancerPort, PolicyNames });
  const make = (PolicyName: string, PolicyTypeName: string, attributes: Record<string, string>): Promise<unknown> => {
    const PolicyAttributes = Object.entries(attributes).map(([AttributeName, AttributeValue]) => ({
      AttributeName,
      AttributeValue,
    }));
    return on('CreateLoadBalancerPolicy', { PolicyName, PolicyTypeName, PolicyAttributes });
  };

  test('of stickiness are enabled on HTTP listeners, one at a time, and not deleted while they are', async () => {
    await on('CreateLBCookieStickinessPolicy', { PolicyName: 'time', CookieExpirationPeriod: 60 });
    await on('CreateLBCookieStickinessPolicy', { PolicyName: 'session' });
    await on('CreateAppCookieStickinessPolicy', { PolicyName: 'app', CookieName: 'JSESSIONID' });
    await set(80, 'time');
    expect(await describeOne()).toMatchObject({
      ListenerDescriptions: [{ PolicyNames: ['time'] }, {}, {}],
      Policies: {
        AppCookieStickinessPolicies: [{ PolicyName: 'app', CookieName: 'JSESSIONID' }],
        LBCookieStickinessPolicies: [{ PolicyName: 'time', CookieExpirationPeriod: 60 }, { PolicyName: 'session' }],
        OtherPolicies: ['ELBSecurityPolicy-2016-08'],
      },
    });
    await expect(set(80, 'time', 'app')).rejects.toMatchObject({ code: 'InvalidConfigurationRequest' });
    await expect(set(5432, 'time')).rejects.toMatchObject({ code: 'InvalidConfigurationRequest' });
    await expect(set(80, 'none')).rejects.toMatchObject({ code: 'PolicyNotFound' });
    await expect(on('DeleteLoadBalancerPolicy', { PolicyName: 'time' })).rejects.toThrow(/enabled/);
    await set(443, 'app', 'ELBSecurityPolicy-2016-08');
    await set(80);
    await on('DeleteLoadBalancerPolicy', { PolicyName: 'time' });
    await expect(on('CreateAppCookieStickinessPolicy', { PolicyName: 'app', CookieName: 'x' })).rejects.toMatchObject({
      code: 'DuplicatePolicyName',
    });
  });

  test('of negotiation are predefined, or say what they are to be', async () => {
    await make('strict', 'SSLNegotiationPolicyType', {
      'Reference-Security-Policy': 'ELBSecurityPolicy-TLS-1-2-2017-01',
    });
    await make('own', 'SSLNegotiationPolicyType', { 'Protocol-TLSv1.2': 'true', 'AES128-SHA256': 'true' });
    await set(443, 'strict');
    await expect(set(80, 'strict')).rejects.toMatchObject({ code: 'InvalidConfigurationRequest' });
    const { PolicyDescriptions } = await on<{
      PolicyDescriptions: { PolicyAttributeDescriptions: { AttributeName: string; AttributeValue: string }[] }[];
    }>('DescribeLoadBalancerPolicies', { PolicyNames: ['strict'] });
    const attributes = Object.fromEntries(
      (PolicyDescriptions[0]?.PolicyAttributeDescriptions ?? []).map((each) => [
        each.AttributeName,
        each.AttributeValue,
      ]),
    );
    expect(attributes).toMatchObject({
      'Reference-Security-Policy': 'ELBSecurityPolicy-TLS-1-2-2017-01',
      'Protocol-TLSv1.1': 'false',
      'Protocol-TLSv1.2': 'true',
      'Server-Defined-Cipher-Order': 'true',
      'ECDHE-RSA-AES128-GCM-SHA256': 'true',
      'AES128-SHA': 'false',
    });
  });

  test.each([
    ['SSLNegotiationPolicyType', { 'Reference-Security-Policy': 'ELBSecurityPolicy-2011-08' }, 'not supported'],
    ['SSLNegotiationPolicyType', { 'Protocol-TLSv1.2': 'true', 'RC4-SHA': 'true' }, 'RC4-SHA in a policy is not'],
    ['SSLNegotiationPolicyType', { 'Protocol-TLSv1.2': 'true' }, 'At least one SSL cipher'],
    ['SSLNegotiationPolicyType', { 'AES128-SHA': 'true' }, 'At least one SSL protocol'],
    ['SSLNegotiationPolicyType', { 'AES128-SHA': 'yes' }, 'not of type Boolean'],
    ['LBCookieStickinessPolicyType', { CookieExpirationPeriod: '0' }, 'greater than 0'],
    ['AppCookieStickinessPolicyType', {}, 'Attribute CookieName is required'],
    ['AppCookieStickinessPolicyType', { CookieName: 'a b' }, 'is not valid'],
    ['ProxyProtocolPolicyType', { Proxy: 'true' }, 'Attribute Proxy is not defined'],
    ['PublicKeyPolicyType', { PublicKey: 'x' }, 'not supported by Stowage yet'],
    ['NoPolicyType', {}, 'Policy Type NoPolicyType not found'],
  ])('of type %s with %j are refused', async (type, attributes, message) => {
    await expect(make('x', type, attributes as Record<string, string>)).rejects.toThrow(message);
  });

  test('of the PROXY protocol are of instance ports that a TCP listener goes on to', async () => {
    await make('proxy', 'ProxyProtocolPolicyType', { ProxyProtocol: 'True' });
    expect(await on('DescribeLoadBalancerPolicies', { PolicyNames: ['proxy'] })).toMatchObject({
      PolicyDescriptions: [
        { PolicyAttributeDescriptions: [{ AttributeName: 'ProxyProtocol', AttributeValue: 'true' }] },
      ],
    });
    const behind = (InstancePort: number, ...PolicyNames: string[]): Promise<unknown> =>
      on('SetLoadBalancerPoliciesForBackendServer', { InstancePort, PolicyNames });
    await behind(5433, 'proxy');
    expect(await describeOne()).toMatchObject({
      BackendServerDescriptions: [{ InstancePort: 5433, PolicyNames: ['proxy'] }],
    });
    await expect(behind(8080, 'proxy')).rejects.toMatchObject({ code: 'InvalidConfigurationRequest' });
    await expect(behind(1, 'proxy')).rejects.toThrow(/goes on to instance port 1/);
    await on('DeleteLoadBalancerListeners', { LoadBalancerPorts: [5432] });
    expect(await describeOne()).toMatchObject({ BackendServerDescriptions: [] });
  });

  test('are described by their types, and the predefined ones without a load balancer', async () => {
    const { PolicyTypeDescriptions } = await call<{ PolicyTypeDescriptions: { PolicyTypeName: string }[] }>(
      'DescribeLoadBalancerPolicyTypes',
    );
    expect(PolicyTypeDescriptions.map(({ PolicyTypeName }) => PolicyTypeName).toSorted()).toEqual([
      'AppCookieStickinessPolicyType',
      'LBCookieStickinessPolicyType',
      'ProxyProtocolPolicyType',
      'SSLNegotiationPolicyType',
    ]);
    const { PolicyDescriptions } = await call<{ PolicyDescriptions: { PolicyName: string }[] }>(
      'DescribeLoadBalancerPolicies',
    );
    expect(PolicyDescriptions.map(({ PolicyName }) => PolicyName)).toContain('ELBSecurityPolicy-2016-08');
  });
});

describe('attributes', () => {
  test('change what is asked for and keep the rest; draining is a delay of the group', async () => {
    await create();
    const delay = (): unknown =>
      fixture.store.get(targetGroups, groupArn)?.attributes['deregistration_delay.timeout_seconds'];
    expect(delay()).toBe('0');
    const modify = (LoadBalancerAttributes: object): Promise<{ LoadBalancerAttributes: object }> =>
      on('ModifyLoadBalancerAttributes', { LoadBalancerAttributes });
    await modify({ ConnectionDraining: { Enabled: true, Timeout: 7 }, CrossZoneLoadBalancing: { Enabled: true } });
    expect(delay()).toBe('7');
    const { LoadBalancerAttributes } = await modify({
      ConnectionDraining: { Enabled: false },
      ConnectionSettings: { IdleTimeout: 4000 },
      AdditionalAttributes: [{ Key: 'elb.http.desyncmitigationmode', Value: 'strictest' }],
    });
    expect(delay()).toBe('0');
    expect(LoadBalancerAttributes).toMatchObject({
      CrossZoneLoadBalancing: { Enabled: true },
      ConnectionDraining: { Enabled: false, Timeout: 7 },
      ConnectionSettings: { IdleTimeout: 4000 },
      AdditionalAttributes: [{ Key: 'elb.http.desyncmitigationmode', Value: 'strictest' }],
    });
  });

  test.each([
    [{ ConnectionDraining: { Enabled: true, Timeout: 3601 } }, 'InvalidConfigurationRequest', '1 to 3600'],
    [{ ConnectionSettings: { IdleTimeout: 0 } }, 'InvalidConfigurationRequest', '1 to 4000'],
    [{ AccessLog: { Enabled: true } }, 'InvalidConfigurationRequest', 'must be specified'],
    [{ AccessLog: { Enabled: true, S3BucketName: 'none' } }, 'InvalidConfigurationRequest', 'Access Denied for bucket'],
    [
      { AccessLog: { Enabled: true, S3BucketName: 'none', EmitInterval: 7 } },
      'InvalidConfigurationRequest',
      'AccessLog.EmitInterval',
    ],
    [{ AdditionalAttributes: [{ Key: 'x', Value: 'y' }] }, 'LoadBalancerAttributeNotFound', "'x'"],
    [
      { AdditionalAttributes: [{ Key: 'elb.http.desyncmitigationmode', Value: 'monitor' }] },
      'ValidationError',
      'not supported',
    ],
  ])('such as %j are refused', async (LoadBalancerAttributes, code, message) => {
    await create();
    await expect(on('ModifyLoadBalancerAttributes', { LoadBalancerAttributes })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  test('limits are those that are held', async () => {
    expect(await call('DescribeAccountLimits')).toEqual({
      Limits: [
        { Name: 'classic-load-balancers', Max: '20' },
        { Name: 'classic-listeners', Max: '100' },
        { Name: 'classic-registered-instances', Max: '1000' },
      ],
    });
  });
});
