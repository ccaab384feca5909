import type { BalancerSpec, ListenerSpec, RuleSpec, TargetGroupSpec, TargetSpec } from '../../wire/balancer-spec.ts';

const prefix = 'arn:aws:elasticloadbalancing:us-east-1:000000000000';

/** An application load balancer on loopback, for tests: everything can be replaced. */
export function balancerSpec(over: Partial<BalancerSpec> & { name: string }): BalancerSpec {
  return {
    loadBalancerArn: `${prefix}:loadbalancer/app/${over.name}/0123456789abcdef`,
    type: 'application',
    vpcId: 'vpc-0123456789abcdef0',
    addresses: ['127.0.0.1'],
    attributes: {},
    listeners: [],
    targetGroups: [],
    ...over,
  };
}

/** A network load balancer on loopback. */
export function networkSpec(over: Partial<BalancerSpec> & { name: string }): BalancerSpec {
  const spec = balancerSpec({ ...over, type: 'network' });
  return { ...spec, loadBalancerArn: spec.loadBalancerArn.replace('/app/', '/net/') };
}

/** A Classic Load Balancer whose group has a way for each listener. */
export function classicSpec(over: Partial<BalancerSpec> & { name: string }): BalancerSpec {
  const spec = balancerSpec({ ...over, type: 'classic' });
  return { ...spec, loadBalancerArn: `${prefix}:loadbalancer/${over.name}` };
}

/** An HTTP listener whose last rule is the default one. */
export function listenerSpec(
  port: number,
  ...rules: readonly (Omit<RuleSpec, 'ruleArn'> & { ruleArn?: string })[]
): ListenerSpec {
  return {
    listenerArn: `${prefix}:listener/app/x/0123456789abcdef/${port}`,
    protocol: 'HTTP',
    port,
    attributes: {},
    rules: rules.map((rule, index) => ({ ruleArn: `${prefix}:listener-rule/app/x/0/${port}/${index}`, ...rule })),
  };
}

/** A rule without conditions that forwards everything to one group. */
export function forwardTo(...groups: readonly TargetGroupSpec[]): Omit<RuleSpec, 'ruleArn'> {
  return {
    conditions: [],
    action: {
      type: 'forward',
      targetGroups: groups.map((group) => ({ targetGroupArn: group.targetGroupArn, weight: 1 })),
    },
  };
}

/** A target group with ELB's default health check. */
export function groupSpec(
  name: string,
  targets: readonly TargetSpec[],
  over: Partial<TargetGroupSpec> = {},
): TargetGroupSpec {
  return {
    targetGroupArn: `${prefix}:targetgroup/${name}/0123456789abcdef`,
    name,
    protocol: 'HTTP',
    attributes: {},
    healthCheck: {
      enabled: true,
      protocol: 'HTTP',
      port: 'traffic-port',
      path: '/',
      intervalSeconds: 30,
      timeoutSeconds: 5,
      healthyThreshold: 5,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    targets,
    ...over,
  };
}

/** A target on loopback. */
export function targetSpec(port: number, over: Partial<TargetSpec> = {}): TargetSpec {
  return {
    id: '127.0.0.1',
    address: '127.0.0.1',
    port,
    registeredAt: 1,
    draining: false,
    lastHealth: 'initial',
    ...over,
  };
}
