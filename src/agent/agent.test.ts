import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { DriverError } from '../base/errors.ts';
import { silentLog, textLog, type Log } from '../base/log.ts';
import type { Cgroups } from '../drivers/cgroups/cgroups.ts';
import { FakeCgroups } from '../drivers/cgroups/fake.ts';
import type { ContainerSpec, DockerDriver } from '../drivers/docker/driver.ts';
import { FakeDocker } from '../drivers/docker/fake.ts';
import type { NetworkDriver } from '../drivers/network/driver.ts';
import { FakeNetworkDriver } from '../drivers/network/fake.ts';
import type { PayloadTask } from '../wire/acs.ts';
import { createAgent, type Agent } from './agent.ts';
import { engineOf } from './instances/engine-of.ts';
import { writeRouterConfig } from './firelens/router-files.ts';
import { appSpec } from './tasks/container-spec.ts';
import { agentOptions, awslogs, container, payload, TestControl } from './control-for-tests.ts';
import { mortal } from './mortal-for-tests.ts';

const label = 'stowage.installation=0a0a0a0a';
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

let clock: FakeClock;
let docker: FakeDocker;
let network: FakeNetworkDriver;
let cgroups: FakeCgroups;
let control: TestControl;
let agents: Agent[];
/** Every creation and start, by container name, over all agents. */
let lives: string[];

function agentOn(
  engine: DockerDriver = docker,
  net: NetworkDriver = network,
  connect: () => ReturnType<TestControl['connect']> | Promise<never> = () => control.connect(),
  log: Log = silentLog,
  groups: Cgroups = cgroups,
): Agent {
  const agent = createAgent(
    agentOptions({
      connect,
      docker: engine,
      network: net,
      clock,
      log,
      cgroups: groups,
    }),
  );
  agents.push(agent);
  agent.start();
  return agent;
}

/** Lets time pass until `condition` holds. */
async function until(condition: () => boolean | Promise<boolean>, stepMs = 100): Promise<void> {
  for (let i = 0; i < 2_000; i++) {
    if (await condition()) return;
    await clock.advance(stepMs);
    await turn();
  }
  throw new Error('It never came about');
}

/** The engine as the machine under test uses it. */
const onEngine = (): DockerDriver => engineOf(docker, { machineId: 'local-test', cgroupParent: '' });
const status = (task: PayloadTask): string => control.reported(task.arn).status;
const containers = (): ReturnType<FakeDocker['list']> => docker.list([label]);
const idOf = async (name: string): Promise<string> =>
  (await containers()).find((each) => each.labels['stowage.container'] === name)?.id ?? '';

beforeEach(() => {
  clock = new FakeClock();
  docker = new FakeDocker({ clock });
  docker.addImage('shell:latest');
  network = new FakeNetworkDriver();
  cgroups = new FakeCgroups();
  control = new TestControl();
  agents = [];
  lives = [];
  docker.events(
    label,
    ({ action, labels }) => {
      if (action === 'create' || action === 'start') lives.push(`${action} ${labels['stowage.container'] ?? ''}`);
    },
    () => {},
  );
});
async function closeAll(): Promise<void> {
  for (const agent of agents.splice(0)) await agent.stop();
  // Those that died are not waited for, but their sockets end by themselves.
  for (let i = 0; i < 5; i++) await turn();
  await network.close();
}
afterEach(closeAll);

