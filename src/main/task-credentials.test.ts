import { beforeEach, expect, it } from 'vitest';
import { FakeClock, isoOf } from '../base/clock.ts';
import { seededIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { Fleet } from '../fleet/fleet.ts';
import { newTask } from '../model/ecs/new-task.ts';
import type { Task } from '../model/ecs/task.ts';
import type { TaskDefinition } from '../model/ecs/task-definition.ts';
import { Store } from '../store/store.ts';
import { taskDefinitions, tasks } from '../store/tables/ecs.ts';
import { taskCredentials } from '../store/tables/fleet.ts';
import { nameKey, roles, sessions } from '../store/tables/iam.ts';
import type { IamRoleCredentials } from '../wire/acs.ts';
import { loopback } from '../wire/loopback.ts';
import type { AgentMessage, ServerMessage } from '../wire/messages.ts';
import { allTables } from './tables.ts';
import { keepTaskCredentials } from './task-credentials.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const hourMs = 3_600_000;

let clock: FakeClock;
let store: Store;
let fleet: Fleet;
/** What the machine was told, over all its sessions. */
let heard: ServerMessage[];
let task: Task;

const roleArn = (name: string): string => `arn:aws:iam::${scope.account}:role/${name}`;

function addRole(name: string): void {
  store.transact((tx) =>
    tx.put(roles, {
      account: scope.account,
      arn: roleArn(name),
      id: `AROA${name.toUpperCase()}`,
      name,
      path: '/',
      createdAt: 0,
      tags: [],
      trustPolicy: '{}',
      maxSessionSeconds: 3600,
      attachedPolicies: [],
      inlinePolicies: {},
    }),
  );
}

/** A control plane on the store as it is, and a machine that connects to it. */
async function begin(): Promise<void> {
  const ids = seededIds(clock.now());
  fleet = new Fleet({
    store,
    clock,
    ids,
    log: silentLog,
    scope,
    tunnels: { port: 21_000, publicPool: '100.127.0.0/24' },
    resolveImage: (image) => ({ image }),
    translateBalancer: () => undefined,
    credentialsOf: keepTaskCredentials({ store, clock, ids }),
    storeLogs: ({ sequence }) => ({ sequence }),
  });
  const { left, right } = loopback<AgentMessage, ServerMessage>();
  left.onMessage((message) => {
    // Hours pass at once here, so that what is not acknowledged in time comes again.
    const { messageId: id } = message.message as { messageId?: string };
    if (heard.some((earlier) => (earlier.message as { messageId?: string }).messageId === id)) return;
    heard.push(message);
    if (message.type === 'PayloadMessage' || message.type === 'TaskManifestMessage') {
      const { messageId } = message.message;
      left.send({ type: 'AckRequest', message: { cluster: '', containerInstance: '', messageId } });
    }
    if (message.type === 'IAMRoleCredentialsMessage') {
      const { messageId, roleCredentials } = message.message;
      const { expiration, credentialsId } = roleCredentials;
      left.send({ type: 'IAMRoleCredentialsAckRequest', message: { messageId, expiration, credentialsId } });
    }
    if (message.type === 'HeartbeatMessage') {
      left.send({ type: 'HeartbeatAckRequest', message: { messageId: message.message.messageId } });
    }
  });
  fleet.connect({ id: 'machine', attributes: [], resources: { cpu: 1024, memory: 1024 } }, right);
  await pass(10);
}

async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  for (let i = 0; i < 10; i++) await clock.advance(0);
}

/** Every set of credentials that was told of the task role. */
const told = (): IamRoleCredentials[] =>
  heard.flatMap((message) => {
    if (message.type === 'PayloadMessage') return message.message.tasks.flatMap((each) => each.roleCredentials ?? []);
    const renewed = message.type === 'IAMRoleCredentialsMessage' && message.message.roleType === 'TaskApplication';
    return renewed ? [message.message.roleCredentials] : [];
  });

