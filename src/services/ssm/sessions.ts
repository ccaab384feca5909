import type * as sdk from '@aws-sdk/client-ssm';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf, timeOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import { callerName, type Session } from '../../model/ssm/session.ts';
import { scopeOf } from '../../model/tags.ts';
import { beginSession, resumeSession } from '../../store/sessions.ts';
import { ssmSessions } from '../../store/tables/sessions.ts';
import type { ServiceDeps } from '../deps.ts';
import { readDocument } from './session-documents.ts';
import { needTarget } from './session-targets.ts';

/** Session Manager: sessions with containers of tasks. */
export function sessionHandlers(deps: ServiceDeps) {
  const { store, clock } = deps;
  const find = (id: string | undefined, scope: string): Session | undefined => {
    const row = id === undefined ? undefined : store.get(ssmSessions, id);
    return row !== undefined && scopeOf(row) === scope ? row : undefined;
  };

  return {
    StartSession(input, ctx) {
      if ((input.Reason?.length ?? 0) > 256) throw invalid('Reason can have at most 256 characters.');
      const target = needTarget(store, ctx, input.Target ?? '');
      const { name, purpose } = readDocument(input.DocumentName, input.Parameters ?? {});
      const access = beginSession(
        deps,
        {
          account: ctx.account,
          region: ctx.region,
          idPrefix: callerName(ctx.caller.arn),
          target: input.Target ?? '',
          documentName: name,
          owner: ctx.caller.arn,
          ...given('reason', input.Reason),
          ...target,
          purpose,
          // Session Manager's own preferences, of which there are none; a cluster's are for ECS Exec.
          logging: {},
        },
        ctx.endpoint,
      );
      return { SessionId: access.sessionId, StreamUrl: access.streamUrl, TokenValue: access.tokenValue };
    },

    ResumeSession(input, ctx) {
      const session = find(input.SessionId, scopeOf(ctx));
      if (session === undefined)
        throw new AwsError('DoesNotExistException', `Session ${input.SessionId} does not exist.`);
      const access = resumeSession(deps, session, ctx.endpoint);
      // No token tells the client that the session is over.
      return access === undefined
        ? { SessionId: session.id }
        : { SessionId: session.id, StreamUrl: access.streamUrl, TokenValue: access.tokenValue };
    },

    TerminateSession(input, ctx) {
      const session = find(input.SessionId, scopeOf(ctx));
      if (session !== undefined && session.status !== 'Terminated' && session.terminateAt === undefined) {
        store.transact((tx) => tx.update(ssmSessions, session.id, (row) => ({ ...row, terminateAt: clock.now() })));
      }
      return { SessionId: input.SessionId };
    },

    DescribeSessions(input, ctx) {
      const { MaxResults: most = 50 } = input;
      if (most < 1 || most > 200) throw invalid('MaxResults must be between 1 and 200.');
      const matches = filterOf(input.Filters ?? []);
      const found = store
        .by(ssmSessions, 'scope', scopeOf(ctx))
        .filter((row) => (row.status === 'Terminated') === (input.State === 'History') && matches(row))
        // Newest first; sessions of one moment by their ids, so that pages neither repeat nor leave out any.
        .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
      const from = startOf(input.NextToken, found);
      const page = found.slice(from, from + most);
      const last = page.at(-1);
      return {
        Sessions: page.map(output),
        ...(last !== undefined && from + most < found.length ? { NextToken: tokenOf(last) } : {}),
      };
    },
  } satisfies Handlers<typeof sdk>;
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

function output(row: Session): sdk.Session {
  return {
    SessionId: row.id,
    Target: row.target,
    Status: row.status,
    StartDate: dateOf(row.createdAt),
    ...given('EndDate', row.endedAt === undefined ? undefined : dateOf(row.endedAt)),
    DocumentName: row.documentName,
    Owner: row.owner,
    ...given('Reason', row.reason),
    AccessType: 'Standard',
  };
}

/** "SessionFilter", Systems Manager API Reference. */
function filterOf(filters: readonly sdk.SessionFilter[]): (row: Session) => boolean {
  const tests = filters.map(({ key, value = '' }): ((row: Session) => boolean) => {
    switch (key) {
      case 'InvokedAfter':
      case 'InvokedBefore': {
        const at = timeOf(value);
        if (at === undefined) throw invalid(`The value '${value}' of the filter ${key} is not a time.`);
        return (row) => (key === 'InvokedAfter' ? row.createdAt >= at : row.createdAt <= at);
      }
      case 'Target':
        return (row) => row.target === value;
      case 'Owner':
        return (row) => row.owner === value;
      case 'Status':
        return (row) => row.status === value;
      case 'SessionId':
        return (row) => row.id === value;
      case 'AccessType':
        return () => value === 'Standard';
      case undefined:
      default:
        throw new AwsError('InvalidFilterKey', `The filter key ${key} is not valid.`);
    }
  });
  return (row) => tests.every((test) => test(row));
}

function tokenOf({ id }: Session): string {
  return Buffer.from(id).toString('base64url');
}

function startOf(token: string | undefined, found: readonly Session[]): number {
  if (token === undefined) return 0;
  const at = found.findIndex((row) => tokenOf(row) === token);
  if (at < 0) throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  return at + 1;
}
