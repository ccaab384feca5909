import { describe, expect, it } from 'vitest';
import type { Ctx } from '../../aws/handlers.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { Task } from '../../model/ecs/task.ts';
import { Store } from '../../store/store.ts';
import { tasks } from '../../store/tables/ecs.ts';
import { machines } from '../../store/tables/fleet.ts';
import { ssmSessions } from '../../store/tables/sessions.ts';
import { readDocument } from './session-documents.ts';
import { sessionHandlers } from './sessions.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const ctx: Ctx = {
  ...scope,
  caller: { accessKeyId: 'test', account: scope.account, arn: 'arn:aws:iam::000000000000:user/team/ann', userId: 'u' },
  requestId: 'request',
  endpoint: 'http://127.0.0.1:4566',
  signal: new AbortController().signal,
};
const taskId = 'a'.repeat(32);
const target = `ecs:my_cluster_${taskId}_0123abcd`;

function fixture(agent: 'RUNNING' | 'PENDING' = 'RUNNING', connected = true) {
  const store = new Store([tasks, machines, ssmSessions]);
  const clock = new FakeClock();
  store.transact((tx) => {
    tx.put(tasks, {
      ...scope,
      arn: `arn:aws:ecs:us-east-1:000000000000:task/my_cluster/${taskId}`,
      id: taskId,
      clusterArn: 'cluster',
      group: 'g',
      lastStatus: 'RUNNING',
      machineId: 'machine',
      containers: [
        { name: 'web', runtimeId: '0123abcd', managedAgents: [{ name: 'ExecuteCommandAgent', lastStatus: agent }] },
      ],
    } as unknown as Task);
    tx.put(machines, { id: 'machine', connected, attributes: [] } as never);
  });
  const ssm = sessionHandlers({ store, clock, ids: seededIds(1), log: silentLog, publicPool: '' });
  return { ssm, store, clock };
}

describe('StartSession', () => {
  it('begins a shell in the container that a target names', () => {
    const { ssm, store } = fixture();
    const { SessionId: id, StreamUrl, TokenValue } = ssm.StartSession({ Target: target }, ctx);
    expect(id).toMatch(/^ann-0[0-9a-f]{16}$/);
    expect(StreamUrl).toBe(`ws://127.0.0.1:4566/v1/data-channel/${id}?role=publish_subscribe`);
    const row = store.get(ssmSessions, id);
    expect(row).toMatchObject({
      container: 'web',
      purpose: { kind: 'command', command: ['sh'] },
      status: 'Connecting',
    });
    // Whoever reads the journal cannot open the channel.
    expect(JSON.stringify(row)).not.toContain(TokenValue);
  });

  it('begins commands and ports as their documents say', () => {
    const purposeOf = (name: string, parameters: Record<string, string[]>) => readDocument(name, parameters).purpose;
    expect(purposeOf('AWS-StartInteractiveCommand', { command: ["sh -c 'ls | wc'"] })).toEqual({
      kind: 'command',
      command: ['sh', '-c', 'ls | wc'],
    });
    expect(purposeOf('AWS-StartPortForwardingSession', { portNumber: ['8080'], localPortNumber: ['0'] })).toEqual({
      kind: 'port',
      host: 'localhost',
      port: 8080,
      localPort: '0',
    });
    const host = 'db.example.com';
    expect(purposeOf('AWS-StartPortForwardingSessionToRemoteHost', { host: [host], portNumber: ['5432'] })).toEqual({
      kind: 'port',
      host,
      port: 5432,
    });
  });

  it.each([
    [
      'of no container',
      { Target: 'i-0123456789abcdef0' },
      'TargetNotConnected',
      'i-0123456789abcdef0 is not connected.',
    ],
    ['with another runtime', { Target: `ecs:my_cluster_${taskId}_ffff` }, 'TargetNotConnected', /is not connected/],
    ['with an unknown document', { DocumentName: 'X' }, 'InvalidDocument', 'Document with name X does not exist.'],
    ['with a parameter too many', { Parameters: { a: ['b'] } }, 'ValidationException', /Parameter a is not defined/],
    [
      'to no port',
      { DocumentName: 'AWS-StartPortForwardingSession', Parameters: { portNumber: ['70000'] } },
      'ValidationException',
      /portNumber/,
    ],
    [
      'to a host that is none',
      { DocumentName: 'AWS-StartPortForwardingSessionToRemoteHost', Parameters: { host: ['a;b'], portNumber: ['1'] } },
      'ValidationException',
      /host/,
    ],
    ['with a long reason', { Reason: 'x'.repeat(257) }, 'ValidationException', /256/],
  ])('%s is refused', (_what, input, code, message) => {
    const { ssm } = fixture();
    const refused = expect(() => ssm.StartSession({ Target: target, ...input }, ctx));
    refused.toThrow(expect.objectContaining({ code }) as Error);
    refused.toThrow(message);
  });

  it('is refused where the agent or its machine is not there', () => {
    expect(() => fixture('PENDING').ssm.StartSession({ Target: target }, ctx)).toThrow('is not connected');
    expect(() => fixture('RUNNING', false).ssm.StartSession({ Target: target }, ctx)).toThrow('is not connected');
  });
});

