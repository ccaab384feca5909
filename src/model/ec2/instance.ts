import type { Scoped, Tag } from '../tags.ts';

/** EC2's states and their codes ("InstanceState", EC2 API Reference). */
export const instanceStateCodes = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;
export type InstanceStateName = keyof typeof instanceStateCodes;

/** Why an instance left a state, as EC2 tells it (`StateReason` and the text of `StateTransitionReason`). */
export interface StateReason {
  readonly code: string;
  readonly message: string;
}

/** How the instance metadata service answers ("InstanceMetadataOptionsResponse", EC2 API Reference). */
export interface MetadataOptions {
  readonly httpTokens: 'optional' | 'required';
  readonly httpEndpoint: 'enabled' | 'disabled';
  readonly httpPutResponseHopLimit: number;
  readonly instanceMetadataTags: 'enabled' | 'disabled';
}

/**
 * An EC2 instance. The API and Auto Scaling groups write the specification and ask for a change by `pending`, `stopping`, `shutting-down` or a
 * further `boot`; the instance loop writes the states that its machine has reached, `hostId` and the end.
 */
export interface Instance extends Scoped {
  readonly id: string;
  readonly reservationId: string;
  /** Its place among the instances of its reservation. */
  readonly launchIndex: number;
  readonly imageId: string;
  readonly instanceType: string;
  /** What it has where its type does not say: of an instance that is the whole of a machine. */
  readonly size?: { readonly vcpus: number; readonly memoryMiB: number };
  readonly keyName?: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  readonly privateIp: string;
  /** Its primary interface, a row of `ec2.network-interfaces`, which also has the security groups and the public address. */
  readonly networkInterfaceId: string;
  /** Whether it is given a public address at each start. */
  readonly autoPublicIp: boolean;
  /** As given: base64. */
  readonly userData?: string;
  readonly instanceProfile?: { readonly arn: string; readonly id: string; readonly associationId: string };
  readonly metadataOptions: MetadataOptions;
  /** What its metadata service authenticates sessions with; nobody is shown it. */
  readonly metadataKey: string;
  readonly monitoring: boolean;
  readonly ebsOptimized: boolean;
  readonly shutdownBehaviour: 'stop' | 'terminate';
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly state: InstanceStateName;
  readonly stateReason?: StateReason;
  /** `User initiated (2024-01-02 03:04:05 GMT)`. */
  readonly transitionReason?: string;
  /** The machine that it stands on, a key of `fleet.machines`; kept while it is stopped. */
  readonly hostId?: string;
  /** Counts its boots: a reboot asks for one more. */
  readonly boot: number;
  readonly launchedAt: number;
  /** When it became stopped or terminated. */
  readonly endedAt?: number;
  readonly launchTemplate?: { readonly id: string; readonly name: string; readonly version: number };
  readonly tags: readonly Tag[];
}
