/** What a machine advertises about itself ("Amazon ECS container instance attributes"): name-only or with a value. */
export interface MachineAttribute {
  readonly name: string;
  readonly value?: string;
}

/** The attribute of machines on which EC2 instances can stand. */
export const instanceHost = 'stowage.instances';

/** The attribute of machines that carry the load balancers: they all stand on the control plane's own. */
export const balancerHost = 'stowage.balancers';

/** The attribute of machines on which tasks of Fargate run. */
export const fargateHost = 'stowage.fargate';

/** What a machine has to give. */
export interface MachineResources {
  /** CPU units: 1024 for each core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  /** The most open files that it can allow a process, where its own limits bound that (setrlimit(2)). */
  readonly openFiles?: number;
}

/** What the programs of a machine are compiled for; machines that do not say are of the common kind. */
export function architectureOfMachine({ attributes }: Pick<Machine, 'attributes'>): string {
  return attributes.find(({ name }) => name === 'ecs.cpu-architecture')?.value ?? 'x86_64';
}

/** The registration of a machine that runs the tasks of one cluster. */
export interface MachineRegistration {
  readonly clusterArn: string;
  readonly containerInstanceArn: string;
}

/** What a machine found out about itself, one line a check; times are epoch milliseconds. */
export interface MachineStatus {
  /** `ContainerRuntime`: whether the container engine answers. */
  readonly type: string;
  readonly status: 'OK' | 'IMPAIRED' | 'INSUFFICIENT_DATA' | 'INITIALIZING';
  readonly statusReason?: string;
  readonly lastUpdated: number;
  readonly lastStatusChange: number;
}

/**
 * A machine that runs containers, as the fleet knows it; written by the fleet alone. A machine with an attribute whose name
 * begins with `stowage.` understands `Stowage…` messages: `stowage.vpc` those of VPCs and balancers, every one those of tunnels.
 */
export interface Machine {
  /** Chosen by the machine, kept over its restarts. */
  readonly id: string;
  /** By which its messages name it; internal for a machine that is no container instance. */
  readonly containerInstanceArn: string;
  readonly clusterArn: string;
  /** Whether it is a container instance of a cluster: such a machine runs what is placed on it, and nothing of Fargate's. */
  readonly isInstance: boolean;
  readonly attributes: readonly MachineAttribute[];
  readonly resources: MachineResources;
  /** `host:port` at which its engine finds our registry, where that is not the control plane's own address. */
  readonly registryHost?: string;
  /** The IPv4 address at which the other machines find it. Absent where nobody can join. */
  readonly underlay?: string;
  /** The address of the public range by which tasks see the machine itself; there is one with every `underlay`. */
  readonly hostAddress?: string;
  /** Whether a session with it is open. Every machine is disconnected when the control plane starts. */
  readonly connected: boolean;
  readonly connectedAt: number;
  readonly disconnectedAt?: number;
  /** What it last said of itself, in this connection or one before. */
  readonly statuses?: readonly MachineStatus[];
  /**
   * No `seqNum` or `timeline` above this was ever sent to it. The fleet reserves numbers in blocks, so that they rise
   * across restarts without a commit for each message.
   */
  readonly lastSequence: number;
}

/** What a machine last said about a VPC, load balancer or instance it was told of: it is so, or could not be made so. */
export interface Applied {
  readonly kind: 'vpc' | 'balancer' | 'instance';
  /** The VPC's or instance's id, or the load balancer's ARN. */
  readonly id: string;
  readonly machineId: string;
  readonly at: number;
  readonly error?: string;
  /** Of a load balancer: how its rules with several target groups share what they forward, as it serves them. */
  readonly shares?: readonly {
    readonly ruleArn: string;
    readonly targetGroups: readonly { readonly targetGroupArn: string; readonly weight: number }[];
  }[];
  /** Of an instance: what it is, and which boot of it. */
  readonly state?: 'running' | 'stopped' | 'terminated' | 'failed';
  readonly boot?: number;
}
