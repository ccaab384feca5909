import { AwsError } from '../base/errors.ts';
import type { Ids } from '../base/ids.ts';
import { sha256Hex } from '../base/sigv4.ts';
import type { MachineKey } from '../model/fleet/member.ts';
import { uniqueId } from '../model/iam/unique-id.ts';
import type { Reader, Transaction } from './store.ts';
import { joinTokens, machineKeys, members } from './tables/fleet.ts';

/** The longest that a token may be good, and how long it is unless said otherwise, in milliseconds. */
export const longestTokenMs = 30 * 24 * 3_600_000;
export const defaultTokenMs = 3_600_000;

/** How long a token that is over is remembered, so that who brings it is told what is wrong with it. */
const tokenMemoryMs = 7 * 24 * 3_600_000;

/** Writes down a new token, and answers it: nobody can read it again. */
export function createToken(tx: Transaction, ids: Ids, now: number, lifeMs: number): string {
  for (const { hash, expiresAt } of tx.list(joinTokens)) {
    if (expiresAt + tokenMemoryMs <= now) tx.delete(joinTokens, hash);
  }
  const token = `stowage-${ids.hex(48)}`;
  tx.put(joinTokens, { hash: sha256Hex(token), createdAt: now, expiresAt: now + lifeMs });
  return token;
}

/** Uses a token up. Throws what its bearer is told of one that is good for nothing. */
export function useToken(tx: Transaction, token: string, machineId: string, now: number): void {
  const hash = sha256Hex(token);
  const row = tx.get(joinTokens, hash);
  const refused = (message: string): AwsError =>
    new AwsError('InvalidToken', `${message}: 'stowage token create' makes another`, { status: 403 });
  if (row === undefined) throw refused('the token is not one of this control plane');
  if (row.usedBy !== undefined) throw refused(`the token was used already, by the machine ${row.usedBy}`);
  if (row.expiresAt <= now) throw refused('the token has expired');
  tx.put(joinTokens, { ...row, usedBy: machineId });
}

/** Gives a machine another key, in the place of any that it was given and never used. */
export function issueKey(tx: Transaction, ids: Ids, now: number, machineId: string, usedKeyId?: string): MachineKey {
  for (const { accessKeyId } of tx.by(machineKeys, 'machine', machineId)) {
    if (accessKeyId !== usedKeyId) tx.delete(machineKeys, accessKeyId);
  }
  const key: MachineKey = {
    accessKeyId: uniqueId(ids, 'AKIA', 20),
    secretAccessKey: Buffer.from(ids.hex(60), 'hex').toString('base64').slice(0, 40),
    machineId,
    createdAt: now,
  };
  tx.put(machineKeys, key);
  return key;
}

/** A key was used: all that its machine had before are over. Answers whether there were any. */
export function retireKeys(tx: Transaction, { machineId, accessKeyId, createdAt }: MachineKey): boolean {
  const older = tx
    .by(machineKeys, 'machine', machineId)
    .filter((key) => key.accessKeyId !== accessKeyId && key.createdAt <= createdAt);
  for (const key of older) tx.delete(machineKeys, key.accessKeyId);
  return older.length > 0;
}

/** Whether a machine that joined may be given anything new to do. */
export function isLeaving(reader: Reader, machineId: string): boolean {
  return reader.get(members, machineId)?.leavingSince !== undefined;
}
