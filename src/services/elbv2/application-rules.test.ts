import type { Rule, TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../base/log.ts';
import { takeRequests } from '../../fleet/take-requests.ts';
import { readBalancer, translateBalancer } from '../../fleet/translate-balancer.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { elbFixture } from './fixture.ts';

let fixture: ReturnType<typeof elbFixture>;
let LoadBalancerArn = '';
let ListenerArn = '';
const fixed = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }];

beforeEach(async () => {
  fixture = elbFixture();
  type Balancers = { LoadBalancers: { LoadBalancerArn: string }[] };
  const input = { Name: 'web', Subnets: fixture.subnetIds };
  LoadBalancerArn =
    (await fixture.call<Balancers>('CreateLoadBalancer', input)).LoadBalancers[0]?.LoadBalancerArn ?? '';
  ListenerArn = await listen('HTTP', 80, fixed);
});

async function listen(Protocol: string, Port: number, DefaultActions: object[], more: object = {}): Promise<string> {
  const input = { LoadBalancerArn, Protocol, Port, DefaultActions, ...more };
  const { Listeners } = await fixture.call<{ Listeners: { ListenerArn: string }[] }>('CreateListener', input);
  return Listeners[0]?.ListenerArn ?? '';
}

async function create(input: object): Promise<Rule> {
  const { Rules } = await fixture.call<{ Rules: Rule[] }>('CreateRule', { ListenerArn, Actions: fixed, ...input });
  return Rules[0] ?? {};
}

async function group(input: object = {}): Promise<TargetGroup> {
  const all = { Name: 'web', Protocol: 'HTTP', Port: 80, VpcId: fixture.vpcId, ...input };
  const { TargetGroups } = await fixture.call<{ TargetGroups: TargetGroup[] }>('CreateTargetGroup', all);
  return TargetGroups[0] ?? {};
}

function told(): BalancerSpec {
  const rows = readBalancer(fixture.store, LoadBalancerArn, () => 'key\n');
  if (rows === undefined) throw new Error('there is no such load balancer');
  return translateBalancer(rows);
}

const forward = (TargetGroupArn: string | undefined): object[] => [{ Type: 'forward', TargetGroupArn }];

describe('regular expressions of conditions', () => {
  test('stand in the configuration or beside it, and are told to machines', async () => {
    const inside = await create({
      Priority: 1,
      Conditions: [
        { Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/a', '^/b$'] } },
        { Field: 'host-header', RegexValues: ['^(.*)\\.example\\.com$'] },
        { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', RegexValues: ['x+'] } },
      ],
    });
    expect(inside.Conditions).toEqual([
      { Field: 'path-pattern', RegexValues: ['^/a', '^/b$'], PathPatternConfig: { RegexValues: ['^/a', '^/b$'] } },
      {
        Field: 'host-header',
        RegexValues: ['^(.*)\\.example\\.com$'],
        HostHeaderConfig: { RegexValues: ['^(.*)\\.example\\.com$'] },
      },
      {
        Field: 'http-header',
        Values: [],
        RegexValues: ['x+'],
        HttpHeaderConfig: { HttpHeaderName: 'X-A', RegexValues: ['x+'] },
      },
    ]);
    expect(told().listeners[0]?.rules[0]?.conditions).toEqual([
      { field: 'path-pattern', values: [], regexes: ['^/a', '^/b$'] },
      { field: 'host-header', values: [], regexes: ['^(.*)\\.example\\.com$'] },
      { field: 'http-header', name: 'X-A', values: [], regexes: ['x+'] },
    ]);
  });

  test.each([
    [{ Field: 'path-pattern', RegexValues: ['('] }, /Unterminated group/],
    [{ Field: 'path-pattern', Values: ['/a'], RegexValues: ['a'] }, /both Values and RegexValues/],
    [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] }, RegexValues: ['a'] }, /cannot be specified/],
    [{ Field: 'path-pattern', RegexValues: ['a', 'b', 'c', 'd', 'e', 'f'] }, /at most '5' condition values/],
  ])('%j is refused', async (condition, why) => {
    await expect(create({ Priority: 1, Conditions: [condition] })).rejects.toMatchObject({
      code: 'ValidationError',
      message: expect.stringMatching(why) as string,
    });
  });
});

