import type {
  Listener,
  LoadBalancer,
  Rule,
  TargetGroup,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, describe, expect, test } from 'vitest';
import { networkInterfaces } from '../../store/tables/ec2.ts';
import { listeners, loadBalancers, rules, targets } from '../../store/tables/elbv2.ts';
import type { Instance } from '../../model/ec2/instance.ts';
import { instances } from '../../store/tables/ec2.ts';
import { readBalancer, translateBalancer } from '../../fleet/translate-balancer.ts';
import { elbFixture } from './fixture.ts';

/** What is described, with every member there. */
type Present<Row> = { [Key in keyof Row]-?: NonNullable<Row[Key]> };

let fixture: ReturnType<typeof elbFixture>;
beforeEach(() => {
  fixture = elbFixture();
});

const balancer = async (over: object = {}): Promise<Present<LoadBalancer>> => {
  const input = { Name: 'web', Subnets: fixture.subnetIds.slice(0, 2), ...over };
  const { LoadBalancers } = await fixture.call<{ LoadBalancers: Present<LoadBalancer>[] }>('CreateLoadBalancer', input);
  return LoadBalancers[0] as Present<LoadBalancer>;
};
const group = async (over: object = {}): Promise<Present<TargetGroup>> => {
  const input = { Name: 'tg', Protocol: 'HTTP', Port: 8080, VpcId: fixture.vpcId, TargetType: 'ip', ...over };
  const { TargetGroups } = await fixture.call<{ TargetGroups: Present<TargetGroup>[] }>('CreateTargetGroup', input);
  return TargetGroups[0] as Present<TargetGroup>;
};
const listener = async (
  LoadBalancerArn: string,
  DefaultActions: object[],
  over: object = {},
): Promise<Present<Listener>> => {
  const input = { LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions, ...over };
  const { Listeners } = await fixture.call<{ Listeners: Present<Listener>[] }>('CreateListener', input);
  return Listeners[0] as Present<Listener>;
};
const forward = (TargetGroupArn: string): object[] => [{ Type: 'forward', TargetGroupArn }];
const fixed = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }];
const path = (...Values: string[]): object[] => [{ Field: 'path-pattern', Values }];

