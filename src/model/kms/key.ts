import { arn } from '../../base/arn.ts';
import type { Scoped, Tag } from '../tags.ts';

/** What a key can do, by its specification: encrypt, or authenticate messages. */
export const keySpecs = {
  SYMMETRIC_DEFAULT: { usage: 'ENCRYPT_DECRYPT', bytes: 32 },
  HMAC_224: { usage: 'GENERATE_VERIFY_MAC', bytes: 28, hash: 'sha224', mac: 'HMAC_SHA_224' },
  HMAC_256: { usage: 'GENERATE_VERIFY_MAC', bytes: 32, hash: 'sha256', mac: 'HMAC_SHA_256' },
  HMAC_384: { usage: 'GENERATE_VERIFY_MAC', bytes: 48, hash: 'sha384', mac: 'HMAC_SHA_384' },
  HMAC_512: { usage: 'GENERATE_VERIFY_MAC', bytes: 64, hash: 'sha512', mac: 'HMAC_SHA_512' },
} as const;

export type KeySpec = keyof typeof keySpecs;

/** One generation of a key's material: rotation adds the next, and old ones go on decrypting what they encrypted. */
export interface KeyMaterial {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The material, encrypted by the installation's root key; base64. */
  readonly wrapped: string;
  readonly createdAt: number;
  /** How it came; absent for the first. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
}

/** A KMS key ("KeyMetadata", KMS API Reference). The API writes it; the key loop rotates and deletes it. */
export interface KmsKey extends Scoped {
  readonly id: string;
  readonly arn: string;
  readonly description: string;
  readonly spec: KeySpec;
  /** Whether AWS made it for one of its services, or a customer. */
  readonly manager: 'AWS' | 'CUSTOMER';
  readonly state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  readonly createdAt: number;
  /** When it goes for good, while `state` is PendingDeletion. */
  readonly deletionAt?: number;
  /** JSON text. */
  readonly policy: string;
  readonly tags: readonly Tag[];
  /** Oldest first; the last one encrypts. */
  readonly materials: readonly KeyMaterial[];
  /** Automatic rotation, while it is on. */
  readonly rotation?: { readonly periodDays: number; readonly nextAt: number };
}

/** A second name of a key. */
export interface KmsAlias extends Scoped {
  /** With its prefix: `alias/app`. */
  readonly name: string;
  readonly arn: string;
  readonly keyId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The services for which AWS makes a key of its own, and what the key says of itself. */
export const managedKeys: Readonly<Record<string, string>> = {
  'alias/aws/ssm': 'Default key that protects my SSM parameters when no other key is defined',
  'alias/aws/secretsmanager': 'Default key that protects my Secrets Manager secrets when no other key is defined',
  'alias/aws/s3': 'Default key that protects my S3 objects when no other key is defined',
  'alias/aws/acm': 'Default key that protects my ACM private keys when no other key is defined',
};

export function keyArn(scope: Scoped, id: string): string {
  return arn('kms', scope.region, scope.account, `key/${id}`);
}

export function aliasArn(scope: Scoped, name: string): string {
  return arn('kms', scope.region, scope.account, name);
}

/** The policy of a key that is made without one ("Default key policy", KMS Developer Guide), as AWS lays it out. */
export function defaultKeyPolicy(account: string): string {
  return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`;
}

/** The policy of a key that AWS made: its service may use it for whoever of the account uses the service. */
export function managedKeyPolicy(scope: Scoped, service: string): string {
  const { account, region } = scope;
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Id: `auto-${service}-1`,
      Statement: [
        {
          Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
          Resource: '*',
          Condition: {
            StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `${service}.${region}.amazonaws.com` },
          },
        },
        {
          Sid: 'Allow direct access to key metadata to the account',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
          Resource: '*',
        },
      ],
    },
    undefined,
    2,
  );
}
