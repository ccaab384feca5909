import { isoOf, type Clock } from '../base/clock.ts';
import { parseArn } from '../base/arn.ts';
import type { Ids } from '../base/ids.ts';
import type { FleetDeps } from '../fleet/deps.ts';
import type { TaskCredentials } from '../model/fleet/task-credentials.ts';
import type { Role, Session } from '../model/iam/identity.ts';
import { assumedRole, beginSession } from '../store/role-sessions.ts';
import type { Store } from '../store/store.ts';
import { taskCredentials, taskCredentialsKey } from '../store/tables/fleet.ts';
import { instanceProfiles, nameKey, roles, sessions } from '../store/tables/iam.ts';

/** The sessions of a task's roles last so long ("Task IAM role", ECS Developer Guide), and so do those of instances. */
const sessionSeconds = 6 * 3600;
/** A session that is over so soon is followed by another: SDKs ask again within the last minutes of one, not before. */
const renewBeforeMs = 3_600_000;

interface KeepDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Session credentials of the roles that tasks act in, the same until they have to be renewed, under an id that never
 * changes; none for a role that does not exist (then what was given before is good until it expires).
 */
export function keepTaskCredentials(deps: KeepDeps): NonNullable<FleetDeps['credentialsOf']> {
  return (task, role) => {
    const named = parseArn(role.arn);
    if (named === undefined) return undefined;
    const name = named.resource.slice(named.resource.lastIndexOf('/') + 1);
    const row = deps.store.get(roles, nameKey(named.account, name));
    if (row === undefined || row.arn !== role.arn) return undefined;
    const { credentialsId, session } = keptSession(deps, { subject: task.arn, kind: role.kind, name: task.id }, row);
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = session;
    return {
      credentialsId,
      roleArn: role.arn,
      accessKeyId,
      secretAccessKey,
      sessionToken,
      expiration: isoOf(expiresAt),
    };
  };
}

/** The same of the roles in the profiles of instances ("IAM roles for Amazon EC2", EC2 User Guide). */
export function keepInstanceCredentials(deps: KeepDeps): NonNullable<FleetDeps['instanceCredentialsOf']> {
  const { store } = deps;
  return ({ id, account, instanceProfile }) => {
    const name = instanceProfile?.arn.slice(instanceProfile.arn.lastIndexOf('/') + 1);
    const profile = name === undefined ? undefined : store.get(instanceProfiles, nameKey(account, name));
    // Another that was given the name meanwhile is not the one of this instance.
    if (profile?.id !== instanceProfile?.id || profile?.roleName === undefined) return undefined;
    const role = store.get(roles, nameKey(account, profile.roleName));
    if (role === undefined) return undefined;
    const { session } = keptSession(deps, { subject: id, kind: 'Instance', name: id }, role);
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = session;
    const beganAt = expiresAt - sessionSeconds * 1000;
    return { roleName: role.name, accessKeyId, secretAccessKey, sessionToken, beganAt, expiresAt };
  };
}

/** The session that goes on in a role, or one that begins. `name` is the session's. */
function keptSession(
  { store, clock, ids }: KeepDeps,
  who: { readonly subject: string; readonly kind: TaskCredentials['kind']; readonly name: string },
  role: Role,
): { readonly credentialsId: string; readonly session: Session } {
  const now = clock.now();
  const held = store.get(taskCredentials, taskCredentialsKey(who.subject, who.kind));
  const before = held?.roleArn === role.arn ? store.get(sessions, held.accessKeyId) : undefined;
  if (held !== undefined && before !== undefined && before.expiresAt - now > renewBeforeMs) {
    return { credentialsId: held.credentialsId, session: before };
  }
  const credentialsId = held?.credentialsId ?? ids.uuid();
  const session = store.transact((tx) => {
    const begun = beginSession(tx, { ids, now }, role.account, assumedRole(role, who.name), sessionSeconds);
    const { accessKeyId } = begun;
    const { subject: taskArn, kind } = who;
    tx.put(taskCredentials, { taskArn, kind, credentialsId, roleArn: role.arn, accessKeyId });
    return begun;
  });
  return { credentialsId, session };
}
