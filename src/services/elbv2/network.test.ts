import { beforeAll, describe, expect, test } from 'vitest';
import { networkInterfaces } from '../../store/tables/ec2.ts';
import * as ec2Tables from '../../store/tables/ec2.ts';
import { ctx, elbFixture } from './fixture.ts';

const fixture = elbFixture();
const { call, vpcId, store } = fixture;
const [a = '', b = ''] = fixture.subnetIds;
const prefix = 'arn:aws:elasticloadbalancing:us-east-1:000000000000';

interface Balancer {
  LoadBalancerArn: string;
  DNSName: string;
  SecurityGroups: string[];
  AvailabilityZones: { LoadBalancerAddresses: unknown[] }[];
}
const create = async (over: object = {}): Promise<Balancer> => {
  const input = { Name: 'net', Type: 'network', Subnets: [a, b], ...over };
  const [made] = (await call<{ LoadBalancers: Balancer[] }>('CreateLoadBalancer', input)).LoadBalancers;
  if (made === undefined) throw new Error('nothing was made');
  return made;
};
const group = async (over: object = {}): Promise<Record<string, unknown> & { TargetGroupArn: string }> => {
  const input = { Name: 'tcp', Protocol: 'TCP', Port: 8080, VpcId: vpcId, TargetType: 'ip', ...over };
  const [made] = (
    await call<{ TargetGroups: (Record<string, unknown> & { TargetGroupArn: string })[] }>('CreateTargetGroup', input)
  ).TargetGroups;
  if (made === undefined) throw new Error('nothing was made');
  return made;
};
const attributesOf = async (operation: string, input: object): Promise<Record<string, string>> => {
  const { Attributes } = await call<{ Attributes: { Key: string; Value: string }[] }>(operation, input);
  return Object.fromEntries(Attributes.map(({ Key, Value }) => [Key, Value]));
};
/** An Elastic IP of the caller's; answers its allocation id. */
const elasticIp = (id: string, publicIp: string): string => {
  store.transact((tx) =>
    tx.put(ec2Tables.addresses, { account: ctx.account, region: ctx.region, allocationId: id, publicIp, tags: [] }),
  );
  return id;
};

describe('a network load balancer', () => {
  test('has one subnet or more, no security groups unless asked for, and a name of its own kind', async () => {
    const made = await create({ Name: 'one', Subnets: [a] });
    expect(made).toMatchObject({ Type: 'network', Scheme: 'internet-facing', CanonicalHostedZoneId: 'Z26RNL4JYFTOTI' });
    expect(made.LoadBalancerArn).toMatch(/:loadbalancer\/net\/one\/[0-9a-f]{16}$/);
    expect(made.DNSName).toBe(`one-${made.LoadBalancerArn.slice(-16)}.elb.us-east-1.stowage.internal`);
    expect(made.SecurityGroups).toEqual([]);
    const [own] = store.by(networkInterfaces, 'owner', made.LoadBalancerArn);
    expect(own).toMatchObject({ interfaceType: 'network_load_balancer', groups: [] });
    expect(own?.description).toBe(`ELB net/one/${made.LoadBalancerArn.slice(-16)}`);
  });

  test('has the addresses that were chosen for it', async () => {
    const allocation = elasticIp('eipalloc-1', '100.127.0.200');
    const mappings = [{ SubnetId: a, AllocationId: allocation }, { SubnetId: b }];
    const facing = await create({ Name: 'static', Subnets: undefined, SubnetMappings: mappings });
    expect(facing.AvailabilityZones.map((zone) => zone.LoadBalancerAddresses)).toEqual([
      [{ AllocationId: allocation, IpAddress: '100.127.0.200' }],
      [],
    ]);
    const publicIps = store.by(networkInterfaces, 'owner', facing.LoadBalancerArn).map((each) => each.publicIp);
    expect(publicIps).toContain('100.127.0.200');
    await expect(
      create({ Name: 'again', Subnets: undefined, SubnetMappings: [{ SubnetId: a, AllocationId: allocation }] }),
    ).rejects.toMatchObject({ code: 'ResourceInUse' });
    await call('DeleteLoadBalancer', { LoadBalancerArn: facing.LoadBalancerArn });
    expect(store.get(ec2Tables.addresses, allocation)?.associationId).toBeUndefined();

    const chosen = { SubnetId: a, PrivateIPv4Address: '172.31.0.77' };
    const internal = await create({ Name: 'in', Scheme: 'internal', Subnets: undefined, SubnetMappings: [chosen] });
    expect(internal.AvailabilityZones[0]?.LoadBalancerAddresses).toEqual([{ PrivateIPv4Address: '172.31.0.77' }]);
    expect(store.by(networkInterfaces, 'owner', internal.LoadBalancerArn)[0]?.privateIp).toBe('172.31.0.77');
  });

  test('has attributes of its own', async () => {
    const { LoadBalancerArn } = await create({ Name: 'attributes' });
    const before = await attributesOf('DescribeLoadBalancerAttributes', { LoadBalancerArn });
    expect(before['load_balancing.cross_zone.enabled']).toBe('false');
    expect(before['idle_timeout.timeout_seconds']).toBeUndefined();
    const Attributes = [{ Key: 'load_balancing.cross_zone.enabled', Value: 'true' }];
    const after = await attributesOf('ModifyLoadBalancerAttributes', { LoadBalancerArn, Attributes });
    expect(after['load_balancing.cross_zone.enabled']).toBe('true');
  });
});

