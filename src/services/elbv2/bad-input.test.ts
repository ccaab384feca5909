import { beforeAll, expect, test } from 'vitest';
import { elbFixture } from './fixture.ts';

const fixture = elbFixture();
const { call, vpcId } = fixture;
const [a = '', b = ''] = fixture.subnetIds;
const named = {
  balancer: '',
  listener: '',
  group: '',
};
const prefix = 'arn:aws:elasticloadbalancing:us-east-1:000000000000';
const fixed = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }];

beforeAll(async () => {
  const { LoadBalancers } = await call<{ LoadBalancers: { LoadBalancerArn: string }[] }>('CreateLoadBalancer', {
    Name: 'there',
    Subnets: [a, b],
  });
  named.balancer = LoadBalancers[0]?.LoadBalancerArn ?? '';
  const { TargetGroups } = await call<{ TargetGroups: { TargetGroupArn: string }[] }>('CreateTargetGroup', group({}));
  named.group = TargetGroups[0]?.TargetGroupArn ?? '';
  const { Listeners } = await call<{ Listeners: { ListenerArn: string }[] }>('CreateListener', {
    LoadBalancerArn: named.balancer,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: fixed,
  });
  named.listener = Listeners[0]?.ListenerArn ?? '';
});

function balancer(over: object): object {
  return { Name: 'web', Subnets: [a, b], ...over };
}
function group(over: object): object {
  return { Name: 'tg', Protocol: 'HTTP', Port: 80, VpcId: vpcId, TargetType: 'ip', ...over };
}
const listener = (over: object) => () => ({
  LoadBalancerArn: named.balancer,
  Protocol: 'HTTP',
  Port: 81,
  DefaultActions: fixed,
  ...over,
});
const rule = (over: object) => () => ({
  ListenerArn: named.listener,
  Priority: 1,
  Conditions: [{ Field: 'path-pattern', Values: ['/'] }],
  Actions: fixed,
  ...over,
});
const condition = (...Conditions: object[]) => rule({ Conditions });
const action = (...Actions: object[]) => rule({ Actions });
const redirect = (over: object) =>
  action({ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', StatusCode: 'HTTP_301', ...over } });
const targets =
  (...Targets: object[]) =>
  () => ({ TargetGroupArn: named.group, Targets });

/** An attribute that AWS has, with a value whose effect Stowage does not. */
const attribute = (Key: string, Value: string) => () => ({
  LoadBalancerArn: named.balancer,
  Attributes: [{ Key, Value }],
});

const cases: [operation: string, input: object | (() => object), code: string, message: RegExp][] = [
  ['CreateLoadBalancer', balancer({ Name: 'a_b' }), 'ValidationError', /alphanumeric/],
  [
    'ModifyLoadBalancerAttributes',
    attribute('routing.http2.enabled', 'perhaps'),
    'InvalidConfigurationRequest',
    /valid is 'true', 'false'/,
  ],
  [
    'ModifyLoadBalancerAttributes',
    attribute('waf.fail_open.enabled', 'true'),
    'InvalidConfigurationRequest',
    /valid is 'false'/,
  ],
  [
    'ModifyLoadBalancerAttributes',
    attribute('zonal_shift.config.enabled', 'true'),
    'InvalidConfigurationRequest',
    /valid is 'false'/,
  ],
  ['CreateLoadBalancer', balancer({ EnablePrefixForIpv6SourceNat: 'on' }), 'ValidationError', /not supported/],
  ['CreateLoadBalancer', balancer({ Name: '-a' }), 'ValidationError', /begin or end/],
  ['CreateLoadBalancer', balancer({ Name: 'x'.repeat(33) }), 'ValidationError', /longer than '32'/],
  ['CreateLoadBalancer', balancer({ Name: 'internal-x' }), 'ValidationError', /internal-/],
  ['CreateLoadBalancer', balancer({ Subnets: [a] }), 'ValidationError', /At least two subnets/],
  ['CreateLoadBalancer', balancer({ Subnets: [] }), 'ValidationError', /At least two subnets/],
  ['CreateLoadBalancer', balancer({ Subnets: [a, 'subnet-1'] }), 'SubnetNotFound', /subnet-1' does not exist/],
  ['CreateLoadBalancer', balancer({ SecurityGroups: ['sg-1'] }), 'InvalidSecurityGroup', /sg-1/],
  ['CreateLoadBalancer', balancer({ Type: 'gateway' }), 'ValidationError', /gateway.*not supported/],
  ['CreateLoadBalancer', balancer({ IpAddressType: 'dualstack' }), 'InvalidConfigurationRequest', /dualstack/],
  ['CreateLoadBalancer', balancer({ Scheme: 'odd' }), 'InvalidScheme', /odd/],
  ['CreateLoadBalancer', balancer({ Tags: [{ Key: 'aws:x', Value: '' }] }), 'ValidationError', /aws:/],
  [
    'CreateLoadBalancer',
    balancer({
      Tags: [
        { Key: 'x', Value: '' },
        { Key: 'x', Value: '' },
      ],
    }),
    'DuplicateTagKeys',
    /more than once/,
  ],
  ['DescribeLoadBalancers', { Names: ['none'] }, 'LoadBalancerNotFound', /Load balancers '\[none\]' not found/],
  ['DescribeLoadBalancers', { LoadBalancerArns: ['none'] }, 'ValidationError', /not a valid load balancer ARN/],
  ['DescribeLoadBalancers', { PageSize: 401 }, 'ValidationError', /less than or equal to 400/],
  ['DescribeLoadBalancers', { Marker: '!' }, 'ValidationError', /marker/i],
  [
    'DescribeLoadBalancerAttributes',
    { LoadBalancerArn: `${prefix}:loadbalancer/app/x/0` },
    'LoadBalancerNotFound',
    /not found/,
  ],
  ['CreateTargetGroup', group({ Name: 'a.b' }), 'ValidationError', /alphanumeric/],
  ['CreateTargetGroup', group({ Protocol: undefined }), 'ValidationError', /protocol must be specified/],
  ['CreateTargetGroup', group({ Port: 0 }), 'ValidationError', /greater than or equal to 1/],
  ['CreateTargetGroup', group({ VpcId: 'vpc-1' }), 'ValidationError', /VPC ID 'vpc-1' is not found/],
  ['CreateTargetGroup', group({ TargetType: 'lambda' }), 'ValidationError', /lambda.*not supported/],
  ['CreateTargetGroup', group({ ProtocolVersion: 'HTTP3' }), 'ValidationError', /must be one of/],
  ['CreateTargetGroup', group({ HealthCheckPath: 'x' }), 'ValidationError', /must begin with/],
  ['CreateTargetGroup', group({ HealthCheckPath: '/a b' }), 'ValidationError', /printable/],
  ['CreateTargetGroup', group({ HealthCheckTimeoutSeconds: 30 }), 'ValidationError', /greater than the timeout/],
  ['CreateTargetGroup', group({ HealthCheckIntervalSeconds: 4 }), 'ValidationError', /equal to 5/],
  ['CreateTargetGroup', group({ HealthyThresholdCount: 11 }), 'ValidationError', /equal to 10/],
  ['CreateTargetGroup', group({ HealthCheckPort: '70000' }), 'ValidationError', /traffic-port/],
  ['CreateTargetGroup', group({ Matcher: { HttpCode: '500' } }), 'ValidationError', /between 200 and 499/],
  ['CreateTargetGroup', group({ HealthCheckEnabled: false }), 'InvalidConfigurationRequest', /cannot be disabled/],
  ['DescribeTargetGroups', { Names: ['none'] }, 'TargetGroupNotFound', /One or more target groups not found/],
  ['RegisterTargets', targets({ Id: '10.9.9.9' }), 'InvalidTarget', /not within the subnets/],
  ['RegisterTargets', targets({ Id: 'i-0123456789abcdef0' }), 'ValidationError', /not a valid IPv4/],
  ['RegisterTargets', targets({ Id: '172.31.0.9', Port: 0 }), 'ValidationError', /equal to 1/],
  ['RegisterTargets', { TargetGroupArn: `${prefix}:targetgroup/x/0`, Targets: [] }, 'TargetGroupNotFound', /not found/],
  ['CreateListener', listener({ Protocol: 'TCP' }), 'ValidationError', /must be one of 'HTTPS, HTTP'/],
  [
    'CreateListener',
    listener({ Protocol: 'HTTPS' }),
    'ValidationError',
    /A certificate must be specified for HTTPS listeners/,
  ],
  [
    'CreateListener',
    listener({
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/no' }],
    }),
    'CertificateNotFound',
    /not found/,
  ],
  ['CreateListener', listener({ Port: 80 }), 'DuplicateListener', /already exists on this port/],
  ['CreateListener', listener({ DefaultActions: [] }), 'ValidationError', /action must be specified/],
  [
    'CreateListener',
    listener({ LoadBalancerArn: `${prefix}:loadbalancer/app/x/0` }),
    'LoadBalancerNotFound',
    /not found/,
  ],
  ['DescribeListeners', {}, 'ValidationError', /either listener ARNs or a load balancer ARN/],
  [
    'DescribeListeners',
    { ListenerArns: [`${prefix}:listener/app/x/0/0`] },
    'ListenerNotFound',
    /One or more listeners/,
  ],
  ['DeleteRule', { RuleArn: `${prefix}:listener-rule/app/x/0/0/0` }, 'RuleNotFound', /One or more rules not found/],
  ['CreateRule', rule({ Priority: 0 }), 'ValidationError', /equal to 1/],
  ['CreateRule', rule({ Transforms: [{}] }), 'ValidationError', /Transform type/],
  ['CreateRule', condition(), 'ValidationError', /condition must be specified/],
  ['CreateRule', condition({ Field: 'odd', Values: ['x'] }), 'ValidationError', /must be one of/],
  ['CreateRule', condition({ Field: 'path-pattern', Values: [] }), 'ValidationError', /value must be specified/],
  ['CreateRule', condition({ Field: 'path-pattern', Values: ['/a\nb'] }), 'ValidationError', /not valid/],
  ['CreateRule', condition({ Field: 'path-pattern', Values: ['/*'.repeat(6)] }), 'ValidationError', /5' wildcards/],
  [
    'CreateRule',
    condition({ Field: 'path-pattern', Values: ['/1', '/2', '/3', '/4', '/5', '/6'] }),
    'ValidationError',
    /5' condition values/,
  ],
  [
    'CreateRule',
    condition({ Field: 'path-pattern', Values: ['/1'] }, { Field: 'path-pattern', Values: ['/2'] }),
    'ValidationError',
    /only one condition/,
  ],
  ['CreateRule', condition({ Field: 'host-header', Values: ['a/b'] }), 'ValidationError', /not valid/],
  [
    'CreateRule',
    condition({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'a b', Values: ['x'] } }),
    'ValidationError',
    /header name/,
  ],
  [
    'CreateRule',
    condition({ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0'] } }),
    'ValidationError',
    /CIDR block/,
  ],
  ['CreateRule', action({ Type: 'authenticate-oidc' }), 'ValidationError', /not supported/],
  ['CreateRule', action(...fixed, ...fixed), 'InvalidLoadBalancerAction', /exactly one action/],
  ['CreateRule', action({ Type: 'forward' }), 'ValidationError', /target group must be specified/],
  [
    'CreateRule',
    action({ Type: 'forward', TargetGroupArn: `${prefix}:targetgroup/x/0` }),
    'TargetGroupNotFound',
    /not found/,
  ],
  [
    'CreateRule',
    () =>
      action({ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: named.group, Weight: 1000 }] } })(),
    'ValidationError',
    /less than or equal to 999/,
  ],
  ['CreateRule', redirect({ Protocol: '#{protocol}' }), 'InvalidLoadBalancerAction', /loop/],
  ['CreateRule', redirect({ Path: 'x' }), 'ValidationError', /redirect path/],
  ['CreateRule', redirect({ Host: 'a\r\nb' }), 'ValidationError', /redirect host/],
  ['CreateRule', redirect({ Query: '?x' }), 'ValidationError', /redirect query/],
  ['CreateRule', redirect({ StatusCode: 'HTTP_307' }), 'ValidationError', /HTTP_301/],
  [
    'CreateRule',
    action({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '302' } }),
    'ValidationError',
    /2XX, 4XX or 5XX/,
  ],
  [
    'CreateRule',
    action({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', ContentType: 'image/png' } }),
    'ValidationError',
    /content type/,
  ],
  ['DescribeTags', { ResourceArns: ['x'] }, 'ValidationError', /not a valid resource ARN/],
  ['DescribeSSLPolicies', { Names: ['none'] }, 'SSLPolicyNotFound', /none/],
];

test.each(cases)('%s %#: %s', async (operation, input, code, message) => {
  const refused = call(operation, typeof input === 'function' ? input() : input);
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
