import { isoOf, type Clock } from '../base/clock.ts';
import { parseArn } from '../base/arn.ts';
import type { Ids } from '../base/ids.ts';
import type { FleetDeps } from '../fleet/deps.ts';
import { assumedRole, beginSession } from '../store/role-sessions.ts';
import type { Store } from '../store/store.ts';
import { nameKey, roles } from '../store/tables/iam.ts';

/** ECS's sessions of a task's roles last so long ("Task IAM role", ECS Developer Guide). */
const sessionSeconds = 6 * 3600;

/** Session credentials of the roles that tasks act in; none for a role that does not exist. */
export function taskCredentials(deps: {
  store: Store;
  clock: Clock;
  ids: Ids;
}): NonNullable<FleetDeps['credentialsOf']> {
  const { store, clock, ids } = deps;
  return (task, role) => {
    const named = parseArn(role.arn);
    if (named === undefined) return undefined;
    const name = named.resource.slice(named.resource.lastIndexOf('/') + 1);
    const row = store.get(roles, nameKey(named.account, name));
    if (row === undefined || row.arn !== role.arn) return undefined;
    const session = store.transact((tx) =>
      beginSession(tx, { ids, now: clock.now() }, row.account, assumedRole(row, task.id), sessionSeconds),
    );
    return {
      credentialsId: ids.uuid(),
      roleArn: row.arn,
      accessKeyId: session.accessKeyId,
      secretAccessKey: session.secretAccessKey,
      sessionToken: session.sessionToken,
      expiration: isoOf(session.expiresAt),
    };
  };
}
