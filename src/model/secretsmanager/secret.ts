import type { Scoped, Tag } from '../tags.ts';

/** A secret ("SecretListEntry", Secrets Manager API Reference). The API writes it; the rotation loop rotates it and the deadline loop deletes it. */
export interface Secret extends Scoped {
  readonly name: string;
  /** Ends in a hyphen and six characters, so that a new secret of the same name is another one. */
  readonly arn: string;
  readonly description?: string;
  /** The key as the caller named it; absent: AWS's own. */
  readonly kmsKeyId?: string;
  readonly createdAt: number;
  readonly changedAt: number;
  /** The day of the last reading, epoch milliseconds at its beginning. */
  readonly accessedAt?: number;
  /** When it was deleted and when it goes for good, while it can be restored. */
  readonly deletion?: { readonly at: number; readonly finalAt: number };
  readonly tags: readonly Tag[];
  /** JSON text. */
  readonly resourcePolicy?: string;
  /** Once it has a rotation function. */
  readonly rotation?: Rotation;
}

/** When a secret is rotated, as it was given ("RotationRulesType"). */
export interface RotationRules {
  readonly automaticallyAfterDays?: number;
  /** `3h`. */
  readonly duration?: string;
  readonly scheduleExpression?: string;
}

/** What a rotation function is called for, in this order. */
export type RotationStep = 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';

/** How a secret is rotated. The API configures and begins it, the rotation loop does the rest. */
export interface Rotation {
  /** The URL of what rotates it (docs/decisions/0029). */
  readonly functionArn: string;
  /** False once it was cancelled: the schedule rests. */
  readonly enabled: boolean;
  readonly rules?: RotationRules;
  readonly lastAt?: number;
  readonly nextAt?: number;
  /** The rotation that is under way. */
  readonly run?: RotationRun;
}

/** A rotation that is under way. */
export interface RotationRun {
  /** Of the version that it makes; the functions know it as their ClientRequestToken. */
  readonly versionId: string;
  /** By which the function shows that it was called. */
  readonly token: string;
  /** Only whether the function can be called is tried: `testSecret`, of a version that goes again. */
  readonly testOnly: boolean;
  readonly step: RotationStep;
  /** How often it failed. */
  readonly attempts: number;
  /** When the step is called. */
  readonly callAt: number;
}

/** One value of a secret. What it says never changes; its labels and, when the secret's key changes, its ciphertext do. */
export interface SecretVersion {
  readonly secretArn: string;
  readonly id: string;
  /** Text or bytes, encrypted; base64. Absent while a rotation has not made it yet. */
  readonly ciphertext?: string;
  readonly kind: 'string' | 'binary';
  /** The key it is encrypted by, as `Secret` names it. */
  readonly kmsKeyId?: string;
  /** Staging labels: AWSCURRENT, AWSPREVIOUS, AWSPENDING and others. A version without is deprecated. */
  readonly stages: readonly string[];
  readonly createdAt: number;
  readonly accessedAt?: number;
}

/** With what a version's ciphertext is bound to its secret ("How Secrets Manager uses KMS", Secrets Manager User Guide). */
export function encryptionContextOf(secretArn: string, versionId: string): Readonly<Record<string, string>> {
  return { SecretARN: secretArn, SecretVersionId: versionId };
}

/** The key of those who name none. */
export const defaultSecretKey = 'alias/aws/secretsmanager';