describe('load balancers', () => {
  test('get an interface in each subnet, public ones where they face the internet, and lose them when deleted', async () => {
    const created = await balancer();
    expect(created).toMatchObject({
      LoadBalancerArn: expect.stringMatching(
        /^arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer\/app\/web\/[0-9a-f]{16}$/,
      ),
      DNSName: expect.stringMatching(/^web-\d{10}\.us-east-1\.elb\.stowage\.internal$/),
      State: { Code: 'provisioning' },
      Type: 'application',
      Scheme: 'internet-facing',
      SecurityGroups: [fixture.groupId],
      IpAddressType: 'ipv4',
      VpcId: fixture.vpcId,
    });
    expect(created.AvailabilityZones.map((zone) => zone.ZoneName)).toEqual(['us-east-1a', 'us-east-1b']);
    const interfaces = fixture.store.list(networkInterfaces);
    expect(interfaces.map((each) => each.subnetId)).toEqual(fixture.subnetIds.slice(0, 2));
    for (const each of interfaces) {
      expect(each).toMatchObject({
        description: `ELB ${created.LoadBalancerArn.split('loadbalancer/')[1]}`,
        publicIp: expect.stringMatching(/^100\.127\.0\./),
        groups: [fixture.groupId],
        requesterManaged: true,
      });
    }
    const internal = await balancer({ Name: 'inside', Scheme: 'internal' });
    expect(internal.DNSName).toMatch(/^internal-inside-\d{10}\./);
    await fixture.call('DeleteLoadBalancer', { LoadBalancerArn: internal.LoadBalancerArn });
    await fixture.call('DeleteLoadBalancer', { LoadBalancerArn: internal.LoadBalancerArn });
    await listener(created.LoadBalancerArn, fixed);
    await fixture.call('DeleteLoadBalancer', { LoadBalancerArn: created.LoadBalancerArn });
    for (const table of [networkInterfaces, loadBalancers, listeners, rules]) {
      expect(fixture.store.count(table)).toBe(0);
    }
  });

  test('are made once by the same request, and refused by another of the same name', async () => {
    const first = await balancer();
    expect(await balancer()).toEqual(first);
    expect(fixture.store.count(networkInterfaces)).toBe(2);
    await expect(balancer({ Scheme: 'internal' })).rejects.toMatchObject({ code: 'DuplicateLoadBalancerName' });
    expect(fixture.store.count(networkInterfaces)).toBe(2);
  });

  test('are described by name, ARN and page', async () => {
    const arns = [];
    for (const Name of ['a', 'b', 'c']) arns.push((await balancer({ Name })).LoadBalancerArn);
    type Answer = { LoadBalancers: LoadBalancer[]; NextMarker?: string };
    const names = async (input: object): Promise<unknown[]> => {
      const { LoadBalancers, NextMarker } = await fixture.call<Answer>('DescribeLoadBalancers', input);
      return [...LoadBalancers.map((each) => each.LoadBalancerName), NextMarker === undefined ? 'end' : 'more'];
    };
    expect(await names({})).toEqual(['a', 'b', 'c', 'end']);
    expect(await names({ Names: ['c', 'a'] })).toEqual(['a', 'c', 'end']);
    expect(await names({ LoadBalancerArns: [arns[1]] })).toEqual(['b', 'end']);
    expect(await names({ PageSize: 2 })).toEqual(['a', 'b', 'more']);
    const { NextMarker } = await fixture.call<Answer>('DescribeLoadBalancers', { PageSize: 2 });
    expect(await names({ PageSize: 2, Marker: NextMarker })).toEqual(['c', 'end']);
  });

  test('change their subnets and groups with their interfaces', async () => {
    const { LoadBalancerArn } = await balancer();
    const before = fixture.store.list(networkInterfaces);
    const [a, b, c] = fixture.subnetIds;
    await fixture.call('SetSubnets', { LoadBalancerArn, Subnets: [b, c] });
    const after = fixture.store.list(networkInterfaces);
    expect(after.map((each) => each.subnetId)).toEqual([b, c]);
    expect(after[0]).toEqual(before[1]);
    expect(a).toBe(before[0]?.subnetId);
    const set = await fixture.call('SetSecurityGroups', { LoadBalancerArn, SecurityGroups: [fixture.groupId] });
    expect(set).toEqual({ SecurityGroupIds: [fixture.groupId] });
  });

  test('have all attributes with defaults, and keep deletion protection', async () => {
    const { LoadBalancerArn } = await balancer();
    const attributesOf = async (): Promise<Record<string, string>> => {
      type Answer = { Attributes: { Key: string; Value: string }[] };
      const { Attributes } = await fixture.call<Answer>('DescribeLoadBalancerAttributes', { LoadBalancerArn });
      return Object.fromEntries(Attributes.map(({ Key, Value }) => [Key, Value]));
    };
    expect(await attributesOf()).toMatchObject({
      'idle_timeout.timeout_seconds': '60',
      'routing.http.xff_header_processing.mode': 'append',
      'load_balancing.cross_zone.enabled': 'true',
    });
    const set = (Key: string, Value: string): Promise<unknown> =>
      fixture.call('ModifyLoadBalancerAttributes', { LoadBalancerArn, Attributes: [{ Key, Value }] });
    await set('deletion_protection.enabled', 'true');
    await expect(fixture.call('DeleteLoadBalancer', { LoadBalancerArn })).rejects.toMatchObject({
      code: 'OperationNotPermitted',
    });
    await set('deletion_protection.enabled', 'false');
    await expect(set('idle_timeout.timeout_seconds', '4001')).rejects.toMatchObject({
      code: 'InvalidConfigurationRequest',
    });
    await expect(set('no.such', '1')).rejects.toMatchObject({ code: 'ValidationError' });
    for (const log of ['access_logs', 'connection_logs']) {
      await expect(set(`${log}.s3.enabled`, 'true')).rejects.toMatchObject({
        code: 'InvalidConfigurationRequest',
        message: `The value of the attribute ${log}.s3.bucket must be specified when ${log.replace('_', ' ')} are enabled`,
      });
      await set(`${log}.s3.bucket`, 'none');
      await expect(set(`${log}.s3.enabled`, 'true')).rejects.toMatchObject({
        message: 'Access Denied for bucket: none. Please check S3bucket permission',
      });
    }
    expect((await attributesOf())['idle_timeout.timeout_seconds']).toBe('60');
  });
});

