import type { Ctx } from '../aws/handlers.ts';
import { FakeClock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { seededIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { Vault } from '../store/keys/vault.ts';
import { Store } from '../store/store.ts';
import type { Table } from '../store/table.ts';

/** A caller of account 000000000000 in us-east-1, or elsewhere. For tests only. */
export function callerIn(region = 'us-east-1', account = '000000000000'): Ctx {
  return {
    account,
    region,
    caller: { accessKeyId: 'test', account, arn: `arn:aws:iam::${account}:root`, userId: account },
    requestId: 'request',
    endpoint: 'http://127.0.0.1:4566',
    signal: new AbortController().signal,
  };
}

/** What services that encrypt are made from, on an empty store of the tables in `modules`. For tests only. */
export function keyFixture(...modules: readonly object[]) {
  const tables = modules.flatMap((module) => Object.values(module).filter((each) => typeof each === 'object'));
  const store = new Store(tables as Table<never>[]);
  const clock = new FakeClock();
  const ids = seededIds(1);
  const vault = new Vault({ ids, root: new Uint8Array(32) });
  return { store, clock, ids, vault, log: silentLog, publicPool: '100.127.0.0/24' };
}

/** The code and message of the `AwsError` that `work` throws. For tests only. */
export function refusalOf(work: () => unknown): { readonly code: string; readonly message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof AwsError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it should have been refused');
}
