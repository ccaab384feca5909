import type { Scoped, Tag } from '../tags.ts';

/** An attribute of a container instance: `ecs.…` and `com.amazonaws.ecs.…` are built in, all others custom. */
export interface InstanceAttribute {
  readonly name: string;
  readonly value?: string;
}

/** A port of an instance, of either protocol. */
export interface HostPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

/** What an instance has, or what is left of it, or what a task takes of it. */
export interface InstanceResources {
  /** CPU units: 1024 for each core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  /** The ports that cannot be had: reserved ones, and those in use. */
  readonly ports: readonly HostPort[];
}

/** Why an instance is no longer registered. */
export type Deregistration = 'user' | 'terminated';

/**
 * An instance registered to a cluster. RegisterContainerInstance writes what the agent says of it, the attribute, tag and
 * state operations the rest; an INACTIVE one stays for as long as it can be described, and never comes back.
 */
export interface ContainerInstance extends Scoped {
  readonly arn: string;
  /** The last part of the ARN: 32 hexadecimal digits. */
  readonly id: string;
  readonly clusterArn: string;
  /** Of an EC2 instance, or of a node that Systems Manager manages (`mi-…`); absent for all other machines. */
  readonly ec2InstanceId?: string;
  /** The key of its machine in `fleet.machines`, which has the agent's connection. */
  readonly machineId: string;
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  readonly statusReason?: string;
  readonly deregistration?: Deregistration;
  /** In which zone its tasks stand; absent off AWS's own machines. */
  readonly availabilityZone?: string;
  /** How many tasks with a network interface of their own fit (the instance type's interfaces but one). */
  readonly taskInterfaces: number;
  /** As registered; `ports` are the reserved ones. */
  readonly resources: InstanceResources;
  readonly attributes: readonly InstanceAttribute[];
  readonly versionInfo: {
    readonly agentVersion?: string;
    readonly agentHash?: string;
    readonly dockerVersion?: string;
  };
  readonly tags: readonly Tag[];
  readonly registeredAt: number;
  /** Of its registration: one that is repeated with it, since no answer was heard, is the same. */
  readonly clientToken?: string;
  /** Counts up with every change. */
  readonly version: number;
}

/** Whether an attribute is ECS's own, or ours: those cannot be set or taken away by users ("Container instance attributes"). */
export function isBuiltIn(name: string): boolean {
  return ['ecs.', 'com.amazonaws.ecs.', 'stowage.'].some((prefix) => name.startsWith(prefix));
}

/** The attribute of an instance that is no EC2 instance: it takes tasks of the EXTERNAL launch type, and no others. */
const externalCapability = 'ecs.capability.external';

/** Whether tasks of the EXTERNAL launch type, and only they, run on an instance ("External instances", ECS Developer Guide). */
export function isExternal({ attributes }: Pick<ContainerInstance, 'attributes'>): boolean {
  return attributesOf(attributes).has(externalCapability);
}

const namedAttributes = new WeakMap<readonly InstanceAttribute[], ReadonlyMap<string, string>>();

/** Attributes by name, with an empty text for those that have no value. Found out once for each list: placing asks every instance. */
export function attributesOf(attributes: readonly InstanceAttribute[]): ReadonlyMap<string, string> {
  let byName = namedAttributes.get(attributes);
  if (byName === undefined) {
    byName = new Map(attributes.map(({ name, value }) => [name, value ?? '']));
    namedAttributes.set(attributes, byName);
  }
  return byName;
}
