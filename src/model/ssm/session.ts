import type { Scoped } from '../tags.ts';

/** What a session is for. */
export type SessionPurpose =
  /** A program in a terminal, in a container. */
  | { readonly kind: 'command'; readonly command: readonly string[] }
  /** Connections to a port as the task's programs reach it. */
  | {
      readonly kind: 'port';
      readonly host: string;
      readonly port: number;
      /** The port that the client asked to listen on, as text; the client's own matter. */
      readonly localPort?: string;
    };

/** Where the output of a session's terminal is kept. */
export interface SessionLogging {
  readonly cloudWatch?: {
    readonly region: string;
    readonly logGroup: string;
    /** Without a key of the log group the session is refused. */
    readonly encrypted: boolean;
  };
  readonly s3?: {
    readonly bucket: string;
    /** Without slashes at its ends; may be empty. */
    readonly prefix: string;
    /** Without an encryption of the bucket's the session is refused. */
    readonly encrypted: boolean;
  };
}

/**
 * A session of Session Manager with a container of a task. ECS and SSM create it and may set `terminateAt` and a new
 * `tokenDigest`; the gateway, which carries its data channel, writes the rest.
 */
export interface Session extends Scoped {
  /** `ecs-execute-command-` or the caller's name and `-`, then 17 hexadecimal digits. */
  readonly id: string;
  /** `ecs:<cluster>_<task id>_<runtime id>`. */
  readonly target: string;
  readonly documentName: string;
  /** The ARN of whoever began it. */
  readonly owner: string;
  readonly reason?: string;
  readonly taskArn: string;
  readonly container: string;
  readonly machineId: string;
  readonly purpose: SessionPurpose;
  readonly logging: SessionLogging;
  /** The key of KMS that encrypts what goes through the data channel, as it was named; nothing does without one. */
  readonly kmsKeyId?: string;
  readonly createdAt: number;
  /** The SHA-256 of the token that opens the data channel, once; another is made when the session is resumed. */
  readonly tokenDigest: string;
  /** When somebody asked for its end. */
  readonly terminateAt?: number;

  readonly status: 'Connecting' | 'Connected' | 'Terminated';
  /** The digest of the token that was used last. */
  readonly usedTokenDigest?: string;
  readonly endedAt?: number;
}

/** The last part of an ARN by which sessions are named after whoever began them: `root`, a user's, a role session's. */
export function callerName(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1);
}

/** The target that Session Manager knows a container by. */
export function sessionTarget(cluster: string, taskId: string, runtimeId: string): string {
  return `ecs:${cluster}_${taskId}_${runtimeId}`;
}
