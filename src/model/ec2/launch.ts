import type { RequestLaunchTemplateData } from '@aws-sdk/client-ec2';
import type { Scoped, Tag } from '../tags.ts';

/** A key pair: its public half, if that. */
export interface KeyPair extends Scoped {
  readonly id: string;
  readonly name: string;
  readonly type: 'rsa' | 'ed25519';
  readonly fingerprint: string;
  /** In OpenSSH's form. */
  readonly publicKey?: string;
  readonly createdAt: number;
  readonly tags: readonly Tag[];
}

/** A launch template; what it holds are its versions. */
export interface LaunchTemplate extends Scoped {
  readonly id: string;
  readonly name: string;
  readonly defaultVersion: number;
  /** The highest number ever given. */
  readonly latestVersion: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly tags: readonly Tag[];
}

/** One version of a launch template; it never changes. */
export interface LaunchTemplateVersion {
  readonly templateId: string;
  readonly version: number;
  readonly description?: string;
  readonly data: RequestLaunchTemplateData;
  readonly createdBy: string;
  readonly createdAt: number;
}
