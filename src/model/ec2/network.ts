import type { Scoped, Tag } from '../tags.ts';

/** A virtual private cloud. */
export interface Vpc extends Scoped {
  readonly id: string;
  readonly cidr: string;
  readonly isDefault: boolean;
  readonly instanceTenancy: 'default' | 'dedicated';
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
  readonly dhcpOptionsId: string;
  readonly tags: readonly Tag[];
  readonly createdAt: number;
}

/** A subnet. The first four addresses and the last are reserved, as on AWS; the first is the gateway. */
export interface Subnet extends Scoped {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly availabilityZone: string;
  readonly availabilityZoneId: string;
  readonly defaultForAz: boolean;
  readonly mapPublicIpOnLaunch: boolean;
  readonly tags: readonly Tag[];
}

/** A security group; its rules are rows of their own. */
export interface SecurityGroup extends Scoped {
  readonly id: string;
  readonly vpcId: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly Tag[];
}

/** One rule of a security group: exactly one of the four peers is set. */
export interface SecurityGroupRule extends Scoped {
  readonly id: string;
  readonly groupId: string;
  readonly direction: 'ingress' | 'egress';
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a protocol number. */
  readonly protocol: string;
  /** Ports, or ICMP type and code; -1 for all. */
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidrIpv4?: string;
  readonly cidrIpv6?: string;
  readonly prefixListId?: string;
  readonly referencedGroupId?: string;
  readonly description?: string;
  readonly tags: readonly Tag[];
}

/** What an interface belongs to: it decides who may delete it and how the network driver attaches it. */
export type InterfaceOwner =
  | { readonly kind: 'task'; readonly arn: string }
  | { readonly kind: 'load-balancer'; readonly arn: string }
  | { readonly kind: 'nat-gateway'; readonly id: string }
  | { readonly kind: 'instance'; readonly id: string }
  /** Made by CreateNetworkInterface; nothing is attached. */
  | { readonly kind: 'user' };

/** An elastic network interface. The pair (VPC, private address) is unique while the row exists. */
export interface NetworkInterface extends Scoped {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly privateIp: string;
  /** A public address, from the pool or of an Elastic IP; unique over the installation. */
  readonly publicIp?: string;
  /** The Elastic IP's allocation when `publicIp` is one. */
  readonly allocationId?: string;
  readonly macAddress: string;
  readonly groups: readonly string[];
  readonly description: string;
  readonly interfaceType: 'interface' | 'nat_gateway' | 'network_load_balancer';
  readonly owner: InterfaceOwner;
  readonly status: 'available' | 'pending' | 'in-use';
  readonly attachmentId?: string;
  readonly requesterManaged: boolean;
  readonly sourceDestCheck: boolean;
  readonly tags: readonly Tag[];
  readonly createdAt: number;
}

/** An internet gateway, attached to at most one VPC. */
export interface InternetGateway extends Scoped {
  readonly id: string;
  readonly vpcId?: string;
  readonly tags: readonly Tag[];
}

/** A route other than the local one. */
export interface Route {
  readonly destinationCidr: string;
  readonly target:
    | { readonly kind: 'internet-gateway'; readonly id: string }
    | { readonly kind: 'nat-gateway'; readonly id: string }
    | { readonly kind: 'network-interface'; readonly id: string };
  readonly origin: 'CreateRoute';
}

/** A route table with its associations; the local route is implied. */
export interface RouteTable extends Scoped {
  readonly id: string;
  readonly vpcId: string;
  readonly routes: readonly Route[];
  readonly associations: readonly {
    readonly id: string;
    readonly main: boolean;
    readonly subnetId?: string;
  }[];
  readonly tags: readonly Tag[];
}

/** An Elastic IP address. */
export interface Address extends Scoped {
  readonly allocationId: string;
  readonly publicIp: string;
  readonly associationId?: string;
  readonly networkInterfaceId?: string;
  readonly tags: readonly Tag[];
}

/**
 * A public NAT gateway; its interface is a row of `ec2.network-interfaces`. The API makes it `pending` or `deleting`, its
 * loop the other states, with `publicIp` and the failure; ended ones stay for an hour ("NAT gateways", VPC User Guide).
 */
export interface NatGateway extends Scoped {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly state: 'pending' | 'failed' | 'available' | 'deleting' | 'deleted';
  readonly failure?: { readonly code: string; readonly message: string };
  readonly networkInterfaceId: string;
  readonly allocationId: string;
  readonly privateIp: string;
  readonly publicIp?: string;
  /** Of its address; kept after the end, when the address itself no longer has it. */
  readonly associationId?: string;
  readonly createdAt: number;
  /** When it became `failed` or `deleted`. */
  readonly endedAt?: number;
  readonly tags: readonly Tag[];
}
