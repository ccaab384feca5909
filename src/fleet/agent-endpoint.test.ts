import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { refuseUpgrade } from '../aws/upgrades.ts';
import { isoOf, systemClock } from '../base/clock.ts';
import { seededIds, systemIds } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { sha256Hex, signatureAlgorithm, signatureOf, signingTime } from '../base/sigv4.ts';
import { agentAuthenticator } from '../main/agent-authenticator.ts';
import { allTables } from '../main/tables.ts';
import { clusterArn, containerInstanceArn, taskArn } from '../model/ecs/arns.ts';
import type { ContainerInstance } from '../model/ecs/container-instance.ts';
import { newTask } from '../model/ecs/new-task.ts';
import type { Task } from '../model/ecs/task.ts';
import type { TaskDefinition } from '../model/ecs/task-definition.ts';
import { Store } from '../store/store.ts';
import { containerInstances, taskDefinitions, tasks } from '../store/tables/ecs.ts';
import { machines } from '../store/tables/fleet.ts';
import { AgentEndpoint } from './agent-endpoint.ts';
import type { FleetDeps } from './deps.ts';
import { Fleet } from './fleet.ts';

const scope = { account: '000000000000', region: 'us-east-1' };
const cluster = clusterArn(scope, 'demo');
const arn = containerInstanceArn(scope, 'demo', 'a');
const keys = { accessKeyId: 'ASIA1', secretAccessKey: 'secret', sessionToken: 'token' };

const definition: TaskDefinition = {
  ...scope,
  arn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
  family: 'web',
  revision: 1,
  status: 'ACTIVE',
  document: {
    containerDefinitions: [{ name: 'web', image: 'web', healthCheck: { command: ['CMD', 'true'] } }],
  },
  requiresAttributes: [],
  compatibilities: ['EC2', 'EXTERNAL'],
  registeredAt: 0,
  registeredBy: 'me',
  tags: [],
};

function instance(attributes: ContainerInstance['attributes']): ContainerInstance {
  return {
    ...scope,
    arn,
    id: 'a',
    clusterArn: cluster,
    machineId: 'a',
    status: 'ACTIVE',
    taskInterfaces: 0,
    resources: { cpu: 1024, memory: 1024, ports: [] },
    attributes,
    versionInfo: {},
    tags: [],
    registeredAt: 0,
    version: 1,
  };
}

/** A control plane's part for agents behind a real port, with one instance and one task on it. */
async function start(attributes: ContainerInstance['attributes'] = [], store = new Store(allTables)) {
  const task: Task = {
    ...newTask(
      {
        scope,
        clusterArn: cluster,
        definition,
        launchType: 'EXTERNAL',
        group: 'family:web',
        overrides: {},
        enableExecuteCommand: false,
        tags: [],
        loadBalancers: [],
      },
      seededIds(1),
      0,
    ),
    arn: taskArn(scope, 'demo', 't'),
    lastStatus: 'PENDING',
    machineId: 'a',
    containerInstanceArn: arn,
  };
  store.transact((tx) => {
    tx.put(taskDefinitions, definition);
    tx.put(containerInstances, instance(attributes));
    tx.put(tasks, task);
  });
  const deps: FleetDeps = {
    store,
    clock: systemClock,
    ids: systemIds,
    log: silentLog,
    scope,
    tunnels: { port: 21_000, publicPool: '100.127.0.0/24' },
    resolveImage: (image) => ({ image }),
    translateBalancer: () => undefined,
    storeLogs: ({ sequence }) => ({ sequence }),
  };
  const fleet = new Fleet(deps);
  const authentication = {
    verify: true,
    account: scope.account,
    region: scope.region,
    credential: (id: string) =>
      id === keys.accessKeyId
        ? { ...keys, caller: { accessKeyId: id, account: scope.account, arn: 'arn', userId: 'id' } }
        : undefined,
  };
  const endpoint = new AgentEndpoint({
    ...deps,
    fleet,
    authenticate: agentAuthenticator(authentication, () => false, systemClock),
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    void endpoint.upgrade(request, socket, head).then((why) => why && refuseUpgrade(socket, why.status, why.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    fleet.close();
    endpoint.close();
    server.closeAllConnections();
    server.close();
  });
  return { store, task, fleet, host };
}

/** What an agent signs: a request to upgrade, or with a body a frame of telemetry. */
function sign(host: string, path: string, query: URLSearchParams, body = '', secret = keys.secretAccessKey) {
  const at = signingTime(isoOf(systemClock.now()));
  const scoped = { date: at.slice(0, 8), region: scope.region, service: 'ecs' };
  const headers = { host, 'x-amz-date': at, 'x-amz-security-token': keys.sessionToken };
  const signedHeaders = Object.keys(headers);
  const request = { method: 'GET', path, query, headers, signedHeaders, payload: sha256Hex(body) };
  const signature = signatureOf(request, scoped, at, secret).toString('hex');
  const credential = `${keys.accessKeyId}/${scoped.date}/${scoped.region}/ecs/aws4_request`;
  const authorization = `${signatureAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

/** An agent's end: what it heard, in order, and the close code once there is one. */
class Client {
  readonly heard: { type: string; message: Record<string, unknown> }[] = [];
  readonly #socket: WebSocket;
  readonly #path: string;
  readonly #query: URLSearchParams;
  readonly #host: string;
  closed: number | undefined;
  /** The answer to the request, when it was refused. */
  refused: { status: number | undefined; body: string } | undefined;
  opened = false;

  constructor(host: string, path: string, query: Record<string, string>, secret?: string) {
    this.#host = host;
    this.#path = path;
    this.#query = new URLSearchParams(query);
    const headers = sign(host, path, this.#query, '', secret);
    this.#socket = new WebSocket(`ws://${host}${path}?${this.#query.toString()}`, { headers });
    this.#socket.on('open', () => (this.opened = true));
    this.#socket.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString()) as Client['heard'][number]);
    });
    this.#socket.on('close', (code) => (this.closed = code));
    this.#socket.on('error', () => {});
    this.#socket.on('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => (this.refused = { status: response.statusCode, body }));
    });
    onTestFinished(() => this.#socket.terminate());
  }

  say(type: string, message: unknown): void {
    this.#socket.send(JSON.stringify({ type, message }));
  }

  /** Says it as telemetry is said, with a signature. */
  sayTelemetry(type: string, message: unknown, secret?: string): void {
    const content = JSON.stringify({ type, message });
    const headers = sign(this.#host, this.#path, this.#query, content, secret);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.send(`${lines.join('')}\r\n${content}`);
  }

  raw(text: string): void {
    this.#socket.send(text);
  }

  async hear(type: string): Promise<Record<string, unknown>> {
    const found = await until(() => this.heard.find((each) => each.type === type));
    return found.message;
  }
}