describe('a target group of a network load balancer', () => {
  test.each([
    ['TCP', 'ip', { HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10 }, ['false', 'false', 'true']],
    ['TLS', 'ip', { HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10 }, ['false', 'false', 'true']],
    ['TCP', 'instance', { HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10 }, ['true', 'false', 'true']],
    ['UDP', 'ip', { HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10 }, ['true', 'true', 'false']],
    ['TCP_UDP', 'instance', { HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10 }, ['true', 'true', 'false']],
  ])('of %s and %s has the defaults of AWS', async (Protocol, TargetType, check, expected) => {
    const made = await group({ Name: `${Protocol.replace('_', '')}-${TargetType}`, Protocol, TargetType });
    expect(made).toMatchObject({
      Protocol,
      TargetType,
      HealthyThresholdCount: 5,
      UnhealthyThresholdCount: 2,
      ...check,
    });
    expect(made).not.toHaveProperty('Matcher');
    expect(made).not.toHaveProperty('ProtocolVersion');
    const attributes = await attributesOf('DescribeTargetGroupAttributes', { TargetGroupArn: made.TargetGroupArn });
    expect([
      attributes['preserve_client_ip.enabled'],
      attributes['deregistration_delay.connection_termination.enabled'],
      attributes['target_health_state.unhealthy.connection_termination.enabled'],
    ]).toEqual(expected);
    expect(attributes['stickiness.type']).toBe('source_ip');
  });

  test('may be checked by HTTP, with codes up to 599', async () => {
    const made = await group({ Name: 'http', HealthCheckProtocol: 'HTTP', Matcher: { HttpCode: '200-599' } });
    expect(made).toMatchObject({
      HealthCheckPath: '/',
      HealthCheckTimeoutSeconds: 6,
      Matcher: { HttpCode: '200-599' },
    });
  });
});