beforeEach(async () => {
  clock = new FakeClock();
  store = new Store(allTables);
  heard = [];
  addRole('app');
  addRole('execution');
  const definition: TaskDefinition = {
    ...scope,
    arn: `arn:aws:ecs:us-east-1:${scope.account}:task-definition/web:1`,
    family: 'web',
    revision: 1,
    status: 'ACTIVE',
    document: {
      networkMode: 'none',
      taskRoleArn: roleArn('app'),
      executionRoleArn: roleArn('execution'),
      containerDefinitions: [{ name: 'web', image: 'web' }],
    },
    requiresAttributes: [],
    compatibilities: ['EC2'],
    registeredAt: 0,
    registeredBy: 'me',
    tags: [],
  };
  const order = {
    scope,
    clusterArn: `arn:aws:ecs:us-east-1:${scope.account}:cluster/default`,
    definition,
    launchType: 'EC2',
    group: 'family:web',
    overrides: {},
    enableExecuteCommand: false,
    tags: [],
    loadBalancers: [],
  } as const;
  task = { ...newTask(order, seededIds(1), clock.now()), lastStatus: 'RUNNING', machineId: 'machine' };
  store.transact((tx) => {
    tx.put(taskDefinitions, definition);
    tx.put(tasks, task);
  });
  await begin();
});

it('begins a session of the role for the task, for six hours', () => {
  const [credentials] = told();
  expect(credentials).toMatchObject({ roleArn: roleArn('app'), expiration: isoOf(clock.now() - 10 + 6 * hourMs) });
  expect(store.get(sessions, credentials?.accessKeyId ?? '')).toMatchObject({
    arn: `arn:aws:sts::${scope.account}:assumed-role/app/${task.id}`,
    userId: `AROAAPP:${task.id}`,
    secretAccessKey: credentials?.secretAccessKey,
    sessionToken: credentials?.sessionToken,
  });
});

it('renews both roles before they expire, under the same id, as long as the task runs', async () => {
  await pass(4 * hourMs);
  expect(told()).toHaveLength(1);
  await pass(2 * hourMs);
  const [first, second, ...more] = told();
  expect(more).toEqual([]);
  expect(second?.credentialsId).toBe(first?.credentialsId);
  expect(second?.accessKeyId).not.toBe(first?.accessKeyId);
  const renewals = heard.filter((message) => message.type === 'IAMRoleCredentialsMessage');
  expect(renewals.map(({ message }) => message.roleType).toSorted()).toEqual(['TaskApplication', 'TaskExecution']);
  expect(renewals[0]?.message).toMatchObject({ taskArn: task.arn, taskClusterArn: task.clusterArn });
  await pass(24 * hourMs);
  expect(told().length).toBeGreaterThanOrEqual(6);
  expect(new Set(told().map(({ credentialsId }) => credentialsId)).size).toBe(1);
  expect(Date.parse(told().at(-1)?.expiration ?? '')).toBeGreaterThan(clock.now() + hourMs - 120_000);
});

it('tells the same again after a restart, and what was renewed meanwhile', async () => {
  fleet.close();
  await begin();
  const [first, again] = told();
  expect(again).toEqual(first);
  fleet.close();
  await clock.advance(7 * hourMs);
  await begin();
  const [, , renewed] = told();
  expect(renewed).toMatchObject({ credentialsId: first?.credentialsId, roleArn: first?.roleArn });
  expect(renewed?.accessKeyId).not.toBe(first?.accessKeyId);
});

it('gives none of a role that is gone, and forgets a task that is over', async () => {
  store.transact((tx) => tx.delete(roles, nameKey(scope.account, 'app')));
  await pass(6 * hourMs);
  expect(told()).toHaveLength(1);
  expect(store.count(taskCredentials)).toBe(2);
  store.transact((tx) => tx.update(tasks, task.arn, (row): Task => ({ ...row, lastStatus: 'DEPROVISIONING' })));
  await pass(10);
  expect(store.count(taskCredentials)).toBe(0);
  const before = heard.length;
  await pass(12 * hourMs);
  expect(heard.slice(before).filter(({ type }) => type === 'IAMRoleCredentialsMessage')).toEqual([]);
});
