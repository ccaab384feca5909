import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyOfMachine } from '../../wire/join.ts';

/** Who a machine is that joined, as it lies in its home. */
export interface MachineIdentity {
  /** The control plane: `http://192.168.1.10:4566`. */
  readonly control: string;
  readonly machineId: string;
  readonly instanceId?: string;
  readonly region: string;
  readonly publicPool: string;
  readonly key: KeyOfMachine;
  /** The port on this machine's loopback that leads to the control plane; its images are named by it. */
  readonly relayPort: number;
}

const fileIn = (home: string): string => join(home, 'machine.json');

/** Who the machine of this home is; `undefined` when it did not join. */
export function readIdentity(home: string): MachineIdentity | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(home), 'utf8')) as MachineIdentity;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes it down for nobody else to read, whole or not at all. */
export function writeIdentity(home: string, identity: MachineIdentity): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = fileIn(home);
  writeFileSync(`${file}.new`, `${JSON.stringify(identity)}\n`, { mode: 0o600, flush: true });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
}

/** Forgets it. */
export function forgetIdentity(home: string): void {
  rmSync(fileIn(home), { force: true });
}
