import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import type { InstanceReport, InstanceSpec } from '../../wire/instance-spec.ts';
import { createAgent, type Agent } from '../agent.ts';
import { agentOptions, container, payload, TestControl } from '../control-for-tests.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const spec = (more: Partial<InstanceSpec> = {}): InstanceSpec => ({
  instanceId: 'i-1',
  desired: 'running',
  boot: 1,
  interfaceId: 'eni-3',
  privateIp: '10.0.0.13',
  hostName: 'ip-10-0-0-13.ec2.internal',
  domainName: 'ec2.internal',
  cpus: 1,
  memoryMiB: 1024,
  metadata: { enabled: true, tokensRequired: false, hopLimit: 2, tokenKey: 'key', answersTasks: true, texts: {} },
  agent: { cluster: 'test', attributes: { stack: 'prod' }, tags: {}, memoryMiB: 985 },
  ...more,
});
/** A task of the instance: `payload` without an interface. */
const onInstance = (
  index: number,
  networkMode: PayloadTask['networkMode'],
  ...parts: Parameters<typeof container>[]
) => ({
  ...payload(
    index,
    parts.map((part) => container(...part)),
  ),
  networkMode,
  launchType: 'EC2' as const,
  elasticNetworkInterfaces: [],
});

let clock: FakeClock;
let docker: FakeDocker;
let network: FakeNetworkDriver;
/** The control plane's ends of the host's session and the instance's. */
let host: TestControl;
let inside: TestControl;
let agents: Agent[];
let introduced: string[];

function start(): Agent {
  const agent = createAgent(
    agentOptions({
      connect: () => host.connect(),
      docker,
      network,
      clock,
      machineId: 'host',
      instances: {
        connect: ({ spec: { instanceId }, attributes }) => {
          introduced.push(`${instanceId} ${attributes.find(({ name }) => name === 'stack')?.value ?? ''}`);
          return Promise.resolve(inside.connect());
        },
      },
    }),
  );
  agents.push(agent);
  agent.start();
  return agent;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2_000; i++) {
    if (await condition()) return;
    await clock.advance(100);
    await turn();
  }
  throw new Error('It never came about');
}

const tell = (instance: InstanceSpec): void =>
  host.send({ type: 'StowageInstanceMessage', message: { messageId: 'm', instance } });
const said = (): InstanceReport | undefined =>
  host.messages.flatMap((message) => (message.type === 'StowageInstanceState' ? [message.message] : [])).at(-1);
const found = async (label: string, value: string) =>
  (await docker.list(['stowage.installation=0a0a0a0a'])).find((each) => each.labels[label] === value);
const instancePid = async (): Promise<number> => (await found('stowage.instance', 'i-1'))?.pid ?? 0;
const running = (task: PayloadTask) => until(() => inside.reported(task.arn).status === 'RUNNING');

beforeEach(async () => {
  clock = new FakeClock();
  docker = new FakeDocker({ clock });
  docker.addImage('shell:latest');
  network = new FakeNetworkDriver();
  [host, inside] = [new TestControl(), new TestControl()];
  inside.vpcs.length = 0;
  agents = [];
  introduced = [];
  start();
  await until(() => host.connected);
  tell(spec());
  await until(() => said()?.state === 'running' && inside.connected);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
  await network.close();
});

it('is a network namespace with its interface, and has an agent of its own', async () => {
  expect(network.pidOf('vpc-1', 'eni-3')).toBe(await instancePid());
  expect(introduced).toEqual(['i-1 prod']);
});

it('runs without an agent where its image has none, and is not made again when networks change', async () => {
  const { agent: _none, ...bare } = spec({ instanceId: 'i-2', interfaceId: 'eni-2' });
  tell(bare);
  const reports = (): number =>
    host.messages.filter(({ type, message }) => type === 'StowageInstanceState' && message.instanceId === 'i-2').length;
  await until(() => reports() === 1);
  const before = (await found('stowage.instance', 'i-2'))?.pid;
  expect(network.pidOf('vpc-1', 'eni-2')).toBe(before);
  for (const vpc of host.vpcs) host.send({ type: 'StowageVpcMessage', message: { messageId: 'v', vpc, upcoming: [] } });
  await clock.advance(1_000);
  await turn();
  expect((await found('stowage.instance', 'i-2'))?.pid).toBe(before);
  expect([introduced.length, reports()]).toEqual([1, 1]);
});

