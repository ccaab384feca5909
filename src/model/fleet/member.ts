/** Lets one machine join, once. Only the hash of the token itself is known here. */
export interface JoinToken {
  /** The hexadecimal SHA-256 of the token. */
  readonly hash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The machine that joined by it. */
  readonly usedBy?: string;
}

/**
 * A machine that joined, from the exchange of its token until it leaves or is removed. Its connection is a row of
 * `fleet.machines` under the same id.
 */
export interface Member {
  readonly id: string;
  /** As its owner calls it; its host name unless given. */
  readonly name: string;
  readonly joinedAt: number;
  /** The EC2 instance that it is in its cluster; absent where it joined for Fargate tasks alone. */
  readonly instanceId?: string;
  /** It is to be gone: nothing new is placed on it, and what it has ends. */
  readonly leavingSince?: number;
  /** Nobody waits for it to end what it runs: it is broken, or somebody says so. */
  readonly forced?: true;
  /** It is gone. The row stays, so that it is told so should it come back. */
  readonly removedAt?: number;
}

/**
 * A key with which a machine signs what it asks of the control plane. It is good for that machine's own paths and opens none
 * of the AWS APIs. The newest one that was used is good until the machine leaves; using it ends all others.
 */
export interface MachineKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly machineId: string;
  readonly createdAt: number;
}
