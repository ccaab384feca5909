import { historyKeptMs } from '../../store/alarms.ts';
import type { Store } from '../../store/store.ts';
import { alarmHistory } from '../../store/tables/cloudwatch.ts';
import type { Loop } from '../loop.ts';

/** How many items go in one step. */
const most = 1_000;

/** Forgets what happened to alarms 30 days ago. */
export function alarmHistoryLoop({ store }: { readonly store: Store }): Loop {
  return {
    name: 'alarm-history',
    tables: [],
    rescanMs: 3_600_000,
    tick(now) {
      const old: string[] = [];
      // In the order in which they were written: the first that is young enough ends the search.
      for (const key of store.keys(alarmHistory)) {
        const item = store.get(alarmHistory, key);
        if (old.length === most || (item !== undefined && item.at >= now - historyKeptMs)) break;
        old.push(key);
      }
      if (old.length === 0) return undefined;
      store.transact((tx) => {
        for (const key of old) tx.delete(alarmHistory, key);
      });
      return old.length === most ? now : undefined;
    },
  };
}
