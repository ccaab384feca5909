import type {
  AckRequest,
  NackRequest,
  IamRoleCredentialsAckRequest,
  IamRoleCredentialsMessage,
  InterfaceNames,
  PayloadMessage,
  StopCandidate,
  TaskManifestMessage,
} from './acs.ts';
import type { BalancerSpec, RuleShares } from './balancer-spec.ts';
import type { InstanceReport, InstanceSpec } from './instance-spec.ts';
import type { VpcChange } from './network-change.ts';
import type { VpcSpec } from './network-spec.ts';
import type { TaskStateChange } from './submit.ts';
import type { PublishHealthRequest, PublishInstanceStatusRequest, PublishMetricsRequest } from './tcs.ts';
import type { TunnelReport, TunnelRequest } from './tunnel.ts';

/**
 * What the control plane sends a machine: Amazon's message types, and extras whose names begin with `Stowage`, which are
 * sent only to machines that advertise a `stowage.*` attribute (a genuine agent ignores unknown types).
 */
export type ServerMessage =
  | TunnelRequest
  | { readonly type: 'HeartbeatMessage'; readonly message: { readonly messageId: string; readonly healthy: boolean } }
  /** The control plane is about to end the connection, and why. */
  | { readonly type: 'CloseMessage'; readonly message: { readonly message: string } }
  /** What came cannot be read; the connection ends. */
  | { readonly type: 'ErrorMessage'; readonly message: { readonly message: string } }
  | { readonly type: 'PayloadMessage'; readonly message: PayloadMessage }
  | { readonly type: 'TaskManifestMessage'; readonly message: TaskManifestMessage }
  | { readonly type: 'IAMRoleCredentialsMessage'; readonly message: IamRoleCredentialsMessage }
  | {
      readonly type: 'TaskStopVerificationAck';
      readonly message: {
        readonly messageId: string;
        readonly generatedAt: number;
        readonly stopTasks: readonly StopCandidate[];
      };
    }
  /** The whole state of one VPC, and what will come to stand in it; replaces what was said of it before. */
  | {
      readonly type: 'StowageVpcMessage';
      readonly message: {
        readonly messageId: string;
        readonly vpc: VpcSpec;
        readonly upcoming: readonly UpcomingInterfaces[];
      };
    }
  /** What changed of a VPC since the last that was said of it over this connection. */
  | {
      readonly type: 'StowageVpcChange';
      readonly message: {
        readonly messageId: string;
        readonly change: VpcChange;
        readonly upcoming: readonly UpcomingChange[];
      };
    }
  /** The whole state of one load balancer; replaces what was said of it before. */
  | {
      readonly type: 'StowageBalancerMessage';
      readonly message: { readonly messageId: string; readonly balancer: BalancerSpec };
    }
  /** The whole state of one instance; replaces what was said of it before. */
  | {
      readonly type: 'StowageInstanceMessage';
      readonly message: { readonly messageId: string; readonly instance: InstanceSpec };
    }
  /** Every VPC, load balancer and instance the machine should have; it removes all others. */
  | {
      readonly type: 'StowageManifestMessage';
      readonly message: {
        readonly messageId: string;
        readonly vpcIds: readonly string[];
        readonly loadBalancerArns: readonly string[];
        readonly instanceIds: readonly string[];
      };
    }
  /**
   * Up to where the log events of a container are stored, so that the agent need not send them again: the highest
   * `sequence` ever taken, 0 when there was none. Answers every `StowageLogEvents`. `error` (with nothing stored) says
   * that the group or stream cannot be written, in the API's words: `ResourceNotFoundException: The specified log group
   * does not exist.`; a container that has not started yet fails with it.
   */
  | {
      readonly type: 'StowageLogAck';
      readonly message: { readonly runtimeId: string; readonly sequence: number; readonly error?: string };
    };

/** How interfaces that do not exist yet will look to the tasks that get them. */
export interface UpcomingInterfaces {
  readonly subnetId: string;
  /** In the order in which they are given out, unless somebody chooses an address: then that guess was wrong. */
  readonly interfaces: readonly InterfaceNames[];
}

/** What changed of a subnet's list: so many at its beginning are gone, and these come at its end. */
export interface UpcomingChange {
  readonly subnetId: string;
  readonly gone: number;
  readonly more: readonly InterfaceNames[];
}

/** A log event on its way to CloudWatch Logs. */
export interface LogEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** What a machine sends the control plane. */
export type AgentMessage =
  | TunnelReport
  | { readonly type: 'HeartbeatAckRequest'; readonly message: { readonly messageId: string } }
  | { readonly type: 'AckRequest'; readonly message: AckRequest }
  | { readonly type: 'NackRequest'; readonly message: NackRequest }
  | { readonly type: 'IAMRoleCredentialsAckRequest'; readonly message: IamRoleCredentialsAckRequest }
  | {
      readonly type: 'TaskStopVerificationMessage';
      readonly message: { readonly messageId: string; readonly stopCandidates: readonly StopCandidate[] };
    }
  | { readonly type: 'SubmitTaskStateChange'; readonly message: TaskStateChange }
  | { readonly type: 'PublishHealthRequest'; readonly message: PublishHealthRequest }
  | { readonly type: 'PublishMetricsRequest'; readonly message: PublishMetricsRequest }
  | { readonly type: 'PublishInstanceStatusRequest'; readonly message: PublishInstanceStatusRequest }
  /** What the checker found out about a target, sent on every change; `draining` once no new request goes to it. */
  | {
      readonly type: 'StowageTargetHealth';
      readonly message: {
        readonly targetGroupArn: string;
        readonly id: string;
        readonly port: number;
        readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining';
        readonly reason?: string;
        readonly description?: string;
      };
    }
  /** A VPC or load balancer is as it was last told, or could not be made so. */
  | {
      readonly type: 'StowageApplied';
      readonly message: {
        readonly kind: 'vpc' | 'balancer';
        readonly id: string;
        readonly error?: string;
        /** Of a load balancer that is as it was told: how its rules share what they forward. */
        readonly shares?: readonly RuleShares[];
      };
    }
  /** An instance is as it was last told, or could not be made so. */
  | { readonly type: 'StowageInstanceState'; readonly message: InstanceReport }
  /**
   * Log events of one container, in order. `sequence` is the position of the last of them in the container's output: it
   * rises with every message, and one that is not above the highest taken before is a repetition to be dropped whole. An
   * empty list opens the stream (and with `createGroup` the group) before the container starts, and asks after a restart
   * where to go on: it stores nothing and is acknowledged all the same. The agent has one message of a container
   * unacknowledged at a time, and sends it again, unchanged, over a new connection.
   */
  | {
      readonly type: 'StowageLogEvents';
      readonly message: {
        readonly runtimeId: string;
        readonly sequence: number;
        readonly region: string;
        readonly account: string;
        readonly logGroup: string;
        readonly logStream: string;
        readonly createGroup: boolean;
        readonly events: readonly LogEvent[];
      };
    };

/**
 * One end of the connection between the control plane and a machine: in memory when both are one process, a websocket
 * otherwise. Messages arrive in order, each at most once while the connection lasts.
 */
export interface Channel<Out, In> {
  send(message: Out): void;
  onMessage(receive: (message: In) => void): void;
  onClose(closed: () => void): void;
  close(): void;
}
