import type { InstanceMetadataSpec } from './instance-metadata.ts';

/** An EC2 instance as the machine that it stands on is told it: what the agent there makes of a network namespace and a cgroup. */
export interface InstanceSpec {
  readonly instanceId: string;
  /** What it is to be; `terminated` ones are removed and then no longer spoken of. */
  readonly desired: 'running' | 'stopped' | 'terminated';
  /** Counts boots: one that runs under a lower number is to boot again. */
  readonly boot: number;
  /** Its interface, of kind `task` in its VPC. */
  readonly interfaceId: string;
  /** The interface's address: under it the VPC sees whatever on the instance has no interface of its own. */
  readonly privateIp: string;
  readonly hostName: string;
  readonly domainName: string;
  /** What all that runs on it may use together. */
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly metadata: InstanceMetadataSpec;
  /** The ECS agent, where its image runs one. */
  readonly agent?: InstanceAgentSpec;
}

/** How the ECS agent of an instance is configured (its user data's `/etc/ecs/ecs.config`). */
export interface InstanceAgentSpec {
  /** `ECS_CLUSTER`. */
  readonly cluster: string;
  /** `ECS_INSTANCE_ATTRIBUTES`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** `ECS_CONTAINER_INSTANCE_TAGS`. */
  readonly tags: Readonly<Record<string, string>>;
  /** MiB that it registers. */
  readonly memoryMiB: number;
  /** `ECS_IMAGE_PULL_BEHAVIOR`, as it is written there. */
  readonly imagePullBehavior?: string;
  /** `ECS_CONTAINER_STOP_TIMEOUT`, seconds: of containers that name none of their own. */
  readonly stopTimeoutSeconds?: number;
  /** Settings that it does not act on, as they are written there. */
  readonly ignored?: readonly string[];
}

/** What a machine says of an instance of its. */
export interface InstanceReport {
  readonly instanceId: string;
  readonly state: 'running' | 'stopped' | 'terminated' | 'failed';
  readonly boot: number;
  readonly error?: string;
}