describe('a listener of a network load balancer', () => {
  let balancer = '';
  const arns: Record<string, string> = {};
  beforeAll(async () => {
    balancer = (await create({ Name: 'listening' })).LoadBalancerArn;
    for (const Protocol of ['TCP', 'TLS', 'UDP', 'TCP_UDP', 'HTTP']) {
      arns[Protocol] = (await group({ Name: `for-${Protocol.replace('_', '')}`, Protocol })).TargetGroupArn;
    }
    arns['preserving'] = (await group({ Name: 'preserving', TargetType: 'instance' })).TargetGroupArn;
  });
  let port = 1000;
  const listen = (Protocol: string, to: string, over: object = {}): Promise<{ Listeners: { ListenerArn: string }[] }> =>
    call('CreateListener', {
      LoadBalancerArn: balancer,
      Protocol,
      Port: (port += 1),
      DefaultActions: [{ Type: 'forward', TargetGroupArn: arns[to] }],
      ...over,
    });

  test.each([
    ['TCP', 'TCP', true],
    ['TCP', 'TCP_UDP', true],
    ['TCP', 'TLS', false],
    ['TCP', 'HTTP', false],
    ['UDP', 'UDP', true],
    ['UDP', 'TCP_UDP', true],
    ['UDP', 'TCP', false],
    ['TCP_UDP', 'TCP_UDP', true],
    ['TCP_UDP', 'UDP', false],
  ])('of %s forwards to %s: %s', async (protocol, to, fits) => {
    const made = listen(protocol, to);
    if (fits) expect((await made).Listeners[0]).toMatchObject({ Protocol: protocol });
    else
      await expect(made).rejects.toMatchObject({
        code: 'InvalidLoadBalancerAction',
        message: `Listener protocol '${protocol}' is not supported with a target group with the protocol '${to}'`,
      });
  });

  test('of TLS has a certificate and an ALPN policy', async () => {
    const Certificates = [{ CertificateArn: fixture.certificate('tls') }];
    const { Listeners } = await listen('TLS', 'TLS', { Certificates, AlpnPolicy: ['HTTP2Preferred'] });
    expect(Listeners[0]).toMatchObject({ Protocol: 'TLS', Certificates, AlpnPolicy: ['HTTP2Preferred'] });
    const ListenerArn = Listeners[0]?.ListenerArn ?? '';
    expect(await call('ModifyListener', { ListenerArn, AlpnPolicy: ['None'] })).toMatchObject({
      Listeners: [{ AlpnPolicy: ['None'], Certificates }],
    });
    await expect(call('ModifyListener', { ListenerArn, AlpnPolicy: ['h2'] })).rejects.toMatchObject({
      code: 'ALPNPolicyNotSupported',
    });
    await expect(listen('TLS', 'TLS')).rejects.toMatchObject({ message: /certificate must be specified for TLS/ });
    await expect(listen('TLS', 'preserving', { Certificates })).rejects.toMatchObject({
      message: /preserve_client_ip/,
    });
  });

  test('has an idle timeout, which only TCP may set', async () => {
    const of = async (protocol: string, to: string): Promise<string> =>
      (await listen(protocol, to)).Listeners[0]?.ListenerArn ?? '';
    const set = (ListenerArn: string, Value: string): Promise<Record<string, string>> =>
      attributesOf('ModifyListenerAttributes', {
        ListenerArn,
        Attributes: [{ Key: 'tcp.idle_timeout.seconds', Value }],
      });
    expect(await set(await of('TCP', 'TCP'), '6000')).toEqual({ 'tcp.idle_timeout.seconds': '6000' });
    await expect(set(await of('TCP', 'TCP'), '59')).rejects.toMatchObject({ code: 'InvalidConfigurationRequest' });
    await expect(set(await of('UDP', 'UDP'), '60')).rejects.toMatchObject({ code: 'InvalidConfigurationRequest' });
  });
});

const allocation = elasticIp('eipalloc-free', '100.127.0.201');
test.each<[string, object, string, RegExp]>([
  ['CreateLoadBalancer', { Subnets: [] }, 'ValidationError', /At least one subnet/],
  [
    'CreateLoadBalancer',
    { SubnetMappings: [{ SubnetId: a, PrivateIPv4Address: '172.31.0.9' }] },
    'InvalidConfigurationRequest',
    /internal/,
  ],
  [
    'CreateLoadBalancer',
    { Scheme: 'internal', SubnetMappings: [{ SubnetId: a, AllocationId: allocation }] },
    'InvalidConfigurationRequest',
    /internal/,
  ],
  [
    'CreateLoadBalancer',
    { SubnetMappings: [{ SubnetId: a, AllocationId: 'eipalloc-no' }] },
    'AllocationIdNotFound',
    /eipalloc-no/,
  ],
  [
    'CreateLoadBalancer',
    { Scheme: 'internal', SubnetMappings: [{ SubnetId: a, PrivateIPv4Address: '10.9.9.9' }] },
    'InvalidConfigurationRequest',
    /range/,
  ],
  [
    'CreateLoadBalancer',
    { SubnetMappings: [{ SubnetId: a, IPv6Address: '::1' }] },
    'ValidationError',
    /IPv6Address.*not supported/,
  ],
  ['CreateTargetGroup', { Protocol: 'QUIC' }, 'ValidationError', /QUIC.*not supported/],
  ['CreateTargetGroup', { Protocol: 'TCP', ProtocolVersion: 'HTTP1' }, 'ValidationError', /Protocol version/],
  ['CreateTargetGroup', { Protocol: 'TCP', HealthCheckPath: '/' }, 'InvalidConfigurationRequest', /path/],
  ['CreateTargetGroup', { Protocol: 'TCP', Matcher: { HttpCode: '200' } }, 'InvalidConfigurationRequest', /matcher/],
  ['CreateTargetGroup', { Protocol: 'TLS', TargetType: 'alb' }, 'ValidationError', /'TCP' for target type 'alb'/],
  [
    'CreateTargetGroup',
    { Protocol: 'TCP', TargetType: 'alb', HealthCheckProtocol: 'TCP' },
    'ValidationError',
    /must be one of 'HTTP, HTTPS'/,
  ],
])('%s refuses %j', async (operation, over, code, message) => {
  const base =
    operation === 'CreateLoadBalancer'
      ? { Name: 'bad', Type: 'network', ...('SubnetMappings' in over ? {} : { Subnets: [a] }) }
      : { Name: 'bad', Port: 80, VpcId: vpcId, TargetType: 'ip' };
  await expect(call(operation, { ...base, ...over })).rejects.toMatchObject({ code, message });
});