describe('target groups and targets', () => {
  test('have the defaults of their protocol', async () => {
    expect(await group()).toMatchObject({
      TargetGroupArn: expect.stringMatching(/:targetgroup\/tg\/[0-9a-f]{16}$/),
      HealthCheckProtocol: 'HTTP',
      HealthCheckPort: 'traffic-port',
      HealthCheckPath: '/',
      HealthCheckIntervalSeconds: 30,
      HealthCheckTimeoutSeconds: 5,
      HealthyThresholdCount: 5,
      UnhealthyThresholdCount: 2,
      Matcher: { HttpCode: '200' },
      ProtocolVersion: 'HTTP1',
      LoadBalancerArns: [],
    });
    expect(await group()).toMatchObject({ TargetGroupName: 'tg' });
    await expect(group({ Port: 81 })).rejects.toMatchObject({ code: 'DuplicateTargetGroupName' });
  });

  test('cannot be deleted, or hang on a second load balancer, while a rule forwards to them', async () => {
    const { TargetGroupArn } = await group();
    const one = await balancer();
    const two = await balancer({ Name: 'other' });
    const { ListenerArn } = await listener(one.LoadBalancerArn, forward(TargetGroupArn));
    expect((await group()).LoadBalancerArns).toEqual([one.LoadBalancerArn]);
    await expect(fixture.call('DeleteTargetGroup', { TargetGroupArn })).rejects.toMatchObject({
      code: 'ResourceInUse',
    });
    await expect(listener(two.LoadBalancerArn, forward(TargetGroupArn))).rejects.toMatchObject({
      code: 'TargetGroupAssociationLimit',
    });
    await fixture.call('DeleteListener', { ListenerArn });
    await fixture.call('DeleteTargetGroup', { TargetGroupArn });
    await expect(fixture.call('DescribeTargetGroups', { Names: ['tg'] })).rejects.toMatchObject({
      code: 'TargetGroupNotFound',
    });
  });

  test('of instances take those of their VPC that run', async () => {
    const instance = (id: string, state: Instance['state'], vpcId = fixture.vpcId): string => {
      const row = { account: '000000000000', region: 'us-east-1', id, state, vpcId, privateIp: '172.31.0.5', tags: [] };
      fixture.store.transact((tx) => tx.put(instances, row as Partial<Instance> as Instance));
      return id;
    };
    const running = instance('i-00000000000000001', 'running');
    const { TargetGroupArn } = await group({ TargetType: 'instance' });
    const { LoadBalancerArn } = await balancer();
    await listener(LoadBalancerArn, forward(TargetGroupArn));
    const register = (Id: string) =>
      fixture.call('RegisterTargets', { TargetGroupArn, Targets: [{ Id, Port: 32_768 }] });
    await register(running);
    for (const [id, why] of [
      ['i-00000000000000009', 'not valid instances'],
      [instance('i-00000000000000002', 'stopped'), 'not in a running state'],
      [instance('i-00000000000000003', 'running', 'vpc-9'), 'not in the target group VPC'],
    ] as const) {
      await expect(register(id)).rejects.toMatchObject({
        code: 'InvalidTarget',
        message: expect.stringContaining(why),
      });
    }
    await expect(register('10.0.0.1')).rejects.toMatchObject({ code: 'ValidationError' });
    const told = () => {
      const rows = readBalancer(fixture.store, LoadBalancerArn, () => 'key\n');
      return rows && translateBalancer(rows).targetGroups[0]?.targets;
    };
    expect(told()).toMatchObject([{ id: running, address: '172.31.0.5', port: 32_768 }]);
    instance(running, 'stopped');
    expect(told()).toEqual([]);
    const { TargetHealthDescriptions } = await fixture.call<{ TargetHealthDescriptions: TargetHealthDescription[] }>(
      'DescribeTargetHealth',
      { TargetGroupArn },
    );
    expect(TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth)).toEqual([
      { State: 'unused', Reason: 'Target.InvalidState', Description: 'Target is in the stopped state' },
    ]);
  });

  test('say how each target stands', async () => {
    const { TargetGroupArn } = await group();
    const health = async (input: object = {}): Promise<unknown[]> => {
      type Answer = { TargetHealthDescriptions: TargetHealthDescription[] };
      const answer = await fixture.call<Answer>('DescribeTargetHealth', { TargetGroupArn, ...input });
      return answer.TargetHealthDescriptions.map(({ Target, TargetHealth, HealthCheckPort }) =>
        [Target?.Id, Target?.Port, HealthCheckPort, TargetHealth?.State, TargetHealth?.Reason].join(' '),
      );
    };
    const register = { TargetGroupArn, Targets: [{ Id: '172.31.0.9' }, { Id: '172.31.16.9', Port: 81 }] };
    await fixture.call('RegisterTargets', register);
    await fixture.call('RegisterTargets', register);
    expect(await health()).toEqual([
      '172.31.0.9 8080 8080 unused Target.NotInUse',
      '172.31.16.9 81 81 unused Target.NotInUse',
    ]);
    const { LoadBalancerArn } = await balancer();
    await listener(LoadBalancerArn, forward(TargetGroupArn));
    expect(await health({ Targets: [{ Id: '172.31.0.9' }, { Id: '172.31.0.10' }] })).toEqual([
      '172.31.0.9 8080 8080 initial Elb.RegistrationInProgress',
      '172.31.0.10 8080 8080 unused Target.NotRegistered',
    ]);
    await fixture.call('DeregisterTargets', { TargetGroupArn, Targets: [{ Id: '172.31.0.9' }] });
    expect(await health({ Targets: [{ Id: '172.31.0.9' }] })).toEqual([
      '172.31.0.9 8080 8080 draining Target.DeregistrationInProgress',
    ]);
    await fixture.call('RegisterTargets', register);
    expect(fixture.store.list(targets).every((row) => row.drainingSince === undefined)).toBe(true);
    await expect(
      fixture.call('DeregisterTargets', { TargetGroupArn, Targets: [{ Id: '172.31.0.1' }] }),
    ).rejects.toMatchObject({ code: 'InvalidTarget' });
  });
});

