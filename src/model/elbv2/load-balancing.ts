import type { Action, RuleCondition, RuleTransform } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Scoped, Tag } from '../tags.ts';
import type { ClassicForward, ClassicSettings } from './classic.ts';

/** An application, network or Classic Load Balancer. It has an interface in each of its subnets, owned by its ARN. */
export interface LoadBalancer extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly type: 'application' | 'network' | 'classic';
  /** Of a Classic Load Balancer. */
  readonly classic?: ClassicSettings;
  readonly scheme: 'internet-facing' | 'internal';
  readonly ipAddressType: 'ipv4';
  /** Resolves to its interfaces' addresses inside the VPC, and on this machine. */
  readonly dnsName: string;
  readonly canonicalHostedZoneId: string;
  readonly vpcId: string;
  readonly subnets: readonly BalancerSubnet[];
  /** None of a network load balancer that was created without: it is protected by nothing, and never will be. */
  readonly securityGroups: readonly string[];
  /** Written by the balancer loop: active once the machine serves it. */
  readonly state: { readonly code: 'provisioning' | 'active' | 'failed'; readonly reason?: string };
  /** Only attributes that were set; the defaults are the service's. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  readonly createdAt: number;
}

/** A subnet of a load balancer, with the address that was chosen for it there; only network load balancers have one. */
export interface BalancerSubnet {
  readonly subnetId: string;
  readonly availabilityZone: string;
  /** An Elastic IP's allocation, of one that faces the internet. */
  readonly allocationId?: string;
  /** Of an internal one. */
  readonly privateIp?: string;
}

/** A load balancer of the newer API, 2015-12-01. */
export type LoadBalancerV2 = LoadBalancer & { readonly type: 'application' | 'network' };

export interface Listener extends Scoped {
  readonly arn: string;
  readonly loadBalancerArn: string;
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
  readonly port: number;
  /** Of a Classic Load Balancer. */
  readonly classic?: ClassicForward;
  readonly sslPolicy?: string;
  /** Of TLS listeners. */
  readonly alpnPolicy?: AlpnPolicy;
  /** The default one first; none of a listener without TLS. */
  readonly certificates: readonly { readonly certificateArn: string; readonly isDefault: boolean }[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

/** What a TLS listener agrees on with a client that offers protocols ("ALPN policies", ELB User Guide for Network Load Balancers). */
export type AlpnPolicy = 'HTTP1Only' | 'HTTP2Only' | 'HTTP2Optional' | 'HTTP2Preferred' | 'None';

/** A rule of a listener; each listener has one with priority `default`, whose actions are the listener's own. */
export interface Rule extends Scoped {
  readonly arn: string;
  readonly listenerArn: string;
  readonly priority: number | 'default';
  readonly conditions: readonly RuleCondition[];
  readonly actions: readonly Action[];
  /** How requests are rewritten on their way to targets; absent where they are not. */
  readonly transforms?: readonly RuleTransform[];
  readonly tags: readonly Tag[];
}

export interface TargetGroupHealthCheck {
  readonly enabled: boolean;
  /** TLS for Classic Load Balancers alone. */
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS';
  /** A port number, or `traffic-port`. */
  readonly port: string;
  readonly path?: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** `200`, `200,202`, `200-299`. */
  readonly matcher?: string;
}

export interface TargetGroup extends Scoped {
  readonly arn: string;
  readonly name: string;
  readonly targetType: 'ip' | 'instance' | 'alb';
  readonly protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'TLS' | 'UDP' | 'TCP_UDP';
  readonly protocolVersion?: 'HTTP1' | 'HTTP2' | 'GRPC';
  readonly port: number;
  readonly vpcId: string;
  readonly healthCheck: TargetGroupHealthCheck;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
  readonly createdAt: number;
}

/** The health of a target with ELB's reason codes ("Target health status", ELB User Guide). */
export interface TargetHealth {
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining' | 'unavailable';
  readonly reason?: string;
  readonly description?: string;
}

/**
 * A target in a group. RegisterTargets, the target loop and Auto Scaling groups create it; deregistering sets `drainingSince`; the fleet sets
 * `outSince` when the balancer's machine says that no new request goes to it; the balancer loop deletes it once the
 * deregistration delay has passed since then. The fleet writes `health`, which the checker on the machine measured.
 */
export interface Target extends Scoped {
  readonly targetGroupArn: string;
  /** An address (target type ip), an instance id, or the ARN of an application load balancer (alb). */
  readonly id: string;
  readonly port: number;
  readonly availabilityZone?: string;
  readonly registeredAt: number;
  readonly drainingSince?: number;
  readonly outSince?: number;
  readonly health: TargetHealth;
  /** What the machine that forwards to it sees of its answers; absent while nothing is odd. The fleet writes it. */
  readonly anomaly?: { readonly mitigated: boolean };
}