async function until<Value>(look: () => Value | undefined | false): Promise<Value> {
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await systemClock.sleep(5);
  }
}

const control = { clusterArn: 'demo', containerInstanceArn: arn, protocolVersion: '2', sendCredentials: 'true' };
const telemetry = { cluster: 'demo', containerInstance: arn };

describe('the connection of an agent', () => {
  it('carries the session: its tasks, its manifest, acknowledgments and its versions', async () => {
    const { host, store, task } = await start();
    const agent = new Client(host, '/acs/ws', {
      ...control,
      agentVersion: '1.105.1',
      agentHash: 'abc',
      dockerVersion: 'DockerVersion: 20.10.24',
    });
    const payload = await agent.hear('PayloadMessage');
    expect(payload).toMatchObject({ clusterArn: cluster, containerInstanceArn: arn, tasks: [{ arn: task.arn }] });
    const manifest = await agent.hear('TaskManifestMessage');
    expect(manifest['timeline']).toBeGreaterThan(payload['seqNum'] as number);
    expect(store.get(machines, 'a')?.connected).toBe(true);
    expect(store.get(containerInstances, arn)?.versionInfo).toEqual({
      agentVersion: '1.105.1',
      agentHash: 'abc',
      dockerVersion: 'DockerVersion: 20.10.24',
    });
    agent.say('TaskStopVerificationMessage', {
      messageId: manifest['messageId'],
      stopCandidates: [
        { taskArn: 'gone', taskClusterArn: cluster, desiredStatus: 'STOPPED' },
        { taskArn: task.arn, taskClusterArn: cluster, desiredStatus: 'STOPPED' },
      ],
    });
    expect(await agent.hear('TaskStopVerificationAck')).toMatchObject({ stopTasks: [{ taskArn: 'gone' }] });
  });

  it('tells a genuine agent nothing of its own', async () => {
    const { host } = await start();
    const agent = new Client(host, '/acs/ws', control);
    await agent.hear('TaskManifestMessage');
    expect(agent.heard.filter(({ type }) => type.startsWith('Stowage'))).toEqual([]);
    const ours = await start([{ name: 'stowage.vpc' }]);
    const own = new Client(ours.host, '/acs/ws', control);
    await own.hear('StowageManifestMessage');
  });

  it('takes the place of the one before', async () => {
    const { host, store } = await start();
    const first = new Client(host, '/acs/ws', control);
    await first.hear('TaskManifestMessage');
    const second = new Client(host, '/acs/ws', control);
    await second.hear('TaskManifestMessage');
    await until(() => first.closed);
    expect(first.heard.at(-1)?.type).toBe('CloseMessage');
    expect(store.get(machines, 'a')?.connected).toBe(true);
  });

  it('sends numbers that rise over restarts of the control plane', async () => {
    const before = await start();
    const agent = new Client(before.host, '/acs/ws', control);
    const { timeline } = await agent.hear('TaskManifestMessage');
    before.fleet.close();
    const after = await start([], before.store);
    const again = new Client(after.host, '/acs/ws', control);
    const { seqNum } = await again.hear('PayloadMessage');
    expect(seqNum).toBeGreaterThan(timeline as number);
  });

  it('ends with an ErrorMessage when it cannot be read', async () => {
    const { host, store } = await start();
    const agent = new Client(host, '/acs/ws', control);
    await agent.hear('TaskManifestMessage');
    agent.say('AckRequest', { messageId: 7 });
    expect(await agent.hear('ErrorMessage')).toEqual({ message: 'AckRequest.cluster is not a string' });
    expect(await until(() => agent.closed)).toBe(1002);
    await until(() => store.get(machines, 'a')?.connected === false);
  });

  it('ends when the instance is deregistered, and is refused from then on', async () => {
    const { host, store } = await start();
    const agent = new Client(host, '/acs/ws', control);
    const measuring = new Client(host, '/tcs/ws', telemetry);
    await agent.hear('TaskManifestMessage');
    await until(() => measuring.opened);
    store.transact((tx) => tx.update(containerInstances, arn, (row) => ({ ...row, status: 'INACTIVE' as const })));
    await until(() => agent.closed);
    await until(() => measuring.closed);
    const late = new Client(host, '/acs/ws', control);
    expect(await until(() => late.refused)).toEqual({
      status: 400,
      body: '{"InactiveInstanceException":"The container instance was deregistered."}',
    });
  });

  it.each([
    ['another path', '/acs/other', control, undefined, 404, ''],
    ['a wrong signature', '/acs/ws', control, 'another', 403, 'AccessDeniedException'],
    [
      'an instance that nobody knows',
      '/acs/ws',
      { ...control, containerInstanceArn: 'x' },
      undefined,
      400,
      'InvalidInstance',
    ],
    ['no instance', '/tcs/ws', { cluster: 'demo' }, undefined, 400, 'BadRequestException'],
    ['another cluster', '/tcs/ws', { ...telemetry, cluster: 'other' }, undefined, 400, 'InvalidClusterException'],
  ])('is refused for %s', async (_, path, query, secret, status, body) => {
    const { host } = await start();
    const agent = new Client(host, path, query, secret);
    const refused = await until(() => agent.refused);
    expect(refused).toEqual({ status, body: expect.stringContaining(body) });
  });
});

