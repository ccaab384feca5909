import type { Scoped, Tag } from '../tags.ts';

/** A secret ("SecretListEntry", Secrets Manager API Reference). The API writes it; the deadline loop deletes it. */
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
}

/** One value of a secret. What it says never changes; its labels and, when the secret's key changes, its ciphertext do. */
export interface SecretVersion {
  readonly secretArn: string;
  readonly id: string;
  /** Text or bytes, encrypted; base64. */
  readonly ciphertext: string;
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
