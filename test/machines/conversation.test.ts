import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { systemIds } from '../../src/base/ids.ts';
import { silentLog } from '../../src/base/log.ts';
import { Fleet } from '../../src/fleet/fleet.ts';
import { TelemetrySession } from '../../src/fleet/telemetry-session.ts';
import { containerInstances, tasks } from '../../src/store/tables/ecs.ts';
import { machines } from '../../src/store/tables/fleet.ts';
import { readAgentMessage } from '../../src/wire/agent-messages.ts';
import { loopback } from '../../src/wire/loopback.ts';
import type { AgentMessage, ServerMessage } from '../../src/wire/messages.ts';
import type { MessageSocket } from '../../src/wire/socket-channel.ts';
import { startApi, type ApiServer } from '../bad-input/front-for-tests.ts';
import { eventually } from '../support/clients.ts';
import { discovery, filled, registration, sessionFrames, stateChanges, telemetryFrames } from './conversation.ts';

// What a genuine agent was seen to say, replayed where there is none: every form of it is understood, and has its effect.

let api: ApiServer;
let instance: string;
let task: string;
let heard: ServerMessage[];
let agent: { say: (frame: string) => void };

async function call<Answer>(operation: string, body: unknown): Promise<Answer> {
  const answer = await api.ask({
    service: 'ecs',
    operation,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  expect(answer.text).not.toContain('__type');
  return JSON.parse(answer.text) as Answer;
}

/** A task as it is placed on the instance and told to its agent. */
async function begin(): Promise<void> {
  heard = [];
  await call('CreateCluster', { clusterName: registration.cluster });
  const { containerInstance } = await call<{
    containerInstance: { containerInstanceArn: string; attributes: { name: string; value?: string }[] };
  }>('RegisterContainerInstance', registration);
  // The agent ends for good when one that has a value is not answered as it came.
  expect(containerInstance.attributes).toEqual(expect.arrayContaining(registration.attributes));
  instance = containerInstance.containerInstanceArn;
  const { store } = api;
  const fleet = new Fleet({
    store,
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    scope: { account: '000000000000', region: 'us-east-1' },
    tunnels: { port: 21_000, publicPool: '100.127.0.0/24' },
    resolveImage: (image) => ({ image }),
    translateBalancer: () => undefined,
    storeLogs: ({ sequence }) => ({ sequence }),
  });
  const { left, right } = loopback<AgentMessage, ServerMessage>();
  left.onMessage((message) => heard.push(message));
  agent = {
    say(frame) {
      const message = readAgentMessage(frame);
      expect(message).toBeDefined();
      if (message !== undefined) left.send(message);
    },
  };
  const row = store.get(containerInstances, instance);
  if (row === undefined) throw new Error('the instance is not registered');
  fleet.connect(
    {
      id: row.machineId,
      attributes: row.attributes,
      resources: row.resources,
      registration: { clusterArn: row.clusterArn, containerInstanceArn: row.arn },
    },
    right,
  );
  await call('RegisterTaskDefinition', {
    family: 'web',
    networkMode: 'bridge',
    containerDefinitions: [
      {
        name: 'main',
        image: 'web',
        memory: 64,
        portMappings: [{ containerPort: 80 }],
        healthCheck: { command: ['CMD', 'true'] },
      },
      { name: 'init', image: 'web', memory: 64, essential: false },
    ],
  });
  const run = await call<{ tasks: { taskArn: string }[]; failures: unknown[] }>('RunTask', {
    cluster: registration.cluster,
    launchType: 'EXTERNAL',
    taskDefinition: 'web',
  });
  expect(run.failures).toEqual([]);
  task = run.tasks[0]?.taskArn ?? '';
}

beforeAll(async () => {
  api = await startApi();
  await begin();
  return () => api.close();
});

const messageId = async (type: 'PayloadMessage' | 'TaskManifestMessage'): Promise<string> => {
  const found = await eventually(`${type} is heard`, 5_000, () => heard.find((message) => message.type === type));
  return (found.message as { messageId: string }).messageId;
};

describe('a genuine agent', () => {
  it('finds its websockets', async () => {
    const body = filled(discovery, { instance });
    expect(await call('DiscoverPollEndpoint', body)).toEqual({
      endpoint: `${api.endpoint}/acs`,
      telemetryEndpoint: `${api.endpoint}/tcs`,
    });
  });

  it('hears of its tasks in messages of Amazon alone, and is understood', async () => {
    const message = await messageId('PayloadMessage');
    const manifest = await messageId('TaskManifestMessage');
    for (const frame of sessionFrames) {
      const answers = frame.type === 'TaskStopVerificationMessage' ? manifest : message;
      agent.say(filled(frame, { instance, message: answers }));
    }
    const verified = await eventually('what is to stop is told', 5_000, () =>
      heard.find(({ type }) => type === 'TaskStopVerificationAck'),
    );
    expect(verified.message).toMatchObject({ messageId: manifest, stopTasks: [{ taskArn: 'arn:gone' }] });
    expect(new Set(heard.map(({ type }) => type))).toEqual(
      new Set(['PayloadMessage', 'TaskManifestMessage', 'TaskStopVerificationAck']),
    );
  });

  it('tells what becomes of a task, and of its health', async () => {
    const [pending, running, stopped] = stateChanges.map((change) => filled(change, { task }));
    const row = () => api.store.get(tasks, task);
    expect(await call('SubmitTaskStateChange', pending)).toEqual({ acknowledgment: 'ACK' });
    expect(row()?.containers[0]).toMatchObject({ imageDigest: 'sha256:aa', lastStatus: 'PENDING' });
    await call('SubmitTaskStateChange', running);
    expect(row()).toMatchObject({
      reported: { status: 'RUNNING', pullStartedAt: 1767225600061, pullStoppedAt: 1767225601132 },
      containers: [
        { lastStatus: 'RUNNING', networkBindings: [{ hostPort: 32768 }] },
        { lastStatus: 'STOPPED', exitCode: 0 },
      ],
    });
    const acknowledged: string[] = [];
    const socket = quietSocket(acknowledged);
    const session = new TelemetrySession({
      store: api.store,
      clock: systemClock,
      log: silentLog,
      storeLogs: ({ sequence }) => ({ sequence }),
      machineId: row()?.machineId ?? '',
      socket,
      accepts: () => true,
      onClosed: () => {},
    });
    onTestFinished(() => session.close());
    for (const frame of telemetryFrames) {
      socket.say(`Host: a\r\nX-Amz-Date: 20260101T000000Z\r\n\r\n${filled(frame, { instance, task })}`);
    }
    await eventually('each is acknowledged', 5_000, () => acknowledged.length === 4 || undefined);
    expect(acknowledged.toSorted()).toEqual([
      'AckPublishHealth',
      'AckPublishInstanceStatus',
      'AckPublishMetric',
      'AckPublishMetric',
    ]);
    expect(row()?.healthStatus).toBe('HEALTHY');
    expect(api.store.get(machines, row()?.machineId ?? '')?.statuses).toMatchObject([{ status: 'OK' }]);
    await call('SubmitTaskStateChange', stopped);
    expect(row()).toMatchObject({
      reported: { status: 'STOPPED', executionStoppedAt: 1767225700283 },
      containers: [{ lastStatus: 'STOPPED', exitCode: 3 }, { exitCode: 0 }],
    });
  });
});

/** A socket whose other end is the test's. */
function quietSocket(acknowledged: string[]): MessageSocket & { say: (text: string) => void } {
  let receive: (data: Buffer, isBinary: boolean) => void = () => {};
  return {
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 0,
    send: (text) => void acknowledged.push((JSON.parse(text) as { type: string }).type),
    close: () => {},
    terminate: () => {},
    on(event: string, listener: (...words: never[]) => void) {
      if (event === 'message') receive = listener as typeof receive;
      return undefined;
    },
    say: (text) => receive(Buffer.from(text), false),
  };
}