test('transforms are described, changed and reset', async () => {
  const Conditions = [{ Field: 'path-pattern', Values: ['/a*'] }];
  const url = { Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/a(.*)$', Replace: '/b$1' }] } };
  const host = { Type: 'host-header-rewrite', HostHeaderRewriteConfig: { Rewrites: [{ Regex: 'a', Replace: 'b' }] } };
  const { RuleArn, Transforms } = await create({ Priority: 1, Conditions, Transforms: [url] });
  expect(Transforms).toEqual([url]);
  expect(told().listeners[0]?.rules[0]?.transforms).toEqual({ url: { regex: '^/a(.*)$', replace: '/b$1' } });
  const modify = async (input: object): Promise<unknown> =>
    (await fixture.call<{ Rules: Rule[] }>('ModifyRule', { RuleArn, ...input })).Rules[0]?.Transforms;
  expect(await modify({ Actions: fixed })).toEqual([url]);
  expect(await modify({ Transforms: [host] })).toEqual([host]);
  expect(told().listeners[0]?.rules[0]?.transforms).toEqual({ host: { regex: 'a', replace: 'b' } });
  await expect(modify({ Transforms: [host], ResetTransforms: true })).rejects.toMatchObject({
    code: 'ValidationError',
  });
  expect(await modify({ ResetTransforms: true })).toEqual([]);
  expect(told().listeners[0]?.rules[0]).not.toHaveProperty('transforms');
});

describe('protocol versions of target groups', () => {
  test('have health checks of their own', async () => {
    const grpc = await group({ ProtocolVersion: 'GRPC' });
    expect(grpc).toMatchObject({
      ProtocolVersion: 'GRPC',
      HealthCheckPath: '/AWS.ALB/healthcheck',
      Matcher: { GrpcCode: '12' },
    });
    const modify = async (Matcher: object): Promise<unknown> => {
      const input = { TargetGroupArn: grpc.TargetGroupArn, Matcher };
      return (await fixture.call<{ TargetGroups: TargetGroup[] }>('ModifyTargetGroup', input)).TargetGroups[0]?.Matcher;
    };
    expect(await modify({ GrpcCode: '0-5,12' })).toEqual({ GrpcCode: '0-5,12' });
    await expect(modify({ GrpcCode: '100' })).rejects.toThrow('between 0 and 99');
    await expect(modify({ HttpCode: '200' })).rejects.toThrow('matcher of GRPC codes');
    await expect(group({ Name: 'b', ProtocolVersion: 'HTTP3' })).rejects.toThrow("one of 'GRPC, HTTP1, HTTP2'");
  });

  test('need HTTPS, and are told to machines', async () => {
    const { TargetGroupArn } = await group({ ProtocolVersion: 'GRPC' });
    const actions = forward(TargetGroupArn);
    const refused = { code: 'InvalidConfigurationRequest', message: expect.stringContaining("'GRPC'") as string };
    await expect(listen('HTTP', 81, actions)).rejects.toMatchObject(refused);
    const conditions = { Priority: 1, Conditions: [{ Field: 'path-pattern', Values: ['/'] }] };
    await expect(create({ ...conditions, Actions: actions })).rejects.toMatchObject(refused);
    await listen('HTTPS', 443, actions, { Certificates: [{ CertificateArn: fixture.certificate('web') }] });
    expect(told().targetGroups).toMatchObject([
      { protocolVersion: 'GRPC', healthCheck: { protocolVersion: 'GRPC', matcher: '12' } },
    ]);
  });
});

test('a load balancer forwards to a hundred target groups', async () => {
  for (let at = 0; at < 21; at++) {
    const arns: string[] = [];
    for (let i = 0; i < 5; i++) arns.push((await group({ Name: `g${at}-${i}` })).TargetGroupArn ?? '');
    const tuples = arns.map((TargetGroupArn) => ({ TargetGroupArn, Weight: 1 }));
    const made = create({
      Priority: at + 1,
      Conditions: [{ Field: 'path-pattern', Values: ['/'] }],
      Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: tuples } }],
    });
    if (at < 20) await made;
    else await expect(made).rejects.toMatchObject({ code: 'TooManyUniqueTargetGroupsPerLoadBalancer' });
  }
});

