import type { Store } from '../../store/store.ts';
import { sessions } from '../../store/tables/iam.ts';
import type { Loop } from '../loop.ts';

/** How often sessions that are over are looked for. They are good for nothing from their end on, deleted or not. */
const sweepMs = 600_000;
/** At most so many are deleted by one commit. */
const sweepAtOnce = 1_000;

/** Forgets sessions that are over: every task begins some, so that they would be without end. */
export function sessionLoop({ store }: { readonly store: Store }): Loop {
  return {
    name: 'sessions',
    tables: [],
    rescanMs: sweepMs,
    tick(now) {
      const over = store.list(sessions).filter(({ expiresAt }) => expiresAt <= now);
      if (over.length === 0) return undefined;
      store.transact((tx) => {
        for (const { accessKeyId } of over.slice(0, sweepAtOnce)) tx.delete(sessions, accessKeyId);
      });
      return over.length > sweepAtOnce ? now : undefined;
    },
  };
}
