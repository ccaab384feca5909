import { isoOf, type Clock } from '../base/clock.ts';
import { parseArn } from '../base/arn.ts';
import type { Ids } from '../base/ids.ts';
import type { FleetDeps } from '../fleet/deps.ts';
import type { Session } from '../model/iam/identity.ts';
import { assumedRole, beginSession } from '../store/role-sessions.ts';
import type { Store } from '../store/store.ts';
import { taskCredentials, taskCredentialsKey } from '../store/tables/fleet.ts';
import { nameKey, roles, sessions } from '../store/tables/iam.ts';

/** ECS's sessions of a task's roles last so long ("Task IAM role", ECS Developer Guide). */
const sessionSeconds = 6 * 3600;
/** A session that is over so soon is followed by another: SDKs ask again within the last minutes of one, not before. */
const renewBeforeMs = 3_600_000;

/**
 * Session credentials of the roles that tasks act in, the same until they have to be renewed, under an id that never
 * changes; none for a role that does not exist (then what was given before is good until it expires).
 */
export function keepTaskCredentials(deps: {
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
    const now = clock.now();
    const held = store.get(taskCredentials, taskCredentialsKey(task.arn, role.kind));
    const before = held?.roleArn === role.arn ? store.get(sessions, held.accessKeyId) : undefined;
    if (held !== undefined && before !== undefined && before.expiresAt - now > renewBeforeMs) {
      return shown(held.credentialsId, role.arn, before);
    }
    const credentialsId = held?.credentialsId ?? ids.uuid();
    const session = store.transact((tx) => {
      const begun = beginSession(tx, { ids, now }, row.account, assumedRole(row, task.id), sessionSeconds);
      const { accessKeyId } = begun;
      tx.put(taskCredentials, { taskArn: task.arn, kind: role.kind, credentialsId, roleArn: role.arn, accessKeyId });
      return begun;
    });
    return shown(credentialsId, role.arn, session);
  };
}

function shown(credentialsId: string, roleArn: string, session: Session) {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = session;
  return { credentialsId, roleArn, accessKeyId, secretAccessKey, sessionToken, expiration: isoOf(expiresAt) };
}
