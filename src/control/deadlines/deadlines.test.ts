import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { kmsHandlers } from '../../services/kms/handlers.ts';
import { secretsManagerHandlers } from '../../services/secretsmanager/handlers.ts';
import { ssmHandlers } from '../../services/ssm/handlers.ts';
import { callerIn } from '../../services/testing.ts';
import { Vault } from '../../store/keys/vault.ts';
import { Store } from '../../store/store.ts';
import { kmsAliases, kmsKeys } from '../../store/tables/kms.ts';
import { secrets, secretVersions } from '../../store/tables/secretsmanager.ts';
import { parameters, parameterVersions } from '../../store/tables/ssm.ts';
import { runLoop } from '../loop.ts';
import { deadlineLoop } from './loop.ts';
import { planDeadlines, type Deadline } from './plan.ts';

const dayMs = 24 * 3600 * 1000;
const ctx = callerIn();

describe('planDeadlines', () => {
  const at = (...times: number[]): Deadline[] =>
    times.map((each) => ({ kind: 'delete-key', key: `${each}`, at: each }));
  it.each<[number[], number, number[], number | undefined]>([
    [[], 5, [], undefined],
    [[9, 7], 5, [], 7],
    [[9, 5, 3], 5, [3, 5], 9],
    [[1], 5, [1], undefined],
  ])('%j at %i', (times, now, due, next) => {
    const plan = planDeadlines(at(...times), now);
    expect(plan.due.map((each) => each.at)).toEqual(due);
    expect(plan.next).toBe(next);
  });
});

describe('the loop', () => {
  const ids = seededIds(1);
  let clock: FakeClock;
  let store: Store;
  let deps: Parameters<typeof kmsHandlers>[0];

  beforeEach(() => {
    clock = new FakeClock();
    store = new Store([kmsKeys, kmsAliases, secrets, secretVersions, parameters, parameterVersions]);
    const vault = new Vault({ ids, root: new Uint8Array(32) });
    deps = { store, clock, ids, vault, log: silentLog, publicPool: '100.127.0.0/24' };
    runLoop(deadlineLoop({ store, vault }), { store, clock, log: silentLog });
  });

  it('deletes a key with its aliases after its window, and not one that was kept', async () => {
    const kms = kmsHandlers(deps);
    const made = [await kms.CreateKey?.({}, ctx), await kms.CreateKey?.({}, ctx)];
    const [gone, kept] = made.map((each) => each?.KeyMetadata?.KeyId ?? '');
    await kms.CreateAlias?.({ AliasName: 'alias/gone', TargetKeyId: gone }, ctx);
    for (const KeyId of [gone, kept]) await kms.ScheduleKeyDeletion?.({ KeyId, PendingWindowInDays: 7 }, ctx);
    await clock.advance(6 * dayMs);
    await kms.CancelKeyDeletion?.({ KeyId: kept }, ctx);
    expect(store.count(kmsKeys)).toBe(2);
    await clock.advance(2 * dayMs);
    expect(store.list(kmsKeys).map(({ id }) => id)).toEqual([kept]);
    expect(store.count(kmsAliases)).toBe(0);
  });

  it('rotates a key by its period, and what it encrypted before can be read', async () => {
    const kms = kmsHandlers(deps);
    const KeyId = (await kms.CreateKey?.({}, ctx))?.KeyMetadata?.KeyId;
    await kms.EnableKeyRotation?.({ KeyId, RotationPeriodInDays: 90 }, ctx);
    const before = await kms.Encrypt?.({ KeyId, Plaintext: Buffer.from('x') }, ctx);
    await clock.advance(181 * dayMs);
    const rotations = await kms.ListKeyRotations?.({ KeyId }, ctx);
    expect(rotations?.Rotations?.map(({ RotationType }) => RotationType)).toEqual(['AUTOMATIC', 'AUTOMATIC']);
    const opened = await kms.Decrypt?.({ CiphertextBlob: before?.CiphertextBlob }, ctx);
    expect(Buffer.from(opened?.Plaintext ?? []).toString()).toBe('x');
  });

  it('expires a parameter by its policy', async () => {
    const ssm = ssmHandlers(deps);
    const Timestamp = new Date(clock.now() + dayMs).toISOString();
    const Policies = JSON.stringify([{ Type: 'Expiration', Version: '1.0', Attributes: { Timestamp } }]);
    await ssm.PutParameter?.({ Name: 'a', Value: 'x', Type: 'String', Tier: 'Advanced', Policies }, ctx);
    await ssm.PutParameter?.({ Name: 'b', Value: 'x', Type: 'String' }, ctx);
    await clock.advance(dayMs - 1000);
    expect(store.count(parameters)).toBe(2);
    await clock.advance(2000);
    expect(store.list(parameterVersions).map(({ name }) => name)).toEqual(['b']);
  });

  it('deletes a secret after its recovery window, and not one that was restored', async () => {
    const sm = secretsManagerHandlers(deps);
    for (const Name of ['gone', 'kept']) {
      await sm.CreateSecret?.({ Name, SecretString: 'x', ClientRequestToken: ids.uuid() }, ctx);
      await sm.DeleteSecret?.({ SecretId: Name, RecoveryWindowInDays: 7 }, ctx);
    }
    await clock.advance(6 * dayMs);
    await sm.RestoreSecret?.({ SecretId: 'kept' }, ctx);
    await clock.advance(2 * dayMs);
    expect(store.list(secrets).map(({ name }) => name)).toEqual(['kept']);
    expect(store.count(secretVersions)).toBe(1);
  });
});
