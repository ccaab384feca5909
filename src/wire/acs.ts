/**
 * The messages of Amazon's agent protocol between the control plane and the agent of a machine (ACS), with the member
 * names of the open-source amazon-ecs-agent (`ecs-agent/acs/model`), so that a genuine agent may stand at the other end.
 */

/** Session credentials of a task role or execution role. */
export interface IamRoleCredentials {
  readonly credentialsId: string;
  readonly roleArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** RFC 3339. */
  readonly expiration: string;
}

/** A value that the agent fetches with the credentials of the execution role. */
export interface PayloadSecret {
  /** The variable's name, or the log driver's option. */
  readonly name: string;
  /** A parameter's name, or a secret's ARN as ECS spells it. */
  readonly valueFrom: string;
  /** Where it is. */
  readonly region: string;
  /** Parameter Store or Secrets Manager. */
  readonly provider: 'ssm' | 'asm';
  readonly type: 'ENVIRONMENT_VARIABLE';
  readonly target: 'CONTAINER' | 'LOG_DRIVER';
}

/** How an image's registry knows who pulls: as ECR does, or by a name and password in Secrets Manager. */
export type RegistryAuthentication =
  | {
      readonly type: 'ecr';
      readonly ecrAuthData: {
        readonly registryId: string;
        readonly region: string;
        readonly endpointOverride?: string;
        readonly useExecutionRole: boolean;
      };
    }
  | {
      readonly type: 'asm';
      readonly asmAuthData: { readonly credentialsParameter: string; readonly region: string };
    };

/** A container of a payload's task. `dockerConfig` holds JSON strings over Docker's own create structures. */
export interface PayloadContainer {
  readonly name: string;
  readonly containerArn: string;
  readonly image: string;
  readonly essential: boolean;
  /** CPU units. */
  readonly cpu: number;
  /** MiB; 0 when only the task has a limit. */
  readonly memory: number;
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** A JSON string; may hold `command` and nothing else. */
  readonly overrides: string;
  readonly portMappings: readonly {
    /** 0 where there is a range instead. */
    readonly containerPort: number;
    /** 0 for one that the agent chooses. */
    readonly hostPort: number;
    readonly protocol: 'tcp' | 'udp';
    /** `8080-8085`. */
    readonly containerPortRange?: string;
  }[];
  readonly mountPoints: readonly {
    readonly sourceVolume: string;
    readonly containerPath: string;
    readonly readOnly: boolean;
  }[];
  readonly volumesFrom: readonly { readonly sourceContainer: string; readonly readOnly: boolean }[];
  readonly links: readonly string[];
  readonly dependsOn: readonly {
    readonly containerName: string;
    readonly condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY';
  }[];
  /** Seconds. */
  readonly startTimeout?: number;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopTimeout?: number;
  /** `restartAttemptPeriod` is in seconds. */
  readonly restartPolicy?: {
    readonly enabled: boolean;
    readonly ignoredExitCodes: readonly number[];
    readonly restartAttemptPeriod: number;
  };
  readonly healthCheckType?: 'docker';
  readonly registryAuthentication?: RegistryAuthentication;
  readonly secrets?: readonly PayloadSecret[];
  /** Objects of S3, by ARN, that hold further variables. */
  readonly environmentFiles?: readonly { readonly value: string; readonly type: 's3' }[];
  readonly logsAuthStrategy?: 'ExecutionRole';
  /** Set on the container that routes the output of those whose log driver is `awsfirelens`. */
  readonly firelensConfiguration?: {
    readonly type: 'fluentd' | 'fluentbit';
    readonly options: Readonly<Record<string, string>>;
  };
  /** `ExecuteCommandAgent` where commands may be executed in it. */
  readonly managedAgents?: readonly { readonly name: string; readonly properties: Readonly<Record<string, string>> }[];
  readonly dockerConfig: { readonly version: string; readonly config: string; readonly hostConfig: string };
}

/** What a task sees of its interface in its own hostname, hosts file and resolver. */
export interface InterfaceNames {
  readonly ipv4Addresses: readonly { readonly privateAddress: string; readonly primary: boolean }[];
  readonly domainName: readonly string[];
  readonly domainNameServers: readonly string[];
  readonly privateDnsName: string;
}