describe('the life of a task', () => {
  it('runs on its interface, is stopped, and leaves nothing', async () => {
    const task = payload(0, [container('app', 'sleep 1000', { environment: { AWS_REGION: 'here', HOME: '/' } })]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    expect(await network.listAttached('vpc-1')).toEqual(['eni-0']);
    const app = docker.specOf(await idOf('app'));
    expect(app.name).toMatch(/^ecs-family-1-app-[0-9a-f]{20}$/);
    expect(app.hostConfig['NetworkMode']).toBe(`container:${await idOf('~internal~ecs~pause')}`);
    expect(app.labels).toMatchObject({
      'com.amazonaws.ecs.container-name': 'app',
      'com.amazonaws.ecs.cluster': task.taskClusterArn,
    });
    const group = `task-${task.arn.split('/').at(-1)}`;
    expect(app.hostConfig['CgroupParent']).toBe(`/fake/${group}`);
    expect([...cgroups.groups]).toEqual([[group, { cpus: 0.25, cpuUnits: 256, memoryMiB: 512, swap: false }]]);
    const id = app.env['ECS_AGENT_URI']?.split('/').at(-1) ?? '';
    expect(id).not.toBe('');
    expect(app.env).toEqual({
      HOME: '/',
      AWS_REGION: 'here',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://169.254.170.2:4566',
      AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
      ECS_AGENT_URI: `http://169.254.170.2/api/${id}`,
      ECS_CONTAINER_METADATA_URI: `http://169.254.170.2/v3/${id}`,
      ECS_CONTAINER_METADATA_URI_V4: `http://169.254.170.2/v4/${id}`,
    });
    control.stop(task.arn);
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']).toMatchObject({ status: 'STOPPED', exitCode: 143 });
    await until(async () => (await containers()).length === 0, 1000);
    expect(await network.listAttached('vpc-1')).toEqual([]);
    await until(() => cgroups.groups.size === 0);
  });

  it('waits for what it depends on, and ends with an essential container', async () => {
    const task = payload(0, [
      container('init', 'sleep 1; exit 0', { essential: false }),
      container('side', 'sleep 1000', { essential: false }),
      container('app', 'sleep 5; exit 3', { dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }] }),
    ]);
    agentOn();
    control.run(task);
    await until(() => control.reported(task.arn).containers['init']?.status === 'STOPPED');
    await until(() => status(task) === 'RUNNING');
    await until(() => status(task) === 'STOPPED');
    const { containers: ended } = control.reported(task.arn);
    expect(ended['app']).toMatchObject({ exitCode: 3 });
    expect(ended['side']).toMatchObject({ exitCode: 143 });
    expect(control.changes.at(-1)).toMatchObject({ status: 'STOPPED', pullStartedAt: expect.any(Number) as number });
    expect(control.changes.find((each) => each.status === 'STOPPED')?.executionStoppedAt).toBeDefined();
  });

  it('is told to be over in the same breath as its last container', async () => {
    const task = payload(0, [container('app', 'sleep 1; exit 3'), container('side', 'sleep 2', { essential: false })]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    const ends = control.changes.filter(({ containers: all }) => all.some((each) => each.status === 'STOPPED'));
    expect(ends.map((change) => [change.status, change.containers.map(({ containerName }) => containerName)])).toEqual([
      ['PENDING', ['app']],
      ['STOPPED', ['side']],
    ]);
  });

  it('fails when what it depends on did', async () => {
    const task = payload(0, [
      container('init', 'exit 1', { essential: false }),
      container('app', 'sleep 5', { dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }] }),
    ]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']?.reason).toBe(
      'CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [init(shell:latest) (STOPPED->RUNNING) - Exit: 1] for target [app(shell:latest) (CREATED->RUNNING)] as dependency did not exit successfully.',
    );
    expect(lives).not.toContain('start app');
  });

  it('reports health when it changes', async () => {
    const config = JSON.stringify({ Healthcheck: { Test: ['CMD-SHELL', 'exit 0'], Interval: 1e9, Retries: 1 } });
    const task = payload(0, [
      container('app', 'sleep 1000', { dockerConfig: { version: '1.18', config, hostConfig: '{}' } }),
      container('late', 'sleep 1000', { dependsOn: [{ containerName: 'app', condition: 'HEALTHY' }] }),
    ]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    const said = control.messages.filter((each) => each.type === 'PublishHealthRequest');
    expect(said.at(-1)?.message.tasks[0]?.containers[0]).toMatchObject({ healthStatus: 'HEALTHY' });
    expect(lives.indexOf('start late')).toBeGreaterThan(lives.indexOf('start app'));
  });

  it('goes on without a container that is not essential and cannot start', async () => {
    docker.addImage('broken:latest');
    docker.trouble('broken:latest', { start: new DriverError('fatal', 'Error response from daemon: no such file') });
    const task = payload(0, [
      container('app', 'sleep 1000'),
      container('side', 'sleep 1', { image: 'broken:latest', essential: false }),
      container('after', 'sleep 1', { essential: false, dependsOn: [{ containerName: 'side', condition: 'START' }] }),
    ]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    const { containers: told } = control.reported(task.arn);
    expect(told['app']).toMatchObject({ status: 'RUNNING' });
    expect(told['side']).toMatchObject({
      status: 'STOPPED',
      reason: 'CannotStartContainerError: Error response from daemon: no such file',
    });
    expect(told['after']).toMatchObject({
      status: 'STOPPED',
      exitCode: 143,
      reason:
        'CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [side(broken:latest) (CREATED->RUNNING)] for target [after(shell:latest) (CREATED->RUNNING)] because dependency will never start',
    });
  });

  describe('with a restart policy', () => {
    const restartPolicy = { enabled: true, ignoredExitCodes: [42], restartAttemptPeriod: 60 };
    const starts = (): number => lives.filter((each) => each === 'start app').length;

    it('starts a container again that ran long enough, and nobody hears of an end', async () => {
      const task = payload(0, [container('app', 'echo here; sleep 70; exit 1', { restartPolicy, ...awslogs })]);
      agentOn();
      control.run(task);
      await until(() => starts() === 3, 1000);
      expect(status(task)).toBe('RUNNING');
      expect(control.changes.flatMap(({ containers: each }) => each.map((one) => one.status))).toEqual(['RUNNING']);
      // Every life's output is delivered, in order.
      await until(() => control.lines(`web/app/${'0'.repeat(32)}`).length === 3, 1000);
      docker.crash(await idOf('app'), 42);
      await until(() => status(task) === 'STOPPED');
      expect(control.reported(task.arn).containers['app']).toMatchObject({ exitCode: 42 });
    });

    it('leaves one alone that ended too early', async () => {
      const task = payload(0, [container('app', 'sleep 59; exit 1', { restartPolicy })]);
      agentOn();
      control.run(task);
      await until(() => status(task) === 'STOPPED', 1000);
      expect(starts()).toBe(1);
    });

    it('restarts what ended while no agent was there, once', async () => {
      const task = payload(0, [container('app', 'sleep 70; exit 1', { restartPolicy })]);
      agentOn();
      control.run(task);
      await until(() => status(task) === 'RUNNING');
      await agents.pop()?.stop();
      control.disconnect();
      await until(async () => (await containers()).some((each) => each.status === 'exited'), 1000);
      agentOn();
      await until(() => starts() === 2, 10);
      await until(() => control.connected);
      expect(status(task)).toBe('RUNNING');
      // Another agent knows of it too.
      await agents.pop()?.stop();
      const last = agentOn();
      await until(() => last.tasks[0]?.containers[0]?.restarts === 1);
      control.stop(task.arn);
      await until(() => status(task) === 'STOPPED');
      expect(control.reported(task.arn).containers['app']).toMatchObject({ exitCode: 143 });
      expect(starts()).toBe(2);
    });

    it('ends with a container that cannot be started again, as it had ended', async () => {
      const task = payload(0, [container('app', 'sleep 70; exit 3', { restartPolicy })]);
      agentOn();
      control.run(task);
      await until(() => status(task) === 'RUNNING');
      docker.trouble('shell:latest', { start: new DriverError('fatal', 'Error response from daemon: no') });
      await until(() => status(task) === 'STOPPED', 1000);
      expect(control.reported(task.arn).containers['app']).toMatchObject({ exitCode: 3 });
    });
  });

  it.each([
    ['pull', 'CannotPullContainerError: Error response from daemon: manifest unknown', 'registry.test/app:1'],
    ['create', 'CannotCreateContainerError: Error response from daemon: manifest unknown', 'shell:latest'],
    ['start', 'CannotStartContainerError: Error response from daemon: manifest unknown', 'shell:latest'],
  ] as const)('says why it could not %s', async (step, reason, image) => {
    docker.trouble(image, { [step]: new DriverError('fatal', 'Error response from daemon: manifest unknown') });
    // With a log stream, which is open by the time the start fails.
    const task = payload(0, [container('app', 'sleep 10', { image, ...awslogs })]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    const app = control.reported(task.arn).containers['app'];
    expect(app).toMatchObject({ status: 'STOPPED', reason });
    expect(app?.exitCode).toBeUndefined();
    await until(async () => (await containers()).length === 0, 1000);
  });

  it('asks a registry that does not answer five times', async () => {
    docker.trouble('registry.test/app:1', { pull: new DriverError('retryable', 'dial tcp: connection refused') });
    const task = payload(0, [container('app', 'sleep 10', { image: 'registry.test/app:1' })]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    expect(docker.pulled.length).toBe(5);
    expect(control.reported(task.arn).containers['app']?.reason).toBe(
      'CannotPullContainerError: dial tcp: connection refused',
    );
  });

  it('says that memory ran out', async () => {
    const task = payload(0, [container('app', 'sleep 1000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    docker.crash(await idOf('app'), 137, true);
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']).toMatchObject({
      exitCode: 137,
      reason: 'OutOfMemoryError: Container killed due to memory usage',
    });
  });

  it('says that memory ran out where the engine says so only after the end', async () => {
    const task = payload(0, [container('app', 'sleep 1000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    const id = await idOf('app');
    docker.crash(id, 137);
    clock.after(150, () => docker.tellOutOfMemory(id));
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']).toMatchObject({
      exitCode: 137,
      reason: 'OutOfMemoryError: Container killed due to memory usage',
    });
  });

  it.each([
    ['nothing is known of its memory', undefined, 1],
    ['it came near its limit', 100 * 2 ** 20, 1],
    ['it never came near its limit', 90 * 2 ** 20, 0],
  ])('asks the engine whether memory ran out, where %s', async (_, used, times) => {
    const task = payload(0, [container('app', 'sleep 1000', { memory: 128 })]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    const id = await idOf('app');
    cgroups.used = used;
    const inspect = vi.spyOn(docker, 'inspect');
    docker.crash(id, 137);
    await until(() => status(task) === 'STOPPED');
    expect(inspect.mock.calls.filter(([asked]) => asked === id)).toHaveLength(times);
    expect(control.reported(task.arn).containers['app']).toMatchObject({ exitCode: 137 });
    expect(control.reported(task.arn).containers['app']?.reason).toBeUndefined();
  });

  it('pulls with the credentials of its registry, and uses a local image whose name has no registry', async () => {
    const registryAuthentication = {
      type: 'ecr',
      ecrAuthData: { registryId: '000000000000', region: 'us-east-1', useExecutionRole: true },
    } as const;
    const task = payload(0, [
      container('app', 'sleep 10', { image: '127.0.0.1:4566/app', registryAuthentication }),
      container('side', 'sleep 10'),
    ]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    expect(docker.pulled).toMatchObject([{ image: '127.0.0.1:4566/app', auth: { password: 'secret' } }]);
    expect(control.reported(task.arn).containers['app']?.imageDigest).toMatch(/^sha256:/);
  });
});

describe('things that happen behind our back', () => {
  it('notices a container that was removed while nobody listened', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    docker.vanish(await idOf('app'));
    await until(() => status(task) === 'STOPPED', 1000);
    expect(control.reported(task.arn).containers['app']?.reason).toMatch(/^CannotInspectContainerError/);
  });

  it('notices that the engine restarted', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    docker.restart();
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']?.exitCode).toBe(255);
    await until(async () => (await containers()).length === 0, 1000);
  });

  it('ends a task whose pause container died', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    docker.crash(await idOf('~internal~ecs~pause'), 1);
    await until(() => status(task) === 'STOPPED');
  });

  it('waits for an engine that is away', async () => {
    docker.setAlive(false);
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    await clock.advance(30_000);
    control.run(task);
    docker.setAlive(true);
    await until(() => status(task) === 'RUNNING');
  });

  it('tells everything again over a new connection, and starts nothing twice', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    control.disconnect();
    control.changes.length = 0;
    await until(() => status(task) === 'RUNNING');
    expect(lives).toEqual(
      ['create ~internal~ecs~pause', 'create app', 'start ~internal~ecs~pause', 'start app'].sort(
        (a, b) => lives.indexOf(a) - lives.indexOf(b),
      ),
    );
  });

  it('stops what its manifest does not name, once that is confirmed', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    control.tasks.clear();
    control.disconnect();
    const asked = (): boolean => control.messages.some((each) => each.type === 'TaskStopVerificationMessage');
    await until(asked);
    expect(status(task)).toBe('RUNNING');
    const { message } = control.messages.find((each) => each.type === 'TaskStopVerificationMessage') ?? {};
    control.send({
      type: 'TaskStopVerificationAck',
      message: { messageId: 'm', generatedAt: 0, stopTasks: message?.stopCandidates ?? [] },
    });
    await until(() => status(task) === 'STOPPED');
  });

  it('asks about what a killed predecessor had made of a task that it does not know, and stops it', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    await until(() => control.connected);
    const before = clock.now();
    // The request of a process that is dead by now: the engine fulfils it all the same.
    const [spec] = task.containers;
    if (spec !== undefined) await onEngine().create(appSpec('0a0a0a0a', task, spec, { pauseId: 'pause' }));
    const asked = () => control.messages.find((each) => each.type === 'TaskStopVerificationMessage');
    await until(() => asked() !== undefined);
    // By the event, not by the next listing of everything.
    expect(clock.now() - before).toBeLessThan(1_000);
    const stopTasks = asked()?.message.stopCandidates ?? [];
    expect(stopTasks.map(({ taskArn }) => taskArn)).toEqual([task.arn]);
    control.send({ type: 'TaskStopVerificationAck', message: { messageId: 'm', generatedAt: 0, stopTasks } });
    await until(() => status(task) === 'STOPPED');
    await until(async () => (await containers()).length === 0, 1000);
  });

  it('puts secrets into the environment and the log driver, and nowhere else', () => {
    const logs = { LogConfig: { Type: 'splunk', Config: { 'splunk-url': 'https://splunk' } } };
    const spec = container('app', 'run', {
      environment: { PLAIN: 'plain', PASSWORD: 'of the definition' },
      dockerConfig: { version: '1.18', config: '{}', hostConfig: JSON.stringify(logs) },
    });
    const fetched = { environment: { PASSWORD: 'hunter2' }, logOptions: { 'splunk-token': 'hunter3' } };
    const { env, hostConfig, ...rest } = appSpec('0a0a0a0a', payload(0, [spec]), spec, {
      pauseId: 'pause',
      fetched: { [spec.name]: fetched },
    });
    expect(env).toMatchObject({ PLAIN: 'plain', PASSWORD: 'hunter2' });
    expect(hostConfig['LogConfig']).toEqual({
      Type: 'splunk',
      Config: { 'splunk-url': 'https://splunk', 'splunk-token': 'hunter3' },
    });
    expect(JSON.stringify(rest)).not.toContain('hunter');
  });

  it('keeps credentials out of labels, and takes those that follow', async () => {
    const credentials = (kind: string): NonNullable<PayloadTask['roleCredentials']> => ({
      credentialsId: `${kind}-id`,
      roleArn: 'arn:aws:iam::000000000000:role/app',
      accessKeyId: `ASIA-${kind}`,
      secretAccessKey: `hunter-${kind}`,
      sessionToken: `hunter-token-${kind}`,
      expiration: '2026-01-01T06:00:00Z',
    });
    const task = {
      ...payload(0, [container('app', 'sleep 100000')]),
      roleCredentials: credentials('app'),
      executionRoleCredentials: credentials('execution'),
    };
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    const app = docker.specOf(await idOf('app'));
    expect(app.env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']).toBe('/v2/credentials/app-id');
    expect(JSON.stringify(app)).not.toMatch(/hunter|ASIA|execution-id/);
    expect(app.labels['stowage.payload']).not.toContain('app-id');
    control.send({
      type: 'IAMRoleCredentialsMessage',
      message: {
        messageId: 'renewed',
        taskArn: task.arn,
        taskClusterArn: task.taskClusterArn,
        roleType: 'TaskApplication',
        roleCredentials: { ...credentials('app'), accessKeyId: 'ASIA-new' },
      },
    });
    const ack = { messageId: 'renewed', expiration: '2026-01-01T06:00:00Z', credentialsId: 'app-id' };
    await until(() => control.messages.some(({ type }) => type === 'IAMRoleCredentialsAckRequest'));
    expect(control.messages).toContainEqual({ type: 'IAMRoleCredentialsAckRequest', message: ack });
  });

  it('removes what comes late of a task that is over', async () => {
    const task = payload(0, [container('app', 'exit 0')]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    await until(async () => (await containers()).length === 0, 1000);
    const [spec] = task.containers;
    if (spec !== undefined) await onEngine().create(appSpec('0a0a0a0a', task, spec, { pauseId: 'pause' }));
    await until(async () => (await containers()).length === 0);
  });

  it('says once that the engine is away, and goes on at once when it is back', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    const lines: string[] = [];
    agentOn(
      docker,
      network,
      undefined,
      textLog(clock, (line) => lines.push(line)),
    );
    await until(() => control.connected);
    docker.setAlive(false);
    control.run(task);
    await clock.advance(3_600_000);
    expect(lines.length).toBeLessThan(30);
    docker.setAlive(true);
    const back = clock.now();
    await until(() => status(task) === 'RUNNING', 10);
    expect(clock.now() - back).toBeLessThan(1_000);
  });

  it('ends only when nothing is being made any more', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    const made = Promise.withResolvers<void>();
    const slow = new Proxy(docker, {
      get(target, name) {
        if (name === 'create') return (spec: ContainerSpec) => made.promise.then(() => target.create(spec));
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const agent = agentOn(slow);
    control.run(task);
    await until(() => control.messages.some((each) => each.type === 'AckRequest'));
    let ended = false;
    const end = agent.stop().then(() => (ended = true));
    for (let i = 0; i < 5; i++) await turn();
    expect(ended).toBe(false);
    made.resolve();
    await end;
    expect(await containers()).toHaveLength(1);
  });

  it('reports a task as stopped that it is told to stop and never knew', async () => {
    const task = payload(0, [container('app', 'sleep 100000')]);
    agentOn();
    await until(() => control.messages.length >= 0);
    control.run({ ...task, desiredStatus: 'STOPPED' });
    await until(() => status(task) === 'STOPPED');
    expect(lives).toEqual([]);
  });
});

describe('logs', () => {
  it('delivers every line once, the last ones before the container goes', async () => {
    const task = payload(0, [container('app', 'echo one; sleep 1; echo two; echo three >&2', awslogs)]);
    agentOn();
    control.run(task);
    await until(async () => status(task) === 'STOPPED' && (await containers()).length === 0, 1000);
    expect(control.lines(`web/app/${'0'.padStart(32, '0')}`)).toEqual(['one', 'two', 'three']);
  });

  it('does not start a container whose group does not exist', async () => {
    control.logError = 'ResourceNotFoundException: The specified log group does not exist.';
    const task = payload(0, [container('app', 'echo one', awslogs)]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']?.reason).toContain('The specified log group does not exist.');
    expect(lives).not.toContain('start app');
  });

  it('holds a container up in blocking mode while what it wrote waits, and lets it go on', async () => {
    const hostConfig = JSON.stringify({
      LogConfig: {
        Type: 'awslogs',
        Config: { 'awslogs-group': '/app', 'awslogs-stream-prefix': 'web', mode: 'blocking' },
      },
    });
    const task = payload(0, [
      container('app', 'sleep 1000', { dockerConfig: { version: '1.18', config: '{}', hostConfig } }),
    ]);
    control.holdsLogs = true;
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    const id = await idOf('app');
    const line = 'x'.repeat(200_000);
    const isPaused = async (): Promise<boolean> => (await docker.inspect(id)).status === 'paused';
    let written = 0;
    while (!(await isPaused())) {
      docker.print(id, line);
      written++;
      expect(written).toBeLessThan(100);
      await clock.advance(1);
      for (let i = 0; i < 10; i++) await turn();
    }
    // What it would write now, it writes when it may go on.
    docker.print(id, 'later');
    expect((await docker.inspect(id)).status).toBe('paused');
    control.releaseLogs();
    await until(async () => !(await isPaused()));
    const stream = `web/app/${'0'.padStart(32, '0')}`;
    await until(() => control.lines(stream).includes('later'));
    expect(control.lines(stream)).toEqual([...Array.from({ length: written }, () => line), 'later']);
  });

  it('lets a container go on that a killed agent had held up', async () => {
    const hostConfig = JSON.stringify({
      LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': '/app', mode: 'blocking' } },
    });
    const task = payload(0, [
      container('app', 'sleep 1000', { dockerConfig: { version: '1.18', config: '{}', hostConfig } }),
    ]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    await closeAll();
    const id = await idOf('app');
    await docker.pause(id);
    agentOn();
    await until(async () => (await docker.inspect(id)).status === 'running');
  });

  it('routes output through a FireLens router: its configuration, its socket, the order of starts and stops', async () => {
    const router = container('router', 'sleep 1000', {
      firelensConfiguration: { type: 'fluentbit', options: { 'enable-ecs-log-metadata': 'false' } },
    });
    const hostConfig = JSON.stringify({ LogConfig: { Type: 'awsfirelens', Config: { Name: 'stdout' } } });
    const app = container('app', 'sleep 1000', { dockerConfig: { version: '1.18', config: '{}', hostConfig } });
    const task = payload(0, [app, router]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'RUNNING');
    expect(lives.filter((life) => life.startsWith('start')).slice(-2)).toEqual(['start router', 'start app']);
    const routerId = await idOf('router');
    const config = docker.filesOf(routerId).get('//fluent-bit/etc/fluent-bit.conf') ?? '';
    expect(config).toContain('Match app-firelens*');
    const appConfig = docker.specOf(await idOf('app')).hostConfig['LogConfig'] as { Config: Record<string, string> };
    const mounted = docker.specOf(routerId).hostConfig['Mounts'] as { Source: string; Target: string }[];
    const socket = mounted.find(({ Target }) => Target === '/var/run')?.Source ?? '';
    expect(appConfig).toMatchObject({
      Type: 'fluentd',
      Config: {
        tag: `app-firelens-${'0'.padStart(32, '0')}`,
        'fluentd-address': `unix:///fake/volumes/${socket}/_data/fluent.sock`,
      },
    });
    expect(docker.specOf(await idOf('app')).env).toMatchObject({ FLUENT_HOST: '127.0.0.1', FLUENT_PORT: '24224' });
    control.stop(task.arn);
    await until(async () => status(task) === 'STOPPED' && (await containers()).length === 0, 1000);
    expect([...docker.volumes.keys()]).toEqual([]);
  });

  it('puts the configuration that a router has in S3 beside the generated one, which includes it', async () => {
    const options = { 'config-file-type': 's3', 'config-file-value': 'arn:aws:s3:::b/k' };
    const router = container('router', 'true', { firelensConfiguration: { type: 'fluentd', options } });
    docker.addImage('shell:latest');
    const id = await docker.create(appSpec('0a0a0a0a', payload(0, [router]), router, { pauseId: 'pause' }));
    await writeRouterConfig(docker, id, payload(0, [router]), router, '<match x>');
    const files = docker.filesOf(id);
    expect(files.get('//fluentd/etc/fluent.conf')).toContain('@include /fluentd/etc/external.conf');
    expect(files.get('//fluentd/etc/external.conf')).toBe('<match x>');
  });

  it('ends a task whose FireLens options name no plugin, and says so', async () => {
    const router = container('router', 'sleep 1000', {
      firelensConfiguration: { type: 'fluentd', options: {} },
    });
    const hostConfig = JSON.stringify({ LogConfig: { Type: 'awsfirelens', Config: { region: 'x' } } });
    const app = container('app', 'sleep 1000', { dockerConfig: { version: '1.18', config: '{}', hostConfig } });
    const task = payload(0, [app, router]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['router']?.reason).toContain('missing output key @type');
  });

  it('refuses an option that it does not know', async () => {
    const hostConfig = JSON.stringify({
      LogConfig: { Type: 'awslogs', Config: { 'awslogs-group': 'g', nonsense: '1' } },
    });
    const task = payload(0, [
      container('app', 'echo', { dockerConfig: { version: '1.18', config: '{}', hostConfig } }),
    ]);
    agentOn();
    control.run(task);
    await until(() => status(task) === 'STOPPED');
    expect(control.reported(task.arn).containers['app']?.reason).toContain("unknown log opt 'nonsense'");
  });
});

describe('a crash', () => {
  it.each(['before', 'after', 'late'] as const)(
    '(%s) at any call leaves nothing double and nothing lost',
    async (when) => {
      let at = 0;
      for (let survived = false; !survived;) {
        at++;
        clock = new FakeClock();
        docker = new FakeDocker({ clock });
        docker.addImage('shell:latest');
        await closeAll();
        network = new FakeNetworkDriver();
        control = new TestControl();
        const counts = new Map<string, number>();
        docker.events(
          label,
          ({ action, labels }) => {
            const key = `${action} ${labels['stowage.container'] ?? ''}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
          },
          () => {},
        );
        const ofTheTask = { scope: 'task', autoprovision: false, driver: 'local', driverOpts: {}, labels: {} } as const;
        const task: PayloadTask = {
          ...payload(0, [
            container('init', 'echo ready; exit 0', { essential: false, ...awslogs }),
            container('app', 'echo begun; sleep 100000', {
              dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }],
              mountPoints: [{ sourceVolume: 'data', containerPath: '/data', readOnly: false }],
              ...awslogs,
            }),
          ]),
          volumes: [{ name: 'data', type: 'docker', dockerVolumeConfiguration: ofTheTask }],
        };
        const first = mortal({ docker, network, cgroups, clock }, at, when);
        const firstAgent = agentOn(
          first.docker,
          first.network,
          () => (first.dead() ? new Promise<never>(() => {}) : control.connect()),
          silentLog,
          first.cgroups,
        );
        control.run(task);
        let second: Agent | undefined;
        // The process dies with its connection; another takes its place.
        const replace = (): void => {
          if (!first.dead() || second !== undefined) return;
          control.disconnect();
          // Its last call never returns: there is nothing to wait for.
          agents.splice(agents.indexOf(firstAgent), 1);
          void firstAgent.stop();
          second = agentOn();
        };
        await until(() => {
          replace();
          return status(task) === 'RUNNING' && control.lines(`web/app/${'0'.padStart(32, '0')}`).length > 0;
        });
        control.stop(task.arn);
        await until(async () => {
          replace();
          return status(task) === 'STOPPED' && (await containers()).length === 0;
        }, 1000);
        survived = !first.dead();
        const once = Object.fromEntries(
          ['~internal~ecs~pause', 'init', 'app'].flatMap((name) =>
            ['create', 'start', 'die', 'destroy'].map((action) => [`${action} ${name}`, 1]),
          ),
        );
        expect({ at, ...Object.fromEntries(counts) }).toEqual({ at, ...once });
        expect(await network.listAttached('vpc-1')).toEqual([]);
        await until(() => {
          replace();
          return docker.volumes.size === 0 && cgroups.groups.size === 0;
        }, 1000);
        const id = '0'.padStart(32, '0');
        expect([control.lines(`web/init/${id}`), control.lines(`web/app/${id}`)]).toEqual([['ready'], ['begun']]);
      }
      expect(at).toBeGreaterThan(15);
    },
  );
});
