import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ids } from '../../base/ids.ts';
import type { Store } from '../store.ts';
import { kmsKeys } from '../tables/kms.ts';
import { writeSecretFile } from './secret-file.ts';
import { Vault } from './vault.ts';

/** The file in the installation's home that holds the key by which all others are wrapped, and by which alone. */
export const rootKeyFile = 'root-key';

/** The root key is not what it must be; the message says what to do. */
export class RootKeyError extends Error {
  override readonly name = 'RootKeyError';
}

/**
 * Opens the vault of an installation. The root key is made at the first start, readable by its owner only. Throws `RootKeyError` when it
 * is gone, damaged or another's while there are keys that it wraps: with a new one they would be lost for good.
 */
export function openVault({ home, store, ids }: { home: string; store: Store; ids: Ids }): Vault {
  const path = join(home, rootKeyFile);
  const [first] = store.list(kmsKeys);
  const root = readRootKey(path);
  if (root === undefined && first !== undefined) {
    throw new RootKeyError(
      `The root key of this installation, ${path}, is missing, and with it everything that KMS encrypted. Put the file ` +
        `back from a copy; without one, remove ${home} to begin with an empty installation.`,
    );
  }
  const vault = new Vault({ ids, root: root ?? makeRootKey(path, ids) });
  if (first !== undefined && !vault.holds(first)) {
    throw new RootKeyError(
      `The root key ${path} is not the one that wrapped the KMS keys of this installation. Put the right file back from a copy.`,
    );
  }
  return vault;
}

function readRootKey(path: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new RootKeyError(
      `The root key ${path} is damaged: it should hold 64 hexadecimal digits. Put it back from a copy.`,
    );
  }
  // Somebody may have copied it back with other rights.
  chmodSync(path, 0o600);
  return Buffer.from(text, 'hex');
}

function makeRootKey(path: string, ids: Ids): Buffer {
  const key = Buffer.from(ids.hex(64), 'hex');
  writeSecretFile(path, `${key.toString('hex')}\n`);
  return key;
}
