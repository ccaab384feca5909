import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { AwsError } from '../base/errors.ts';
import { systemIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Session } from '../model/ssm/session.ts';
import { Vault } from '../store/keys/vault.ts';
import { beginSession, resumeSession, type SessionOrder } from '../store/sessions.ts';
import { Store } from '../store/store.ts';
import { kmsAliases, kmsKeys } from '../store/tables/kms.ts';
import { logGroups, newLogGroup } from '../store/tables/logs.ts';
import { ssmSessions } from '../store/tables/sessions.ts';
import type { TunnelListener, TunnelTarget } from '../wire/tunnel.ts';
import { DataChannelClient, type DataChannelClientOptions } from './client.ts';
import { Gateway } from './gateway.ts';

const order: SessionOrder = {
  account: '000000000000',
  region: 'us-east-1',
  idPrefix: 'test',
  target: 'ecs:c_t_r',
  documentName: 'd',
  owner: 'o',
  taskArn: 'task',
  container: 'web',
  machineId: 'machine',
  purpose: { kind: 'command', command: ['sh'] },
  logging: {},
};

/** A gateway behind a real port, on a store in memory, whose tunnels are seen through. */
async function start(
  store = new Store([ssmSessions, kmsKeys, kmsAliases, logGroups]),
  folder = mkdtempSync(join(tmpdir(), 'stowage-gateway-')),
) {
  const vault = new Vault({ ids: systemIds, root: new Uint8Array(32) });
  const deps = { store, clock: systemClock, ids: systemIds, vault };
  const tunnels: { to: TunnelTarget; listener: TunnelListener; written: string; closed: boolean }[] = [];
  const logged: { sequence: number; logStream: string; events: readonly { message: string }[] }[] = [];
  const objects: { key: string; text: string }[] = [];
  let s3: AwsError | undefined;
  const gateway = new Gateway({
    ...deps,
    log: silentLog,
    logs: {
      take: (output) => {
        logged.push(output);
        return Promise.resolve({ sequence: output.sequence });
      },
    },
    spoolFolder: folder,
    putObject: async ({ bucket, key, content }) => {
      if (s3 !== undefined) throw s3;
      let text = '';
      for await (const chunk of content) text += Buffer.from(chunk).toString();
      objects.push({ key: `${bucket}/${key}`, text });
    },
    openTunnel: (_machine, _task, to, listener) => {
      const tunnel = { to, listener, written: '', closed: false };
      tunnels.push(tunnel);
      return {
        write: (data) => {
          tunnel.written += Buffer.from(data).toString();
          return Promise.resolve();
        },
        passedOn: () => {},
        end: () => {},
        resize: () => {},
        close: () => (tunnel.closed = true),
      };
    },
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    void gateway.upgrade(request, socket, head).then((known) => {
      if (!known) socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    await gateway.close();
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });
  const begin = (more: Partial<SessionOrder> = {}) => beginSession(deps, { ...order, ...more }, endpoint);
  const row = (id: string): Session | undefined => store.get(ssmSessions, id);
  const client = (
    access: { sessionId: string; streamUrl: string; tokenValue: string },
    more: Partial<DataChannelClientOptions> = {},
  ) =>
    new DataChannelClient({
      ...deps,
      ...more,
      access,
      resume: () => {
        const session = row(access.sessionId);
        return Promise.resolve(session && resumeSession(deps, session, endpoint));
      },
      onData: () => {},
    });
  return {
    gateway,
    vault,
    store,
    folder,
    tunnels,
    logged,
    objects,
    begin,
    row,
    client,
    refuse: (error: AwsError) => (s3 = error),
  };
}

/** How a connection ends that shows this token. */
function closeCode(url: string, token: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = new WebSocket(url);
  socket.addEventListener('open', () => socket.send(JSON.stringify({ TokenValue: token })));
  socket.addEventListener('close', ({ code }) => resolve(code));
  return promise;
}

describe('the gateway', () => {
  it('opens a session with its token, once', async () => {
    const { begin, row, client, tunnels } = await start();
    const access = begin();
    expect(row(access.sessionId)?.status).toBe('Connecting');
    const first = client(access);
    await first.ready;
    expect(row(access.sessionId)?.status).toBe('Connected');
    expect(await closeCode(access.streamUrl, access.tokenValue)).toBe(1008);
    expect(await closeCode(access.streamUrl, 'guess')).toBe(1008);
    expect(await closeCode(access.streamUrl.replace(access.sessionId, 'none'), access.tokenValue)).toBe(1006);
    first.resize(90, 30);
    await first.send(Buffer.from('typed'));
    first.terminate();
    expect(await first.closed).toBe('');
    expect(tunnels).toMatchObject([
      { to: { container: 'web', command: ['sh'], columns: 90, rows: 30 }, written: 'typed' },
    ]);
    expect(tunnels[0]?.closed).toBe(true);
    expect(row(access.sessionId)).toMatchObject({ status: 'Terminated', endedAt: expect.any(Number) as number });
    // Nothing is left to connect to.
    expect(await closeCode(access.streamUrl, access.tokenValue)).toBe(1006);
  });

  it('keeps a session over a lost connection', async () => {
    const { begin, client, tunnels } = await start();
    const one = client(begin());
    await one.ready;
    one.resize(80, 24);
    await one.send(Buffer.from('before'));
    one.drop();
    await one.send(Buffer.from(' and after'));
    await expect.poll(() => tunnels[0]?.written).toBe('before and after');
    expect(tunnels).toHaveLength(1);
    tunnels[0]?.listener.closed({ exitCode: 5 });
    expect(await one.closed).toBe('');
    expect(one.exitCode).toBe(5);
  });

  it('ends a session that is to be terminated, and tells why a program did not start', async () => {
    const { store, begin, client, tunnels } = await start();
    const access = begin();
    const one = client(access);
    await one.ready;
    store.transact((tx) => tx.update(ssmSessions, access.sessionId, (row) => ({ ...row, terminateAt: 1 })));
    expect(await one.closed).toBe('');
    const other = client(begin());
    await other.ready;
    other.resize(80, 24);
    await expect.poll(() => tunnels[0]).toBeDefined();
    tunnels[0]?.listener.closed({ error: 'no such file' });
    expect(await other.closed).toBe(
      '\n----------ERROR-------\nUnable to start command: Failed to start pty: no such file\n',
    );
  });

  it('logs what a terminal prints, line by line and as one object', async () => {
    const { begin, client, tunnels, logged, objects, folder } = await start();
    const logging = {
      cloudWatch: { region: 'us-east-1', logGroup: '/exec', encrypted: false },
      s3: { bucket: 'b', prefix: 'p', encrypted: false },
    };
    const access = begin({ logging });
    const one = client(access);
    await one.ready;
    one.resize(80, 24);
    await expect.poll(() => tunnels[0]).toBeDefined();
    const text = 'one\r\ntwo\r\n\r\nthr€e';
    // Cut in the middle of a character.
    const bytes = Buffer.from(text);
    tunnels[0]?.listener.data(bytes.subarray(0, 16));
    tunnels[0]?.listener.data(bytes.subarray(16));
    tunnels[0]?.listener.closed({ exitCode: 0 });
    await one.closed;
    await expect.poll(() => objects).toEqual([{ key: `b/p/${access.sessionId}.log`, text }]);
    expect(logged.flatMap(({ events }) => events.map(({ message }) => message))).toEqual(['one', 'two', 'thr€e']);
    expect(logged.every(({ logStream }) => logStream === access.sessionId)).toBe(true);
    await expect.poll(() => readdirSync(folder)).toEqual([]);
  });

  it('begins nothing that a log group without a key would log where one is wanted; every bucket is encrypted', async () => {
    const { store, begin, client, tunnels } = await start();
    const group = newLogGroup(order, '/exec', 0, systemIds);
    store.transact((tx) => tx.put(logGroups, group));
    const cloudWatch = { region: 'us-east-1', logGroup: '/exec', encrypted: true };
    const output = await client(begin({ logging: { cloudWatch } })).closed;
    expect(output).toContain('encryption is not set up on the selected CloudWatch Logs log group');
    expect(tunnels).toEqual([]);
    store.transact((tx) => tx.put(logGroups, { ...group, kmsKeyArn: 'arn' }));
    await client(begin({ logging: { cloudWatch } })).ready;
    await expect.poll(() => tunnels).toHaveLength(1);
    const one = client(begin({ logging: { s3: { bucket: 'b', prefix: '', encrypted: true } } }));
    await one.ready;
    await expect.poll(() => tunnels).toHaveLength(2);
  });

  it('encrypts with a data key that was made for the session and its target, while the key can be used', async () => {
    const { store, vault, begin, client, tunnels } = await start();
    const settings = { description: '', spec: 'SYMMETRIC_DEFAULT', manager: 'CUSTOMER', policy: '', tags: [] } as const;
    const key = store.transact((tx) => vault.create(tx, order, settings, 0));
    const session = (context: (id: string) => Record<string, string>): DataChannelClient => {
      const access = begin({ kmsKeyId: 'alias/exec' });
      const generateDataKey: DataChannelClientOptions['generateDataKey'] = (keyId) => {
        expect(keyId).toBe('alias/exec');
        const plaintext = vault.random(64);
        return Promise.resolve({ plaintext, ciphertext: vault.encrypt(key, plaintext, context(access.sessionId)) });
      };
      return client(access, { generateDataKey });
    };
    const right = (id: string) => ({ 'aws:ssm:SessionId': id, 'aws:ssm:TargetId': 'ecs:c_t_r' });
    const one = session(right);
    await one.ready;
    one.resize(80, 24);
    await one.send(Buffer.from('typed'));
    await expect.poll(() => tunnels[0]?.written).toBe('typed');
    one.terminate();
    await one.closed;

    const failed = 'Fetching data key failed: Unable to retrieve data key, Error when decrypting data key';
    const other = session((id) => ({ ...right(id), 'aws:ssm:TargetId': 'ecs:c_t_other' }));
    expect(await other.closed).toContain(`${failed} InvalidCiphertextException: \n\tstatus code: 400, request id: `);
    store.transact((tx) => tx.put(kmsKeys, { ...key, state: 'Disabled' }));
    expect(await session(right).closed).toContain(`${failed} DisabledException: ${key.arn} is disabled.`);
    store.transact((tx) => tx.delete(kmsKeys, key.arn));
    expect(await session(right).closed).toContain(`${failed} AccessDeniedException: The ciphertext refers to`);
    expect(tunnels).toHaveLength(1);
  });

  it('of a process that was killed has left sessions that are over, and logs that are stored now', async () => {
    const store = new Store([ssmSessions, kmsKeys, kmsAliases, logGroups]);
    const left: Session = {
      ...order,
      id: 'left',
      createdAt: 0,
      tokenDigest: '',
      status: 'Connected',
      logging: { s3: { bucket: 'b', prefix: '', encrypted: false } },
    };
    store.transact((tx) => tx.put(ssmSessions, left));
    const folder = mkdtempSync(join(tmpdir(), 'stowage-gateway-'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'left'), 'printed before');
    writeFileSync(join(folder, 'forgotten'), 'of an installation that was emptied');
    const { objects, row } = await start(store, folder);
    expect(row('left')?.status).toBe('Terminated');
    await expect.poll(() => objects).toEqual([{ key: 'b/left.log', text: 'printed before' }]);
    await expect.poll(() => readdirSync(folder)).toEqual([]);
  });

  it('gives up a log that S3 refuses', async () => {
    const { begin, client, tunnels, folder, refuse } = await start();
    refuse(new AwsError('NoSuchBucket', 'The specified bucket does not exist', { status: 404 }));
    const one = client(begin({ logging: { s3: { bucket: 'b', prefix: '', encrypted: false } } }));
    await one.ready;
    one.resize(80, 24);
    await expect.poll(() => tunnels[0]).toBeDefined();
    tunnels[0]?.listener.data(Buffer.from('printed'));
    await expect.poll(() => readdirSync(folder)).toHaveLength(1);
    one.terminate();
    await one.closed;
    await expect.poll(() => readdirSync(folder)).toEqual([]);
  });
});
