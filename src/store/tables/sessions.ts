import type { Session } from '../../model/ssm/session.ts';
import { scopeOf } from '../../model/tags.ts';
import { table } from '../table.ts';

/** Sessions of Session Manager, by id; those that are over stay for 30 days. */
export const ssmSessions = table<Session>()({
  name: 'ssm.sessions',
  key: (row) => row.id,
  indexes: {
    scope: scopeOf,
    /** `live` until Terminated. */
    life: (row) => (row.status === 'Terminated' ? 'over' : 'live'),
  },
});
