/** What an agent reports with the `Submit*StateChange` calls, with the names of the ECS API's model. */
export interface ContainerStateChange {
  readonly containerName: string;
  readonly runtimeId?: string;
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode?: number;
  readonly reason?: string;
  readonly imageDigest?: string;
  readonly networkBindings?: readonly {
    readonly bindIP?: string;
    readonly containerPort?: number;
    readonly hostPort?: number;
    readonly protocol?: 'tcp' | 'udp';
    /** `8080-8085`. */
    readonly containerPortRange?: string;
    readonly hostPortRange?: string;
  }[];
}

/** A change of an agent that runs beside a container's programs: that of ECS Exec is the only one. */
export interface ManagedAgentStateChange {
  readonly managedAgentName: string;
  readonly containerName: string;
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly reason?: string;
}

/**
 * `SubmitTaskStateChange`: the agent knows only these three states. PENDING carries container changes of a task that has
 * not changed itself. Times are epoch milliseconds.
 */
export interface TaskStateChange {
  readonly cluster: string;
  readonly task: string;
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly reason: string;
  readonly containers: readonly ContainerStateChange[];
  readonly managedAgents?: readonly ManagedAgentStateChange[];
  readonly attachments?: readonly { readonly attachmentArn: string; readonly status: 'ATTACHED' | 'DETACHED' }[];
  readonly pullStartedAt?: number;
  readonly pullStoppedAt?: number;
  readonly executionStoppedAt?: number;
}