/** An elastic network interface of an awsvpc task. */
export interface PayloadNetworkInterface extends InterfaceNames {
  readonly name: string;
  readonly ec2Id: string;
  readonly macAddress: string;
  readonly attachmentArn: string;
  readonly index: number;
  readonly interfaceAssociationProtocol: 'default';
  /** With the subnet's prefix length: `172.31.0.1/20`. */
  readonly subnetGatewayIpv4Address: string;
}

/** A task as the agent is told it. Stopping one is the same task with `desiredStatus` STOPPED in a later payload. */
export interface PayloadTask {
  readonly arn: string;
  readonly taskClusterArn: string;
  readonly family: string;
  readonly version: string;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly networkMode: 'awsvpc' | 'bridge' | 'host' | 'none';
  /** The namespaces that its containers share: the task's, or the machine's. */
  readonly pidMode?: 'task' | 'host';
  readonly ipcMode?: 'task' | 'host' | 'none';
  readonly launchType: 'FARGATE' | 'EC2' | 'EXTERNAL';
  readonly serviceName: string;
  readonly group: string;
  readonly overrides: string;
  /** Whether programs in the task may injure its network through the agent's fault endpoints. */
  readonly enableFaultInjection?: boolean;
  /** Task-level vCPUs (0.25) and MiB. */
  readonly cpu?: number;
  readonly memory?: number;
  /** The size of the task's own storage; on Fargate only, so that no other agent is told it. */
  readonly ephemeralStorageGiB?: number;
  readonly roleCredentials?: IamRoleCredentials;
  readonly executionRoleCredentials?: IamRoleCredentials;
  readonly volumes: readonly {
    readonly name: string;
    readonly type: 'host' | 'docker';
    readonly host?: { readonly sourcePath: string };
    readonly dockerVolumeConfiguration?: {
      readonly scope: 'task' | 'shared';
      readonly autoprovision: boolean;
      readonly driver: string;
      readonly driverOpts: Readonly<Record<string, string>>;
      readonly labels: Readonly<Record<string, string>>;
    };
  }[];
  readonly elasticNetworkInterfaces: readonly PayloadNetworkInterface[];
  readonly containers: readonly PayloadContainer[];
}

interface Addressed {
  readonly messageId: string;
  readonly clusterArn: string;
  readonly containerInstanceArn: string;
}

/** Tasks to run or stop. `seqNum` rises for each machine, across restarts of the control plane. */
export interface PayloadMessage extends Addressed {
  readonly generatedAt: number;
  readonly seqNum: number;
  readonly tasks: readonly PayloadTask[];
}

/** Every task the machine should know of; it asks back about those it runs and does not find here. */
export interface TaskManifestMessage extends Addressed {
  readonly generatedAt: number;
  /** Above every `seqNum` and `timeline` sent before. */
  readonly timeline: number;
  readonly tasks: readonly {
    readonly taskArn: string;
    readonly taskClusterArn: string;
    readonly desiredStatus: 'RUNNING' | 'STOPPED';
  }[];
}

export interface StopCandidate {
  readonly taskArn: string;
  readonly taskClusterArn: string;
  readonly desiredStatus: 'STOPPED';
}

export interface AckRequest {
  readonly cluster: string;
  readonly containerInstance: string;
  readonly messageId: string;
}

/** A message that the agent read and does not act on. */
export interface NackRequest extends AckRequest {
  readonly reason: string;
}

/** The role that credentials are of: the one that a task's containers act in, or the one that the agent acts in for it. */
export type RoleType = 'TaskApplication' | 'TaskExecution';

/** Credentials that take the place of those a task has, under the same id. */
export interface IamRoleCredentialsMessage {
  readonly messageId: string;
  readonly taskArn: string;
  readonly taskClusterArn: string;
  readonly roleType: RoleType;
  readonly roleCredentials: IamRoleCredentials;
}

/** What an agent says to each set of credentials. */
export interface IamRoleCredentialsAckRequest {
  readonly messageId: string;
  readonly expiration: string;
  readonly credentialsId: string;
}
