/**
 * The whole desired state of one VPC on one machine: what the fleet tells the agent and the network driver realises.
 * It names everything by its EC2 id.
 */
export interface VpcSpec {
  readonly vpcId: string;
  readonly cidr: string;
  readonly subnets: readonly {
    readonly subnetId: string;
    readonly cidr: string;
    /** The first host address of the subnet; lives on the router. */
    readonly gateway: string;
    readonly routeTableId: string;
    /** Told to tasks in their metadata. */
    readonly availabilityZone?: string;
  }[];
  readonly routeTables: readonly {
    readonly routeTableId: string;
    readonly routes: readonly {
      readonly destinationCidr: string;
      readonly target:
        | { readonly kind: 'internet-gateway' }
        | { readonly kind: 'nat-gateway'; readonly id: string }
        | { readonly kind: 'network-interface'; readonly id: string }
        /** The target is gone or detached: what is sent there is dropped, and takes no other route. */
        | { readonly kind: 'blackhole' };
    }[];
  }[];
  /** Whether an internet gateway is attached: without one nothing enters or leaves. */
  readonly internetGateway: boolean;
  readonly natGateways: readonly { readonly id: string; readonly privateIp: string; readonly publicIp: string }[];
  readonly securityGroups: readonly SecurityGroupSpec[];
  readonly interfaces: readonly InterfaceSpec[];
  /** Names that the VPC's resolver answers itself, lower case without the final dot, to IPv4 addresses. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  /** How to reach the parts of it that are on other machines; absent while all of it is on this one. */
  readonly overlay?: OverlaySpec;
}

/** What joins the parts of a VPC that is on several machines: tunnels between them (RFC 7348, VXLAN). */
export interface OverlaySpec {
  /** The VPC's network identifier, the same on every machine: 1 to 2²⁴ − 2. */
  readonly vni: number;
  /** The UDP port of all tunnels of the installation. */
  readonly port: number;
  readonly here: OverlayMachine;
  /** All other machines of the installation: nobody else is listened to. */
  readonly machines: readonly OverlayMachine[];
  /**
   * The underlay address of the machine where load balancers and NAT gateways are, and which knows the way to every public
   * address; absent on that machine itself.
   */
  readonly gateway?: string;
}

export interface OverlayMachine {
  /** The address at which the other machines reach it, and by which they know it. */
  readonly underlay: string;
  /** One of the public range: by it tasks see the machine itself. */
  readonly hostAddress: string;
}

export interface SecurityGroupSpec {
  readonly groupId: string;
  readonly ingress: readonly SecurityRuleSpec[];
  readonly egress: readonly SecurityRuleSpec[];
}

export interface SecurityRuleSpec {
  /** `tcp`, `udp`, `icmp`, `-1`, or a protocol number. */
  readonly protocol: string;
  /** Ports, or ICMP type and code; -1 for any. */
  readonly fromPort: number;
  readonly toPort: number;
  readonly peer: { readonly cidr: string } | { readonly groupId: string };
}

/** An address of the VPC. A `task` hangs on a veth of its own; `router` ones (balancers, NAT gateways) sit on the router. */
export interface InterfaceSpec {
  readonly interfaceId: string;
  readonly kind: 'task' | 'router';
  readonly subnetId: string;
  readonly privateIp: string;
  readonly macAddress: string;
  /** The groups that protect it: what none of them allows is dropped. A `router` one without any is not protected. */
  readonly groups: readonly string[];
  readonly publicIp?: string;
  /**
   * Whether only packets from and to its own address pass (the default). Without the check a `task` interface may be the
   * target of a route ("NAT instances", Amazon VPC User Guide).
   */
  readonly sourceDestCheck?: boolean;
  /** Whether it reaches the instance metadata service: an instance's, and those of tasks on instances unless that is blocked. */
  readonly instanceMetadata?: true;
  /** What arrives at a balancer's address and passes on to its targets under the client's own address. */
  readonly flows?: readonly { readonly protocol: 'tcp' | 'udp'; readonly port: number }[];
  /** The underlay address of the machine that has it; absent when it is this one. */
  readonly machine?: string;
}
