import type { Scoped, Tag } from '../tags.ts';

/** A key that encrypts events of a log group, itself encrypted by a key of KMS. */
export interface LogDataKey {
  /** Stands before what it encrypted. */
  readonly id: number;
  readonly kmsKeyArn: string;
  /** What KMS made of it; base64. */
  readonly wrapped: string;
}

/** A log group. Its events are not rows: they lie in the log store under `eventsId`. */
export interface LogGroup extends Scoped {
  readonly name: string;
  /** Without the `:*` that some answers add. */
  readonly arn: string;
  readonly logGroupClass: 'STANDARD' | 'INFREQUENT_ACCESS';
  /** Days after which events go; kept for ever when absent. */
  readonly retentionInDays?: number;
  readonly deletionProtectionEnabled: boolean;
  /** The key of KMS that events are encrypted with as they come; absent when they are not. */
  readonly kmsKeyArn?: string;
  /** Of that key and of those before it: what they encrypted stays so. */
  readonly dataKeys?: readonly LogDataKey[];
  readonly tags: readonly Tag[];
  readonly createdAt: number;
  /** Under which number the log store keeps its events; never used again, so a group of the same name starts empty. */
  readonly eventsId: number;
}

/** A log stream of a group. */
export interface LogStream extends Scoped {
  readonly groupName: string;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** As `LogGroup.eventsId`. */
  readonly eventsId: number;
}

const dayMs = 86_400_000;

/** Events before this time (epoch milliseconds) have expired; 0 when nothing expires. */
export function expiryOf(group: LogGroup, now: number): number {
  return group.retentionInDays === undefined ? 0 : now - group.retentionInDays * dayMs;
}
