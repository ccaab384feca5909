import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { MachineAttribute, MachineRegistration, MachineResources } from '../model/fleet/machine.ts';
import type { Instance } from '../model/ec2/instance.ts';
import type { Task } from '../model/ecs/task.ts';
import type { Scoped } from '../model/tags.ts';
import type { Reader, Store } from '../store/store.ts';
import type { IamRoleCredentials } from '../wire/acs.ts';
import type { BalancerSpec } from '../wire/balancer-spec.ts';
import type { AgentMessage } from '../wire/messages.ts';
import type { PublishMetricsRequest } from '../wire/tcs.ts';
import type { InstanceCredentials, SignDocument } from './instance-metadata.ts';
import type { ResolvedImage } from './translate-task.ts';

/** Log events of a container as they arrive from a machine. */
export type LogBatch = Extract<AgentMessage, { type: 'StowageLogEvents' }>['message'];

/** How far a container's log is stored, and why nothing was when nothing could be. */
export interface LogReceipt {
  readonly sequence: number;
  readonly error?: string;
}

/** What the tunnels between machines have in common. */
export interface TunnelSettings {
  /** Their UDP port, this installation's own. */
  readonly port: number;
  /** Where the addresses come from by which tasks see machines: the installation's public ones. */
  readonly publicPool: string;
}

/** What the fleet is made from. */
export interface FleetDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Where machines are at home: the scope of their own ARNs. */
  readonly scope: Scoped;
  readonly tunnels: TunnelSettings;
  /** Where and how a machine's engine pulls an image from; `registryHost` is where it finds our registry, if not where we do. */
  readonly resolveImage: (image: string, scope: Scoped, registryHost?: string) => ResolvedImage;
  /** The state of a load balancer as machines are told it; `undefined` when there is nothing to serve. */
  readonly translateBalancer: (store: Reader, loadBalancerArn: string) => BalancerSpec | undefined;
  /** Session credentials of a role that a task acts in; `undefined` when there are none to give. */
  readonly credentialsOf?: (
    task: Task,
    role: { readonly kind: 'TaskApplication' | 'TaskExecution'; readonly arn: string },
  ) => IamRoleCredentials | undefined;
  /** The session that an instance acts in, in its profile's role; `undefined` when there is no such role. */
  readonly instanceCredentialsOf?: (instance: Instance) => InstanceCredentials | undefined;
  /** Vouches for the identity documents of instances. */
  readonly signDocument?: SignDocument;
  /** Takes what a machine measured of its tasks; nothing is kept of it unless given. */
  readonly takeMetrics?: (machineId: string, report: PublishMetricsRequest) => void;
  /** Stores log events; what it answers is acknowledged to the machine (see `StowageLogAck`). */
  readonly storeLogs: (batch: LogBatch) => LogReceipt | Promise<LogReceipt>;
}

/** How a machine introduces itself. */
export interface MachineHello {
  /** Chosen once by the machine and kept. */
  readonly id: string;
  readonly attributes: readonly MachineAttribute[];
  readonly resources: MachineResources;
  /** `host:port` at which its engine finds our registry, where that is not the control plane's own address. */
  readonly registryHost?: string;
  /** The IPv4 address at which other machines find it. */
  readonly underlay?: string;
  /** By which its tasks see it; one of the public range is chosen unless given. */
  readonly hostAddress?: string;
  /** Of a container instance. */
  readonly registration?: MachineRegistration;
}
