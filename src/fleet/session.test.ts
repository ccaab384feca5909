import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { allTables } from '../main/tables.ts';
import { Store } from '../store/store.ts';
import { machines } from '../store/tables/fleet.ts';
import { loopback } from '../wire/loopback.ts';
import type { AgentMessage, Channel, ServerMessage } from '../wire/messages.ts';
import { Fleet } from './fleet.ts';
import type { SessionTerms } from './session.ts';

const minuteMs = 60_000;

let clock: FakeClock;
let store: Store;
let fleet: Fleet;
let agent: Channel<AgentMessage, ServerMessage>;
let heard: ServerMessage[];

/** Connects a machine that answers heartbeats when it is told to, and acknowledges nothing. */
async function connect(terms: SessionTerms, answers: boolean): Promise<void> {
  const { left, right } = loopback<AgentMessage, ServerMessage>();
  agent = left;
  heard = [];
  left.onMessage((message) => {
    heard.push(message);
    if (answers && message.type === 'HeartbeatMessage') {
      left.send({ type: 'HeartbeatAckRequest', message: { messageId: message.message.messageId } });
    }
  });
  fleet.connect({ id: 'machine', attributes: [], resources: { cpu: 1024, memory: 1024 } }, right, terms);
  await pass(10);
}

/** Passes time in steps in which messages arrive. */
async function pass(ms: number, stepMs = 1_000): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await clock.advance(Math.min(stepMs, ms - passed));
    await new Promise((arrived) => setImmediate(arrived));
  }
}

const isConnected = (): boolean => store.get(machines, 'machine')?.connected === true;

beforeEach(() => {
  clock = new FakeClock();
  store = new Store(allTables);
  fleet = new Fleet({
    store,
    clock,
    ids: seededIds(1),
    log: silentLog,
    scope: { account: '000000000000', region: 'us-east-1' },
    tunnels: { port: 21_000, publicPool: '100.127.0.0/24' },
    resolveImage: (image) => ({ image }),
    translateBalancer: () => undefined,
    storeLogs: ({ sequence }) => ({ sequence }),
  });
});

it('beats at least every half minute, and is over when nobody answers who ought to', async () => {
  await connect({ answersHeartbeats: true, expires: false }, true);
  await pass(10 * minuteMs);
  expect(heard.filter(({ type }) => type === 'HeartbeatMessage').length).toBeGreaterThanOrEqual(20);
  expect(isConnected()).toBe(true);
  await connect({ answersHeartbeats: true, expires: false }, false);
  await pass(3 * minuteMs);
  expect(isConnected()).toBe(false);
});

it('goes on with an older agent, which answers no heartbeats', async () => {
  await connect({ answersHeartbeats: false, expires: false }, false);
  await pass(10 * minuteMs);
  expect(isConnected()).toBe(true);
});

it('ends after half an hour where connections expire', async () => {
  await connect({ answersHeartbeats: true, expires: true }, true);
  let closed = false;
  agent.onClose(() => (closed = true));
  await pass(29 * minuteMs);
  expect(closed).toBe(false);
  await pass(2 * minuteMs);
  expect(closed).toBe(true);
});

it('says four times what nobody acknowledges', async () => {
  await connect({ answersHeartbeats: true, expires: false }, true);
  await pass(10 * minuteMs);
  expect(heard.filter(({ type }) => type === 'TaskManifestMessage')).toHaveLength(4);
});