describe('a session', () => {
  it('is resumed with another token, and with none when it is over', () => {
    const { ssm, store } = fixture();
    const { SessionId: id, TokenValue: first } = ssm.StartSession({ Target: target }, ctx);
    const resumed = ssm.ResumeSession({ SessionId: id }, ctx);
    expect(resumed.TokenValue).not.toBe(first);
    expect(ssm.TerminateSession({ SessionId: id }, ctx)).toEqual({ SessionId: id });
    expect(store.get(ssmSessions, id)?.terminateAt).toBeDefined();
    expect(ssm.ResumeSession({ SessionId: id }, ctx)).toEqual({ SessionId: id });
    expect(() => ssm.ResumeSession({ SessionId: 'none' }, ctx)).toThrow(
      expect.objectContaining({ code: 'DoesNotExistException' }) as Error,
    );
    // As SSM does: what is not there is not there afterwards either.
    expect(ssm.TerminateSession({ SessionId: 'none' }, ctx)).toEqual({ SessionId: 'none' });
    const other = { ...ctx, account: '111111111111' };
    expect(() => ssm.ResumeSession({ SessionId: id }, other)).toThrow('does not exist');
  });

  it('is described page by page, newest first, and forgotten after thirty days', async () => {
    const { ssm, store, clock } = fixture();
    const begun: string[] = [];
    for (let count = 0; count < 5; count++) {
      begun.unshift(ssm.StartSession({ Target: target }, ctx).SessionId);
      await clock.advance(1000);
    }
    const first = ssm.DescribeSessions({ State: 'Active', MaxResults: 3 }, ctx);
    const second = ssm.DescribeSessions({ State: 'Active', MaxResults: 3, ...pick(first) }, ctx);
    expect([...first.Sessions, ...second.Sessions].map(({ SessionId }) => SessionId)).toEqual(begun);
    expect(second.NextToken).toBeUndefined();
    const one = ssm.DescribeSessions({ State: 'Active', Filters: [{ key: 'SessionId', value: begun[2] }] }, ctx);
    expect(one.Sessions).toMatchObject([{ SessionId: begun[2], Owner: ctx.caller.arn, Target: target }]);
    expect(() => ssm.DescribeSessions({ State: 'Active', NextToken: 'x' }, ctx)).toThrow('token');
    expect(() => ssm.DescribeSessions({ State: 'Active', Filters: [{ key: 'X' as 'Owner', value: '' }] }, ctx)).toThrow(
      'filter key',
    );
    const ended = clock.now();
    store.transact((tx) => {
      for (const id of begun)
        tx.update(ssmSessions, id, (row) => ({ ...row, status: 'Terminated' as const, endedAt: ended }));
    });
    expect(ssm.DescribeSessions({ State: 'History' }, ctx).Sessions).toHaveLength(5);
    await clock.advance(31 * 24 * 3_600_000);
    ssm.StartSession({ Target: target }, ctx);
    expect(ssm.DescribeSessions({ State: 'History' }, ctx).Sessions).toEqual([]);
  });
});

function pick({ NextToken }: { NextToken?: string }): { NextToken?: string } {
  return NextToken === undefined ? {} : { NextToken };
}