it('tells who logs through FireLens in bridge mode where the router is', async () => {
  const hostConfig = '{"LogConfig":{"Type":"awsfirelens","Config":{"Name":"stdout"}}}';
  const task = onInstance(
    0,
    'bridge',
    ['web', 'sleep 1000', { dockerConfig: { version: '1.18', config: '{}', hostConfig } }],
    ['router', 'sleep 1000', { firelensConfiguration: { type: 'fluentbit', options: {} } }],
  );
  inside.run(task);
  await running(task);
  const pause = await found('stowage.container', '~internal~ecs~pause~router');
  const { address } = JSON.parse(pause?.labels['stowage.lease'] ?? '{}') as { address: string };
  const id = (await found('stowage.container', 'web'))?.id ?? '';
  expect(docker.specOf(id).env).toMatchObject({ FLUENT_HOST: address, FLUENT_PORT: '24224' });
});

it('leaves alone what its host keeps for tasks of its own', async () => {
  const labels = { 'stowage.installation': '0a0a0a0a', 'stowage.task': 'a task', 'stowage.machine': 'host' };
  await docker.createVolume({ name: 'scratch', labels });
  tell(spec({ instanceId: 'i-2', interfaceId: 'eni-2' }));
  // An agent has looked around before it connects.
  await until(() => introduced.some((each) => each.startsWith('i-2')));
  expect([...docker.volumes.keys()]).toEqual(['scratch']);
});

it('gives containers in bridge mode a network each, and their host ports', async () => {
  const task = onInstance(
    0,
    'bridge',
    ['db', 'sleep 1000'],
    [
      'web',
      'sleep 1000',
      {
        links: ['db:store'],
        portMappings: [
          { containerPort: 80, hostPort: 80, protocol: 'tcp' },
          { containerPort: 81, hostPort: 0, protocol: 'tcp' },
        ],
        dockerConfig: {
          version: '1.18',
          config: '{"Hostname":"front"}',
          hostConfig: '{"Dns":["10.9.9.9"],"ExtraHosts":["x:1.2.3.4"]}',
        },
      },
    ],
  );
  inside.run(task);
  await running(task);
  const plugged = network.plugged(await instancePid());
  const web = plugged.find(({ ports }) => ports.length > 0);
  const db = plugged.find(({ ports }) => ports.length === 0);
  expect(web?.ports).toEqual([
    { protocol: 'tcp', hostPort: 80, containerPort: 80 },
    { protocol: 'tcp', hostPort: 32_768, containerPort: 81 },
  ]);
  expect(inside.reported(task.arn).containers['web']?.networkBindings).toEqual([
    { bindIP: '0.0.0.0', containerPort: 80, hostPort: 80, protocol: 'tcp' },
    { bindIP: '0.0.0.0', containerPort: 81, hostPort: 32_768, protocol: 'tcp' },
  ]);
  const pause = await found('stowage.container', '~internal~ecs~pause~web');
  expect(docker.specOf(pause?.id ?? '')).toMatchObject({
    config: { Hostname: 'front' },
    hostConfig: {
      NetworkMode: 'none',
      Dns: ['10.9.9.9'],
      ExtraHosts: ['x:1.2.3.4', `store:${db?.address ?? ''}`, `front:${web?.address ?? ''}`],
    },
  });
  const app = docker.specOf((await found('stowage.container', 'web'))?.id ?? '');
  expect(app.hostConfig).toMatchObject({ NetworkMode: `container:${pause?.id ?? ''}` });
  expect(app.hostConfig).not.toHaveProperty('Dns');
  expect(app.labels['stowage.machine']).toBe('i-1');
  inside.stop(task.arn);
  await until(async () => inside.isStopped(task.arn) && network.plugged(await instancePid()).length === 0);
});

it('lets containers in host mode share its network, and those in mode none have none', async () => {
  const shared = onInstance(0, 'host', [
    'web',
    'sleep 1000',
    { portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }] },
  ]);
  const alone = onInstance(1, 'none', ['job', 'sleep 1000']);
  inside.run(shared);
  inside.run(alone);
  await running(shared);
  await running(alone);
  const mode = async (name: string) =>
    docker.specOf((await found('stowage.container', name))?.id ?? '').hostConfig['NetworkMode'];
  expect(await mode('web')).toBe(`container:${(await found('stowage.instance', 'i-1'))?.id ?? ''}`);
  expect(await mode('job')).toBe('none');
  expect(inside.reported(shared.arn).containers['web']?.networkBindings).toMatchObject([{ hostPort: 80 }]);
});