test('attributes of target groups are judged alone and together', async () => {
  const { TargetGroupArn } = await group();
  const set = (attributes: Record<string, string>): Promise<unknown> =>
    fixture.call('ModifyTargetGroupAttributes', {
      TargetGroupArn,
      Attributes: Object.entries(attributes).map(([Key, Value]) => ({ Key, Value })),
    });
  const refused = { code: 'InvalidConfigurationRequest' };
  await expect(set({ 'slow_start.duration_seconds': '29' })).rejects.toMatchObject(refused);
  await set({ 'slow_start.duration_seconds': '30' });
  await expect(set({ 'load_balancing.algorithm.type': 'least_outstanding_requests' })).rejects.toMatchObject(refused);
  await set({ 'slow_start.duration_seconds': '0', 'load_balancing.algorithm.type': 'least_outstanding_requests' });
  await expect(set({ 'stickiness.enabled': 'true', 'stickiness.type': 'app_cookie' })).rejects.toMatchObject(refused);
  await expect(set({ 'stickiness.app_cookie.cookie_name': 'AWSALB' })).rejects.toMatchObject(refused);
  await set({
    'stickiness.enabled': 'true',
    'stickiness.type': 'app_cookie',
    'stickiness.app_cookie.cookie_name': 'SESSION',
  });
});

test('anomalies of targets are described where they are asked for', async () => {
  const { TargetGroupArn = '' } = await group({ TargetType: 'ip' });
  await fixture.call('RegisterTargets', { TargetGroupArn, Targets: [{ Id: '172.31.0.8' }, { Id: '172.31.0.9' }] });
  const sink = takeRequests({
    store: fixture.store,
    log: silentLog,
    metrics: { put: () => Promise.resolve(true), taken: () => Promise.resolve(0) },
    putObject: () => Promise.resolve(),
  });
  const tell = (...ids: string[]): Promise<void> =>
    sink.take({
      kind: 'anomalies',
      loadBalancerArn: LoadBalancerArn,
      targetGroupArns: [TargetGroupArn],
      anomalous: ids.map((id) => ({ targetGroupArn: TargetGroupArn, id, port: 80, mitigated: true })),
    });
  const described = async (): Promise<unknown[]> => {
    type Answer = { TargetHealthDescriptions: { AnomalyDetection?: object }[] };
    const input = { TargetGroupArn, Include: ['AnomalyDetection'] };
    const { TargetHealthDescriptions } = await fixture.call<Answer>('DescribeTargetHealth', input);
    return TargetHealthDescriptions.map(({ AnomalyDetection }) => AnomalyDetection);
  };
  const normal = { Result: 'normal', MitigationInEffect: 'no' };
  await tell('172.31.0.9');
  expect(await described()).toEqual([normal, { Result: 'anomalous', MitigationInEffect: 'yes' }]);
  await tell();
  expect(await described()).toEqual([normal, normal]);
});

test.each(['authenticate-oidc', 'authenticate-cognito', 'jwt-validation'])('%s is refused by name', async (Type) => {
  await expect(
    create({
      Priority: 1,
      Conditions: [{ Field: 'path-pattern', Values: ['/'] }],
      Actions: [
        { Type, Order: 1 },
        { ...fixed[0], Order: 2 },
      ],
    }),
  ).rejects.toThrow(`An action of type '${Type}' is not supported`);
});
