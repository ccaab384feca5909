import { createHmac, hkdfSync } from 'node:crypto';
import { parseArn } from '../../base/arn.ts';
import type { Ids } from '../../base/ids.ts';
import { authenticated, readCiphertext, writeCiphertext } from '../../model/kms/ciphertext.ts';
import {
  aliasArn,
  keyArn,
  keySpecs,
  managedKeyPolicy,
  managedKeys,
  type KeyMaterial,
  type KmsKey,
} from '../../model/kms/key.ts';
import type { Scoped } from '../../model/tags.ts';
import type { Reader, Transaction } from '../store.ts';
import { aliasKey, kmsAliases, kmsKeys } from '../tables/kms.ts';
import { seal, unseal } from './seal.ts';

/** Name-value pairs that decryption must repeat. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** What Decrypt makes of a ciphertext: the plaintext, or why not. */
export type Opened =
  | { readonly key: KmsKey; readonly plaintext: Buffer; readonly materialId: string }
  /** It is damaged, of another context, or none of ours. */
  | 'invalid'
  /** Its key is not here (any more), or of another account or region. */
  | 'no-key';

/**
 * KMS keys at work: whoever stores secrets encrypts them here. The material of the keys lies in their rows, wrapped by the
 * installation's root key; in clear it exists only in this process's memory.
 */
export class Vault {
  readonly #ids: Ids;
  readonly #root: Uint8Array;

  constructor({ ids, root }: { readonly ids: Ids; readonly root: Uint8Array }) {
    this.#ids = ids;
    this.#root = root;
  }

  /** Makes a key with its first material, and stores it. */
  create(
    tx: Transaction,
    scope: Scoped,
    settings: Pick<KmsKey, 'description' | 'spec' | 'manager' | 'policy' | 'tags'>,
    now: number,
  ): KmsKey {
    const id = this.#ids.uuid();
    const arn = keyArn(scope, id);
    const { account, region } = scope;
    const key: KmsKey = {
      account,
      region,
      id,
      arn,
      ...settings,
      state: 'Enabled',
      createdAt: now,
      materials: [this.#newMaterial(arn, keySpecs[settings.spec].bytes, now)],
    };
    tx.put(kmsKeys, key);
    return key;
  }

  /** The key with its next material, which encrypts from now on. */
  rotated(key: KmsKey, rotation: 'AUTOMATIC' | 'ON_DEMAND', now: number): KmsKey {
    const next = { ...this.#newMaterial(key.arn, keySpecs[key.spec].bytes, now), rotation };
    return { ...key, materials: [...key.materials, next] };
  }

  /** AWS's own key for a service, `alias/aws/ssm`; made when it is first asked for. */
  managed(tx: Transaction, scope: Scoped, alias: string, now: number): KmsKey {
    const known = findKey(tx, scope, alias);
    if (known !== undefined) return known;
    const service = alias.slice('alias/aws/'.length);
    const settings = {
      description: managedKeys[alias] ?? '',
      spec: 'SYMMETRIC_DEFAULT',
      manager: 'AWS',
      policy: managedKeyPolicy(scope, service),
      tags: [],
    } as const;
    const key = this.create(tx, scope, settings, now);
    const { account, region } = scope;
    const arn = aliasArn(scope, alias);
    tx.put(kmsAliases, { account, region, name: alias, arn, keyId: key.id, createdAt: now, updatedAt: now });
    return key;
  }

  /** Encrypts with the newest material of a symmetric key, whatever the key's state. */
  encrypt(key: KmsKey, plaintext: Uint8Array, context: EncryptionContext): Buffer {
    const made = { keyId: key.id, generation: key.materials.length - 1 };
    const sealed = seal(this.#material(key), this.#iv(), plaintext, authenticated(made, context));
    return writeCiphertext({ ...made, ...sealed });
  }

  /** Decrypts what a key of this account and region encrypted, whatever the key's state. */
  decrypt(reader: Reader, scope: Scoped, blob: Uint8Array, context: EncryptionContext): Opened {
    const read = readCiphertext(blob);
    if (read === undefined) return 'invalid';
    const key = reader.get(kmsKeys, keyArn(scope, read.keyId));
    if (key === undefined) return 'no-key';
    if (key.spec !== 'SYMMETRIC_DEFAULT' || read.generation >= key.materials.length) return 'invalid';
    const plaintext = unseal(this.#material(key, read.generation), read, authenticated(read, context));
    const materialId = key.materials[read.generation]?.id ?? '';
    return plaintext === undefined ? 'invalid' : { key, plaintext, materialId };
  }

  /** The code that authenticates a message, of an HMAC key. */
  mac(key: KmsKey, message: Uint8Array): Buffer {
    const spec = keySpecs[key.spec];
    if (!('hash' in spec)) throw new Error(`${key.arn} is no HMAC key`);
    return createHmac(spec.hash, this.#material(key)).update(message).digest();
  }

  /** A key of 32 bytes for a purpose of this installation's own, that follows from its root key. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#root, '', purpose, 32));
  }

  /** Random bytes. */
  random(count: number): Buffer {
    return Buffer.from(this.#ids.hex(count * 2), 'hex');
  }

  /** Whether the root key is the one that wrapped this key. */
  holds(key: KmsKey): boolean {
    const [material] = key.materials;
    return material === undefined || this.#unwrap(key.arn, material) !== undefined;
  }

  #newMaterial(arn: string, bytes: number, now: number): KeyMaterial {
    const id = this.#ids.hex(64);
    const { iv, tag, data } = seal(this.#root, this.#iv(), this.random(bytes), wrapping(arn, id));
    return { id, wrapped: Buffer.concat([iv, tag, data]).toString('base64'), createdAt: now };
  }

  #material(key: KmsKey, generation = key.materials.length - 1): Buffer {
    const material = key.materials[generation];
    const clear = material === undefined ? undefined : this.#unwrap(key.arn, material);
    if (clear === undefined) throw new Error(`the material of ${key.arn} was wrapped by another root key`);
    return clear;
  }

  #unwrap(arn: string, { id, wrapped }: KeyMaterial): Buffer | undefined {
    const bytes = Buffer.from(wrapped, 'base64');
    const sealed = { iv: bytes.subarray(0, 12), tag: bytes.subarray(12, 28), data: bytes.subarray(28) };
    return unseal(this.#root, sealed, wrapping(arn, id));
  }

  #iv(): Buffer {
    return this.random(12);
  }
}

/** Material cannot be passed off as that of another key. */
function wrapping(arn: string, materialId: string): Buffer {
  return Buffer.from(`${arn} ${materialId}`);
}

/** The key that an id, key ARN, alias name or alias ARN names; `undefined` when there is none in this account and region. */
export function findKey(reader: Reader, scope: Scoped, identifier: string): KmsKey | undefined {
  const parsed = parseArn(identifier);
  if (parsed !== undefined && (parsed.region !== scope.region || parsed.account !== scope.account)) return undefined;
  const name = parsed?.resource ?? identifier;
  if (name.startsWith('alias/')) {
    const alias = reader.get(kmsAliases, aliasKey(scope, name));
    return alias && reader.get(kmsKeys, keyArn(scope, alias.keyId));
  }
  return reader.get(kmsKeys, keyArn(scope, name.replace(/^key\//, '')));
}
