import { arn } from '../base/arn.ts';
import type { Ids } from '../base/ids.ts';
import type { Role, Session } from '../model/iam/identity.ts';
import { uniqueId } from '../model/iam/unique-id.ts';
import type { Transaction } from './store.ts';
import { sessions } from './tables/iam.ts';

/** Hands out temporary credentials for `seconds`; the session loop forgets them when they are over. */
export function beginSession(
  tx: Transaction,
  deps: { readonly ids: Ids; readonly now: number },
  account: string,
  who: Pick<Session, 'arn' | 'userId'>,
  seconds: number,
): Session {
  const { ids, now } = deps;
  const session: Session = {
    accessKeyId: uniqueId(ids, 'ASIA', 20),
    secretAccessKey: Buffer.from(ids.hex(60), 'hex').toString('base64').slice(0, 40),
    sessionToken: Buffer.from(ids.hex(300), 'hex').toString('base64'),
    account,
    ...who,
    expiresAt: now + seconds * 1000,
  };
  tx.put(sessions, session);
  return session;
}

/** Who one is in a session of a role ("AssumedRoleUser", STS API Reference). */
export function assumedRole(role: Role, sessionName: string): Pick<Session, 'arn' | 'userId'> {
  return {
    arn: arn('sts', '', role.account, `assumed-role/${role.name}/${sessionName}`),
    userId: `${role.id}:${sessionName}`,
  };
}
