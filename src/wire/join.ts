import type { MachineAttribute, MachineResources } from '../model/fleet/machine.ts';

// What machines that join and the control plane say to each other beside the session itself: JSON under `machinePaths`.
// All but the first request of a machine is signed with its key (Signature Version 4, service `ecs`).

/** Where the control plane answers machines, and the command line. */
export const machinePaths = '/_stowage/machines/';

/** The service name in the scope of machines' signatures. */
export const machineSigningName = 'ecs';

/** `POST join`, unsigned: a token is exchanged for a key of the machine's own. */
export interface JoinRequest {
  readonly token: string;
  readonly name: string;
  readonly resources: MachineResources;
  /** As Node names it (`process.arch`). */
  readonly arch: string;
  /** The cluster that it becomes a container instance of; none for a machine that runs Fargate tasks alone. */
  readonly cluster?: string;
  /** Custom attributes of the container instance. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly zone?: string;
  /** MiB that the container instance does not register. */
  readonly reservedMemory: number;
}

/** The key with which a machine signs. */
export interface KeyOfMachine {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What it answers. */
export interface JoinAnswer {
  readonly machineId: string;
  /** The control plane's own region, of the scope of signatures. */
  readonly region: string;
  readonly key: KeyOfMachine;
  /** The installation's range of public addresses, a CIDR: the same on all its machines. */
  readonly publicPool: string;
  /** The EC2 instance that stands for it in its cluster. */
  readonly instanceId?: string;
}

/** What `POST registry` answers to an account and region: a password for their registry. */
export interface RegistryAnswer {
  readonly username: string;
  readonly password: string;
}

/** `POST leave`: asked again until it is done. */
export interface LeaveAnswer {
  readonly left: boolean;
  /** Tasks that still run there. */
  readonly tasks: number;
}

/** The first words over a new session (`GET session`, upgraded to a WebSocket): who speaks. */
export type Introduction =
  | {
      readonly type: 'StowageHello';
      readonly message: {
        readonly attributes: readonly MachineAttribute[];
        readonly resources: MachineResources;
        /** The address at which the other machines reach this one. */
        readonly underlay: string;
        /** `host:port` at which the machine's engine finds the control plane's registry. */
        readonly registryHost: string;
      };
    }
  /** The agent of an EC2 instance that stands on the machine. */
  | {
      readonly type: 'StowageInstanceHello';
      readonly message: {
        readonly instanceId: string;
        readonly attributes: readonly MachineAttribute[];
        readonly dockerVersion: string;
        readonly registryHost: string;
      };
    };

/** WebSocket close codes of sessions (RFC 6455, section 7.4.2: 4000 to 4999 are ours). */
export const sessionEnds = {
  /** The instance is no longer registered: its agent is to stay away, as ECS's `InactiveInstanceException` says. */
  inactive: 4001,
  /** The first words made no sense. */
  misunderstood: 4002,
} as const;
