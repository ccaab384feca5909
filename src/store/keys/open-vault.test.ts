import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededIds, systemIds } from '../../base/ids.ts';
import { Store } from '../store.ts';
import { kmsAliases, kmsKeys } from '../tables/kms.ts';
import { openVault, rootKeyFile } from './open-vault.ts';

let home: string;
let store: Store;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stowage-vault-'));
  store = new Store([kmsKeys, kmsAliases]);
});
afterEach(() => rmSync(home, { recursive: true }));

const scope = { account: '000000000000', region: 'us-east-1' };
const file = (): string => join(home, rootKeyFile);
const open = () => openVault({ home, store, ids: systemIds });

function makeKey(): void {
  const vault = open();
  store.transact((tx) => void vault.managed(tx, scope, 'alias/aws/ssm', 0));
}

test('the root key is made at the first start, for its owner only, and stays', () => {
  const vault = open();
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  const key = store.transact((tx) => vault.managed(tx, scope, 'alias/aws/ssm', 0));
  const blob = vault.encrypt(key, Buffer.from('secret'), {});
  chmodSync(file(), 0o644);
  const opened = open().decrypt(store, scope, blob, {});
  expect(typeof opened === 'string' ? opened : opened.plaintext.toString()).toBe('secret');
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(store.list(kmsKeys))).not.toContain(readFileSync(file(), 'utf8').trim());
});

test('one that is lost is not made again while keys need it', () => {
  makeKey();
  rmSync(file());
  expect(open).toThrow(`The root key of this installation, ${file()}, is missing`);
  store.reset();
  expect(open).not.toThrow();
});

test('one of another installation does not open this one', () => {
  makeKey();
  writeFileSync(file(), `${seededIds(7).hex(64)}\n`);
  expect(open).toThrow(`The root key ${file()} is not the one that wrapped the KMS keys of this installation.`);
});

test('one that is damaged is not taken', () => {
  writeFileSync(file(), 'half');
  expect(open).toThrow(`The root key ${file()} is damaged`);
});
