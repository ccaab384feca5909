import { arn } from '../../base/arn.ts';
import type { Scoped, Tag } from '../tags.ts';

export type ParameterType = 'String' | 'StringList' | 'SecureString';
export type ParameterTier = 'Standard' | 'Advanced';

/** A policy of an advanced parameter ("Assigning parameter policies", Systems Manager User Guide). */
export interface ParameterPolicy {
  readonly type: 'Expiration' | 'ExpirationNotification' | 'NoChangeNotification';
  /** As it was given, JSON. */
  readonly text: string;
  /** Of an expiration: when the parameter goes. */
  readonly expiresAt?: number;
}

/** What every version of a parameter says, and may change with the next. */
export interface ParameterSettings {
  readonly type: ParameterType;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly dataType: string;
  readonly tier: ParameterTier;
  /** The key of a SecureString, by the name it was given. */
  readonly keyId?: string;
  readonly policies: readonly ParameterPolicy[];
}

/** One version of a parameter. The API writes them, and they never change but for their labels. */
export interface ParameterVersion extends Scoped, ParameterSettings {
  /** The name of its parameter. */
  readonly name: string;
  readonly version: number;
  /** A SecureString's is what KMS made of it, base64. */
  readonly value: string;
  readonly labels: readonly string[];
  readonly modifiedAt: number;
  readonly modifiedBy: string;
}

/** A parameter: its name, and which version is the latest. The API writes it; the loop of parameters deletes it. */
export interface Parameter extends Scoped {
  readonly name: string;
  readonly arn: string;
  readonly latest: number;
  readonly tags: readonly Tag[];
  /** When it goes by its policy. */
  readonly expiresAt?: number;
}

/** As many versions as are kept ("Working with parameter versions", Systems Manager User Guide). */
export const versionsKept = 100;

/** `/a` and `a` are one parameter: their ARNs are the same. */
export function canonicalName(name: string): string {
  return name.lastIndexOf('/') === 0 ? name.slice(1) : name;
}

/** The ARN of a parameter; a path brings its own slash. */
export function parameterArn(scope: Scoped, name: string): string {
  const path = name.startsWith('/') ? name : `/${name}`;
  return arn('ssm', scope.region, scope.account, `parameter${path}`);
}

/** With what a SecureString's value is bound to its parameter ("How Parameter Store uses KMS", KMS Developer Guide). */
export function encryptionContextOf(scope: Scoped, name: string): Readonly<Record<string, string>> {
  return { PARAMETER_ARN: parameterArn(scope, name) };
}
