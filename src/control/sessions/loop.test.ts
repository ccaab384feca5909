import { expect, test } from 'vitest';
import { seededIds } from '../../base/ids.ts';
import { beginSession } from '../../store/role-sessions.ts';
import { Store } from '../../store/store.ts';
import { sessions } from '../../store/tables/iam.ts';
import { sessionLoop } from './loop.ts';

test('sessions that are over are forgotten, however many; the others stay', () => {
  const store = new Store([sessions]);
  const ids = seededIds(1);
  const begin = (seconds: number): string =>
    store.transact((tx) => beginSession(tx, { ids, now: 0 }, '000000000000', { arn: 'a', userId: 'u' }, seconds))
      .accessKeyId;
  for (let i = 0; i < 1_500; i++) begin(900);
  const stays = begin(3_600);
  const loop = sessionLoop({ store });
  expect(loop.tick(899_000)).toBeUndefined();
  expect(store.count(sessions)).toBe(1_501);
  expect(loop.tick(900_000)).toBe(900_000);
  expect(loop.tick(900_000)).toBeUndefined();
  expect(store.list(sessions).map(({ accessKeyId }) => accessKeyId)).toEqual([stays]);
});