describe('telemetry', () => {
  it('tells the health of tasks and of the machine', async () => {
    const { host, store, task } = await start();
    const agent = new Client(host, '/tcs/ws', telemetry);
    await until(() => agent.opened);
    // The machine of a row that no session has made yet is not known: its control connection comes first.
    const session = new Client(host, '/acs/ws', control);
    await session.hear('TaskManifestMessage');
    agent.sayTelemetry('PublishHealthRequest', {
      metadata: { ...telemetry, messageId: 'm', fin: true },
      tasks: [
        {
          taskArn: task.arn,
          taskDefinitionFamily: 'web',
          taskDefinitionVersion: '1',
          containers: [{ containerName: 'web', healthStatus: 'HEALTHY', statusSince: 1.5 }],
        },
      ],
      timestamp: 2,
    });
    await agent.hear('AckPublishHealth');
    expect(store.get(tasks, task.arn)?.healthStatus).toBe('HEALTHY');
    agent.sayTelemetry('PublishInstanceStatusRequest', {
      metadata: { ...telemetry, requestId: 'r' },
      statuses: [{ type: 'ContainerRuntime', status: 'IMPAIRED', lastUpdated: 3, lastStatusChange: 2.25 }],
      timestamp: 3,
    });
    await agent.hear('AckPublishInstanceStatus');
    expect(store.get(machines, 'a')?.statuses).toEqual([
      { type: 'ContainerRuntime', status: 'IMPAIRED', lastUpdated: 3000, lastStatusChange: 2250 },
    ]);
    agent.sayTelemetry('PublishMetricsRequest', {
      metadata: { ...telemetry, messageId: 'm', idle: true, fin: true },
      timestamp: 3,
    });
    await agent.hear('AckPublishMetric');
  });

  it.each([
    ['whose signature is wrong', (agent: Client) => agent.sayTelemetry('PublishHealthRequest', {}, 'another')],
    ['without a signature', (agent: Client) => agent.say('PublishHealthRequest', {})],
    ['that cannot be read', (agent: Client) => agent.sayTelemetry('PublishHealthRequest', {})],
    ['of noise', (agent: Client) => agent.raw('\u0000\r\n\r\n')],
  ])('ends with a frame %s', async (_, say) => {
    const { host } = await start();
    const agent = new Client(host, '/tcs/ws', telemetry);
    await until(() => agent.opened);
    say(agent);
    await agent.hear('BadRequestException');
    expect(await until(() => agent.closed)).toBe(1008);
  });
});
