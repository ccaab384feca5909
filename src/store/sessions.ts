import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import type { Session } from '../model/ssm/session.ts';
import { scopeOf } from '../model/tags.ts';
import type { Store, Transaction } from './store.ts';
import { ssmSessions } from './tables/sessions.ts';

/** How long a session that is over can still be described ("DescribeSessions", Systems Manager API Reference). */
const historyMs = 30 * 24 * 3_600_000;

/** By what a client opens a session's data channel. */
export interface SessionAccess {
  readonly sessionId: string;
  readonly streamUrl: string;
  readonly tokenValue: string;
}

/** What is asked for when a session begins. */
export type SessionOrder = Omit<Session, 'id' | 'createdAt' | 'tokenDigest' | 'status'> & {
  /** What its id begins with. */
  readonly idPrefix: string;
};

interface SessionDeps {
  readonly store: Store;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** Makes a session, and forgets those of the account that were over long ago. */
export function beginSession(deps: SessionDeps, order: SessionOrder, endpoint: string): SessionAccess {
  const { store, ids, clock } = deps;
  const { idPrefix, ...given } = order;
  const now = clock.now();
  const token = newToken(ids);
  const session: Session = {
    ...given,
    id: `${idPrefix}-0${ids.hex(16)}`,
    createdAt: now,
    tokenDigest: tokenDigest(token),
    status: 'Connecting',
  };
  store.transact((tx) => {
    forgetOld(tx, scopeOf(session), now);
    tx.put(ssmSessions, session);
  });
  return { sessionId: session.id, streamUrl: streamUrl(endpoint, session.id), tokenValue: token };
}

/** A new token for a session whose client lost its connection; `undefined` when the session is over. */
export function resumeSession(deps: SessionDeps, session: Session, endpoint: string): SessionAccess | undefined {
  if (session.status === 'Terminated' || session.terminateAt !== undefined) return undefined;
  const token = newToken(deps.ids);
  deps.store.transact((tx) =>
    tx.update(ssmSessions, session.id, (row) => ({ ...row, tokenDigest: tokenDigest(token) })),
  );
  return { sessionId: session.id, streamUrl: streamUrl(endpoint, session.id), tokenValue: token };
}

/** What is kept of a token. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The address of a session's data channel, beside the API that the client called. */
function streamUrl(endpoint: string, id: string): string {
  return `${endpoint.replace(/^http/, 'ws')}/v1/data-channel/${id}?role=publish_subscribe`;
}

function newToken(ids: Ids): string {
  return Buffer.from(ids.hex(128), 'hex').toString('base64');
}

function forgetOld(tx: Transaction, scope: string, now: number): void {
  for (const { id, endedAt } of tx.by(ssmSessions, 'scope', scope)) {
    if (endedAt !== undefined && endedAt + historyMs < now) tx.delete(ssmSessions, id);
  }
}