test('refuses what cannot stand together', async () => {
  const { LoadBalancerArn } = await create({ Name: 'without-groups' });
  await expect(call('SetSecurityGroups', { LoadBalancerArn, SecurityGroups: [fixture.groupId] })).rejects.toMatchObject(
    {
      code: 'InvalidConfigurationRequest',
    },
  );
  const { TargetGroupArn } = await group({ Name: 'both' });
  const set = (...pairs: string[]): Promise<unknown> =>
    call('ModifyTargetGroupAttributes', {
      TargetGroupArn,
      Attributes: pairs.map((pair) => ({ Key: pair.split('=')[0], Value: pair.split('=')[1] })),
    });
  await expect(set('proxy_protocol_v2.enabled=true', 'preserve_client_ip.enabled=true')).rejects.toMatchObject({
    message: /proxy_protocol_v2.enabled together with preserve_client_ip.enabled/,
  });
  await set('proxy_protocol_v2.enabled=true');
  await expect(set('stickiness.type=lb_cookie')).rejects.toMatchObject({ message: /valid is 'source_ip'/ });
});

test('an application load balancer is a target, the only one of its group, and stays while it is', async () => {
  const [application] = (
    await call<{ LoadBalancers: Balancer[] }>('CreateLoadBalancer', { Name: 'app', Subnets: [a, b] })
  ).LoadBalancers;
  const Id = application?.LoadBalancerArn ?? '';
  const { TargetGroupArn } = await group({ Name: 'alb', TargetType: 'alb', Port: 80 });
  const register = (): Promise<unknown> => call('RegisterTargets', { TargetGroupArn, Targets: [{ Id, Port: 80 }] });
  await expect(register()).rejects.toMatchObject({ code: 'InvalidTarget', message: /no listener on port '80'/ });
  await call('CreateListener', {
    LoadBalancerArn: Id,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '204' } }],
  });
  await register();
  await expect(call('RegisterTargets', { TargetGroupArn, Targets: [{ Id: '172.31.0.1' }] })).rejects.toMatchObject({
    message: /Load balancer ARN/,
  });
  await expect(call('DeleteLoadBalancer', { LoadBalancerArn: Id })).rejects.toMatchObject({ code: 'ResourceInUse' });
});

test('rules are not for its listeners', async () => {
  const { LoadBalancerArn } = await create({ Name: 'no-rules' });
  const { TargetGroupArn } = await group({ Name: 'no-rules' });
  const { Listeners } = await call<{ Listeners: { ListenerArn: string }[] }>('CreateListener', {
    LoadBalancerArn,
    Protocol: 'TCP',
    Port: 80,
    DefaultActions: [{ Type: 'forward', TargetGroupArn }],
  });
  const rule = {
    ListenerArn: Listeners[0]?.ListenerArn,
    Priority: 1,
    Conditions: [{ Field: 'path-pattern', Values: ['/'] }],
    Actions: [{ Type: 'forward', TargetGroupArn }],
  };
  await expect(call('CreateRule', rule)).rejects.toMatchObject({ code: 'OperationNotPermitted' });
  await expect(call('DescribeTags', { ResourceArns: [`${prefix}:loadbalancer/net/x/0`] })).rejects.toMatchObject({
    code: 'LoadBalancerNotFound',
  });
});
