import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { Store } from '../../store/store.ts';
import { instances } from '../../store/tables/ec2.ts';
import { joinTokens, machineKeys, members } from '../../store/tables/fleet.ts';
import { machinePaths, type JoinAnswer, type KeyOfMachine } from '../../wire/join.ts';
import { ControlError, post, type ControlAccess } from '../joined/control.ts';
import { allTables } from '../tables.ts';
import { machineRoute } from './routes.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** The paths of machines on a port, asked as programs of the same machine do, or as others. */
async function world() {
  const store = new Store(allTables);
  const clock = new FakeClock();
  const scope = { account: '000000000000', region: 'us-east-1' };
  let foreign = false;
  const route = machineRoute({
    store,
    clock,
    ids: seededIds(1),
    log: silentLog,
    publicPool: '100.127.0.0/26',
    scope,
    endpoints: ['http://192.168.1.10:4566'],
    isForeign: () => foreign,
  });
  server = createServer((request, response) => route.handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const access = (key?: KeyOfMachine): ControlAccess => ({
    url,
    region: 'us-east-1',
    key: () => key,
    clock,
    log: silentLog,
  });
  const ask = <Answer>(path: string, input: object, key?: KeyOfMachine): Promise<Answer> =>
    post<Answer>(access(key), path, input);
  return {
    store,
    clock,
    ask,
    url,
    beForeign: () => (foreign = true),
    token: async (ttlMs = 60_000) => (await ask<{ token: string }>('token', { ttlMs })).token,
    /** How a call is refused. */
    refusal: async (path: string, input: object, key?: KeyOfMachine): Promise<string> => {
      try {
        return `answered ${JSON.stringify(await ask(path, input, key))}`;
      } catch (error) {
        if (error instanceof ControlError) return `${error.status} ${error.code}: ${error.message}`;
        throw error;
      }
    },
  };
}

const machine = {
  name: 'two',
  resources: { cpu: 2048, memory: 4000 },
  arch: 'x64',
  cluster: 'default',
  attributes: {},
};

it('takes a machine in, once for each token', async () => {
  const { store, ask, token, refusal } = await world();
  const given = await token();
  const answer = await ask<JoinAnswer>('join', {
    ...machine,
    token: given,
    attributes: { rack: 'b' },
    zone: 'us-east-1b',
  });
  expect(answer).toMatchObject({ region: 'us-east-1', publicPool: '100.127.0.0/26' });
  expect(store.get(members, answer.machineId)).toMatchObject({ name: 'two', instanceId: answer.instanceId });
  expect(store.get(instances, answer.instanceId ?? '')).toMatchObject({
    instanceType: 'stowage.machine',
    size: { vcpus: 2, memoryMiB: 4000 },
    availabilityZone: 'us-east-1b',
    hostId: answer.machineId,
    state: 'pending',
  });
  expect(await refusal('join', { ...machine, token: given })).toMatch(
    /^403 InvalidToken: the token was used already, by the machine m-/,
  );
  // Nothing in the store opens anything to whoever reads the journal.
  expect(JSON.stringify(store.list(joinTokens))).not.toContain(given);
});

it('refuses tokens that are over, and those it never gave', async () => {
  const { clock, token, refusal, store } = await world();
  const given = await token(60_000);
  await clock.advance(60_000);
  expect(await refusal('join', { ...machine, token: given })).toMatch(/^403 InvalidToken: the token has expired/);
  expect(await refusal('join', { ...machine, token: 'guessed' })).toMatch(/^403 InvalidToken: the token is not one/);
  expect(await refusal('token', { ttlMs: 1 })).toMatch(/^400 ValidationError/);
  expect(store.count(members)).toBe(0);
});

it.each([
  [{ cluster: 'none' }, /^400 ClusterNotFoundException: there is no cluster none/],
  [{ cluster: 'a b' }, /^400 ValidationError: cluster/],
  [{ attributes: { 'ecs.os-type': 'x' } }, /^400 ValidationError: ecs.os-type cannot be set/],
  [{ attributes: { rack: 1 } }, /^400 ValidationError: rack=1/],
  [{ resources: { cpu: -1, memory: 1 } }, /^400 ValidationError: resources.cpu/],
  [{ zone: 'us-east-1z' }, /^400 MissingInput: No default subnet/],
  [{ name: '' }, /^400 ValidationError: name/],
])('a request that makes no sense (%j) uses no token up', async (wrong, said) => {
  const { ask, token, refusal } = await world();
  const given = await token();
  expect(await refusal('join', { ...machine, ...wrong, token: given })).toMatch(said);
  await expect(ask('join', { ...machine, token: given })).resolves.toHaveProperty('machineId');
});

it('knows a machine by its key, the last one that it used', async () => {
  const { store, ask, token, refusal, clock } = await world();
  const { key, machineId } = await ask<JoinAnswer>('join', { ...machine, token: await token() });
  await clock.advance(1000);
  const lost = await ask<KeyOfMachine>('key', {}, key);
  // The answer may have been lost on the way: it asks again with the one it has.
  const second = await ask<KeyOfMachine>('key', {}, key);
  expect(await refusal('key', {}, lost)).toMatch(/^403 AccessDenied: the key is not/);
  await ask('registry', { account: '000000000000', region: 'us-east-1' }, second);
  expect(await refusal('key', {}, key)).toMatch(/^403 AccessDenied: the key is not/);
  expect(store.by(machineKeys, 'machine', machineId)).toHaveLength(1);
  const forged = { ...second, secretAccessKey: 'guessed' };
  expect(await refusal('key', {}, forged)).toMatch(/^403 AccessDenied: the signature is not right/);
  expect(await refusal('key', {})).toMatch(/^403 AccessDenied: the request is not signed/);
});

it("lets programs of other machines ask for nothing but what is a machine's", async () => {
  const { ask, token, refusal, beForeign, url } = await world();
  const given = await token();
  beForeign();
  for (const path of ['token', 'list', 'remove']) {
    expect(await refusal(path, {})).toMatch(/^403 AccessDenied: this path is for programs of the control plane's own/);
  }
  await expect(ask('join', { ...machine, token: given })).resolves.toHaveProperty('machineId');
  expect(await refusal('nothing', {})).toMatch(/^404/);
  expect((await fetch(`${url}${machinePaths}list`)).status).toBe(405);
  expect((await fetch(`${url}${machinePaths}join`, { method: 'POST', body: '[' })).status).toBe(400);
});

it('tells a machine that was removed that it is, for good', async () => {
  const { store, clock, ask, token, refusal } = await world();
  const { key, machineId } = await ask<JoinAnswer>('join', { ...machine, token: await token() });
  expect(await refusal('remove', { id: 'm-none' })).toMatch(/^404 NotFound/);
  await ask('remove', { id: machineId, force: true });
  expect(store.get(members, machineId)).toMatchObject({ leavingSince: clock.now(), forced: true });
  expect(await ask('leave', {}, key)).toEqual({ left: false, tasks: 0 });
  store.transact((tx) => tx.update(members, machineId, (row) => ({ ...row, removedAt: clock.now() })));
  expect(await ask('leave', {}, key)).toEqual({ left: true, tasks: 0 });
  expect(await refusal('registry', { account: '1', region: 'x' }, key)).toMatch(/^410 MachineRemoved/);
  expect(await refusal('remove', { id: machineId })).toMatch(/^404 NotFound/);
});
