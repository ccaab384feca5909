import { expect, it } from 'vitest';
import { targetKey, type targets } from '../store/tables/elbv2.ts';
import { AwsError } from '../base/errors.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { Store } from '../store/store.ts';
import type { FleetDeps } from './deps.ts';
import { Inbox, type Report } from './inbox.ts';

const health = (state: 'healthy' | 'unhealthy', id = '10.0.0.1'): Report => ({
  type: 'StowageTargetHealth',
  message: { targetGroupArn: 'group', id, port: 80, state },
});

/** An inbox whose store refuses to write while `full` is set, and the keys of the targets that were written. */
function inbox() {
  const clock = new FakeClock();
  const state = { full: false, broken: '' };
  const written: string[] = [];
  const store = {
    transact(work: (tx: unknown) => void) {
      if (state.full) throw new AwsError('ServiceUnavailable', 'the disk is full', { status: 503 });
      work({
        update: (_table: typeof targets, key: string) => {
          if (key === state.broken) throw new Error('a fault');
          written.push(key);
        },
      });
    },
  } as unknown as Store;
  const deps = { store, clock, log: silentLog } as unknown as FleetDeps;
  return { clock, state, written, inbox: new Inbox(deps, 'machine', () => {}) };
}

const key = (id: string): string => targetKey('group', id, 80);

it('keeps what cannot be written now, in order, and writes it later', async () => {
  const { clock, state, written, inbox: taking } = inbox();
  state.full = true;
  taking.take(health('healthy', 'a'));
  taking.take(health('healthy', 'b'));
  await clock.advance(60_000);
  expect(written).toEqual([]);
  state.full = false;
  taking.take(health('healthy', 'c'));
  await clock.advance(1_000);
  expect(written).toEqual([key('a'), key('b'), key('c')]);
  taking.take(health('unhealthy', 'a'));
  expect(written).toHaveLength(4);
});

it('goes on after a report that can never be written', () => {
  const { state, written, inbox: taking } = inbox();
  state.broken = key('a');
  taking.take(health('healthy', 'a'));
  taking.take(health('healthy', 'b'));
  expect(written).toEqual([key('b')]);
});

it('forgets what waits when its session is over', async () => {
  const { clock, state, written, inbox: taking } = inbox();
  state.full = true;
  taking.take(health('healthy', 'a'));
  taking.close();
  state.full = false;
  await clock.advance(60_000);
  expect(written).toEqual([]);
});