it('waits with a port until the task that has it has let go', async () => {
  const web = [
    'web',
    'sleep 1000',
    { portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' as const }] },
  ] as const;
  const [first, second] = [onInstance(0, 'bridge', [...web]), onInstance(1, 'bridge', [...web])];
  inside.run(first);
  await running(first);
  inside.stop(first.arn);
  inside.run(second);
  await running(second);
  expect(network.plugged(await instancePid()).flatMap(({ ports }) => ports)).toHaveLength(1);
});

it('is taken over with all that runs on it by the next process', async () => {
  const task = onInstance(0, 'bridge', [
    'web',
    'sleep 1000',
    { portMappings: [{ containerPort: 81, hostPort: 0, protocol: 'tcp' }] },
  ]);
  inside.run(task);
  await running(task);
  const before = (await found('stowage.container', 'web'))?.id;
  await agents.splice(0)[0]?.stop();
  host.disconnect();
  inside.disconnect();
  start();
  inside.changes.length = 0;
  await until(() => host.connected);
  tell(spec());
  await running(task);
  expect((await found('stowage.container', 'web'))?.id).toBe(before);
  expect(inside.reported(task.arn).containers['web']?.networkBindings).toMatchObject([{ hostPort: 32_768 }]);
  // What the process before had plugged is mended too, and nothing is started again.
  const pid = await instancePid();
  const plugged = network.plugged(pid);
  expect(plugged).toHaveLength(1);
  network.ruinInstance(pid);
  const ruinedAt = clock.now();
  await until(() => network.plugged(pid).length > 0);
  expect(clock.now() - ruinedAt).toBeLessThanOrEqual(30_000);
  expect(network.plugged(pid)).toEqual(plugged);
  expect((await found('stowage.container', 'web'))?.id).toBe(before);
  const next = onInstance(1, 'bridge', [
    'web2',
    'sleep 1000',
    { portMappings: [{ containerPort: 81, hostPort: 0, protocol: 'tcp' }] },
  ]);
  inside.run(next);
  await running(next);
  expect(inside.reported(next.arn).containers['web2']?.networkBindings?.[0]?.hostPort).not.toBe(32_768);
});

it.each([
  ['is rebooted', () => tell(spec({ boot: 2 }))],
  [
    'comes back when somebody kills it',
    async () => docker.crash((await found('stowage.instance', 'i-1'))?.id ?? '', 137),
  ],
] as const)('%s: what ran on it has ended', async (_, act) => {
  const task = onInstance(0, 'bridge', ['web', 'sleep 1000']);
  inside.run(task);
  await running(task);
  const before = await instancePid();
  await act();
  await until(async () => inside.isStopped(task.arn) && (await instancePid()) !== before && (await instancePid()) > 0);
  await until(async () => network.pidOf('vpc-1', 'eni-3') === (await instancePid()));
  expect(said()?.state).toBe('running');
});

it('is stopped, started again and terminated', async () => {
  const task = onInstance(0, 'bridge', ['web', 'sleep 1000']);
  inside.run(task);
  await running(task);
  tell(spec({ desired: 'stopped' }));
  await until(() => said()?.state === 'stopped');
  expect((await docker.list(['stowage.machine=i-1'])).every(({ status }) => status === 'exited')).toBe(true);
  expect(await network.listAttached('vpc-1')).toEqual([]);
  tell(spec({ boot: 2 }));
  await until(() => said()?.state === 'running' && said()?.boot === 2);
  tell(spec({ desired: 'terminated', boot: 2 }));
  await until(() => said()?.state === 'terminated');
  expect(await docker.list(['stowage.installation=0a0a0a0a'])).toEqual([]);
});

it('goes with all that runs on it when nobody speaks of it any more', async () => {
  const task = onInstance(0, 'bridge', ['web', 'sleep 1000']);
  inside.run(task);
  await running(task);
  host.send({
    type: 'StowageManifestMessage',
    message: { messageId: 'm', vpcIds: ['vpc-1'], loadBalancerArns: [], instanceIds: [] },
  });
  await until(async () => (await docker.list(['stowage.installation=0a0a0a0a'])).length === 0);
});