describe('listeners and rules', () => {
  test('are described as AWS does, and told to machines whole', async () => {
    const { LoadBalancerArn } = await balancer();
    const web = await group();
    const api = await group({ Name: 'api' });
    const http = await listener(LoadBalancerArn, forward(web.TargetGroupArn));
    expect(http.DefaultActions).toEqual([
      {
        Type: 'forward',
        TargetGroupArn: web.TargetGroupArn,
        ForwardConfig: {
          TargetGroups: [{ TargetGroupArn: web.TargetGroupArn, Weight: 1 }],
          TargetGroupStickinessConfig: { Enabled: false },
        },
      },
    ]);
    const create = (Priority: number, Conditions: object[], Actions: object[]): Promise<{ Rules: Rule[] }> =>
      fixture.call('CreateRule', { ListenerArn: http.ListenerArn, Priority, Conditions, Actions });
    await create(20, path('/b*'), fixed);
    const { Rules: made } = await create(10, path('/api/*'), forward(api.TargetGroupArn));
    expect(made[0]?.Conditions).toEqual([
      { Field: 'path-pattern', Values: ['/api/*'], PathPatternConfig: { Values: ['/api/*'] } },
    ]);
    await fixture.call('RegisterTargets', { TargetGroupArn: api.TargetGroupArn, Targets: [{ Id: '172.31.0.9' }] });
    const { Rules } = await fixture.call<{ Rules: Rule[] }>('DescribeRules', { ListenerArn: http.ListenerArn });
    expect(Rules.map((rule) => [rule.Priority, rule.IsDefault])).toEqual([
      ['10', false],
      ['20', false],
      ['default', true],
    ]);
    const rows = readBalancer(fixture.store, LoadBalancerArn, () => 'key\n');
    const spec = rows === undefined ? undefined : translateBalancer(rows);
    expect(spec).toMatchObject({
      name: 'web',
      addresses: fixture.store.list(networkInterfaces).map((each) => each.privateIp),
      attributes: { 'idle_timeout.timeout_seconds': '60' },
    });
    expect(spec?.listeners[0]?.rules.map((rule) => [rule.conditions, rule.action])).toEqual([
      [
        [{ field: 'path-pattern', values: ['/api/*'] }],
        { type: 'forward', targetGroups: [{ targetGroupArn: api.TargetGroupArn, weight: 1 }] },
      ],
      [
        [{ field: 'path-pattern', values: ['/b*'] }],
        { type: 'fixed-response', statusCode: 404, contentType: 'text/plain', body: '' },
      ],
      [[], { type: 'forward', targetGroups: [{ targetGroupArn: web.TargetGroupArn, weight: 1 }] }],
    ]);
    expect(spec?.targetGroups.find((each) => each.name === 'api')?.targets).toEqual([
      {
        id: '172.31.0.9',
        address: '172.31.0.9',
        port: 8080,
        zone: 'us-east-1a',
        registeredAt: expect.any(Number),
        draining: false,
        lastHealth: 'initial',
      },
    ]);
  });

  test('change, swap priorities and are deleted', async () => {
    const { LoadBalancerArn } = await balancer();
    const { ListenerArn } = await listener(LoadBalancerArn, fixed);
    await listener(LoadBalancerArn, fixed, { Port: 81 });
    await expect(listener(LoadBalancerArn, fixed)).rejects.toMatchObject({ code: 'DuplicateListener' });
    await expect(fixture.call('ModifyListener', { ListenerArn, Port: 81 })).rejects.toMatchObject({
      code: 'DuplicateListener',
    });
    const redirect = [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }];
    const { Listeners } = await fixture.call<{ Listeners: Listener[] }>('ModifyListener', {
      ListenerArn,
      Port: 8080,
      DefaultActions: redirect,
    });
    expect(Listeners[0]).toMatchObject({
      Port: 8080,
      DefaultActions: [{ RedirectConfig: { Host: '#{host}', Path: '/#{path}', Query: '#{query}' } }],
    });
    const create = async (Priority: number): Promise<string> => {
      const input = { ListenerArn, Priority, Conditions: path('/x'), Actions: fixed };
      return (await fixture.call<{ Rules: Rule[] }>('CreateRule', input)).Rules[0]?.RuleArn ?? '';
    };
    const [one, two] = [await create(1), await create(2)];
    await expect(create(2)).rejects.toMatchObject({ code: 'PriorityInUse' });
    const set = (...pairs: [string, number][]): Promise<unknown> =>
      fixture.call('SetRulePriorities', {
        RulePriorities: pairs.map(([RuleArn, Priority]) => ({ RuleArn, Priority })),
      });
    await set([one, 2], [two, 1]);
    await expect(set([one, 1])).rejects.toMatchObject({ code: 'PriorityInUse' });
    expect(fixture.store.get(rules, one)?.priority).toBe(2);
    await fixture.call('ModifyRule', { RuleArn: one, Conditions: path('/y') });
    expect(fixture.store.get(rules, one)?.conditions[0]?.Values).toEqual(['/y']);
    const byDefault = fixture.store.list(rules).find((rule) => rule.priority === 'default')?.arn;
    await expect(fixture.call('DeleteRule', { RuleArn: byDefault })).rejects.toMatchObject({
      code: 'OperationNotPermitted',
    });
    await fixture.call('DeleteRule', { RuleArn: one });
    await fixture.call('DeleteListener', { ListenerArn });
    expect(fixture.store.list(rules)).toHaveLength(1);
  });

  test('take attributes and tags', async () => {
    const { LoadBalancerArn } = await balancer({ Tags: [{ Key: 'a', Value: '1' }] });
    const { ListenerArn } = await listener(LoadBalancerArn, fixed);
    const key = 'routing.http.response.server.enabled';
    await fixture.call('ModifyListenerAttributes', { ListenerArn, Attributes: [{ Key: key, Value: 'false' }] });
    const { Attributes } = await fixture.call<{ Attributes: object[] }>('DescribeListenerAttributes', { ListenerArn });
    expect(Attributes).toContainEqual({ Key: key, Value: 'false' });
    const ResourceArns = [LoadBalancerArn, ListenerArn];
    await fixture.call('AddTags', { ResourceArns, Tags: [{ Key: 'b', Value: '2' }] });
    await fixture.call('RemoveTags', { ResourceArns, TagKeys: ['a'] });
    expect(await fixture.call('DescribeTags', { ResourceArns })).toEqual({
      TagDescriptions: ResourceArns.map((ResourceArn) => ({ ResourceArn, Tags: [{ Key: 'b', Value: '2' }] })),
    });
  });
});
