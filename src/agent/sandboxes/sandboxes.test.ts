import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import { seededIds } from '../../base/ids.ts';
import { FakeCgroups } from '../../drivers/cgroups/fake.ts';
import type { ContainerState, DockerDriver } from '../../drivers/docker/driver.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import type { NetworkDriver } from '../../drivers/network/driver.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { createAgent, type Agent } from '../agent.ts';
import { agentOptions, awslogs, container, payload, TestControl, vpcSpec } from '../control-for-tests.ts';
import { mortal } from '../mortal-for-tests.ts';
import { pauseImage } from '../pause/image.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const ids = seededIds(5);

let clock: FakeClock;
let docker: FakeDocker;
let network: FakeNetworkDriver;
let control: TestControl;
let agents: Agent[] = [];

/** What is announced: the interfaces of the tasks 0, 1, 2 …, in this order. */
const upcoming = (count: number) => [
  {
    subnetId: 'subnet-1',
    interfaces: Array.from({ length: count }, (_, index) => payload(index, []).elasticNetworkInterfaces[0]).filter(
      (each) => each !== undefined,
    ),
  },
];

function fresh(): void {
  clock = new FakeClock();
  docker = new FakeDocker({ clock });
  docker.addImage('shell:latest');
  network = new FakeNetworkDriver();
  control = new TestControl();
  control.upcoming = upcoming(4);
}

function agentOn(
  engine: DockerDriver = docker,
  net: NetworkDriver = network,
  connect: () => ReturnType<TestControl['connect']> | Promise<never> = () => control.connect(),
  most = 4,
): Agent {
  const agent = createAgent(
    agentOptions({
      connect,
      docker: engine,
      network: net,
      clock,
      sandboxes: { most, ids },
    }),
  );
  agents.push(agent);
  agent.start();
  return agent;
}

async function until(condition: () => boolean | Promise<boolean>, stepMs = 100): Promise<void> {
  for (let i = 0; i < 2_000; i++) {
    if (await condition()) return;
    await clock.advance(stepMs);
    await turn();
  }
  throw new Error('It never came about');
}

const containers = (): Promise<ContainerState[]> => docker.list(['stowage.installation=0a0a0a0a']);
const sandboxes = (): Promise<ContainerState[]> => docker.list(['stowage.sandbox']);
const hostnames = async (): Promise<string[]> =>
  (await sandboxes()).map(({ id }) => String(docker.specOf(id).config['Hostname'])).sort();
const running = (task: PayloadTask): boolean => control.reported(task.arn).status === 'RUNNING';
const sleeper = (index: number, run?: string): PayloadTask => payload(index, [container('app', 'sleep 100000')], run);
/** A task at the last of the addresses runs: so one more sandbox is wanted. */
const anotherRuns = async (): Promise<void> => {
  control.run(sleeper(3));
  await until(() => running(sleeper(3)));
};
const pauseOf = async (task: PayloadTask): Promise<string | undefined> =>
  (await containers()).find(({ labels }) => labels['stowage.task'] === task.arn && 'stowage.pause' in labels)?.labels[
    'stowage.pause'
  ];
/** Tells the agent that no interface is left, nor expected. */
const tellEmpty = (): void => {
  control.vpcs.splice(0, 1, vpcSpec(0));
  control.upcoming = [];
  control.disconnect();
};

async function closeAll(): Promise<void> {
  for (const agent of agents.splice(0)) await agent.stop();
  for (let i = 0; i < 5; i++) await turn();
  await network.close();
}
beforeEach(fresh);
afterEach(closeAll);

describe('sandboxes', () => {
  it('are made ahead for the next address, and taken by the task that gets it', async () => {
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).some(({ status }) => status === 'running'));
    expect(await hostnames()).toEqual(['ip-10-0-0-10.ec2.internal']);
    const [ready] = await sandboxes();
    const task = sleeper(0);
    control.run(task);
    await until(() => running(task));
    expect(await pauseOf(task)).toBe(ready?.id);
    expect(await network.listAttached('vpc-1')).toEqual(['eni-3', 'eni-0']);
    expect((await docker.list([`stowage.task=${task.arn}`])).map(({ labels }) => labels['stowage.container'])).toEqual([
      'app',
    ]);
    control.stop(task.arn);
    await until(async () => (await containers()).every(({ id }) => id !== ready?.id));
    expect(await network.listAttached('vpc-1')).toEqual(['eni-3']);
  });

  it('are like what a task would make itself', async () => {
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).length === 1);
    const ahead = docker.specOf((await sandboxes())[0]?.id ?? '');
    const other = sleeper(2);
    control.run(other);
    await until(() => running(other));
    const own = docker.specOf((await pauseOf(other)) ?? '');
    expect(own.labels['stowage.sandbox']).toBeUndefined();
    const addressed = (text: string, last: number): unknown =>
      JSON.parse(text.replaceAll(/(10[.-]0[.-]0[.-])\d+/g, `$1${last}`));
    const shape = ({ name: _name, labels: _labels, ...rest }: typeof own) => addressed(JSON.stringify(rest), 0);
    expect(shape(ahead)).toEqual(shape(own));
  });

  it('are as many as began at once lately, made when the machine is quiet, and none when nothing runs', async () => {
    agentOn();
    const tasks = [0, 1, 2].map((index) => sleeper(index));
    for (const task of tasks) control.run(task);
    await until(() => tasks.every(running));
    control.upcoming = [
      { ...upcoming(9)[0], subnetId: 'subnet-1', interfaces: upcoming(9)[0]?.interfaces.slice(3) ?? [] },
    ];
    control.disconnect();
    await until(async () => (await sandboxes()).length === 3, 1000);
    expect(await hostnames()).toEqual([13, 14, 15].map((last) => `ip-10-0-0-${last}.ec2.internal`));
    for (const task of tasks) control.stop(task.arn);
    control.vpcs.splice(0, 1, vpcSpec(0));
    control.disconnect();
    await until(async () => (await containers()).length === 0, 10_000);
  });

  it('serve no task that wants another kind, nor one at an address that nobody announced', async () => {
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).some(({ status }) => status === 'running'));
    const shared: PayloadTask = { ...sleeper(0), ipcMode: 'task' };
    const elsewhere = sleeper(2);
    control.run(shared);
    control.run(elsewhere);
    await until(() => running(shared) && running(elsewhere));
    const [ready] = await sandboxes();
    expect([await pauseOf(shared), await pauseOf(elsewhere)]).not.toContain(ready?.id);
  });

  it('are not made where none may be', async () => {
    agentOn(docker, network, () => control.connect(), 0);
    await clock.advance(60_000);
    expect(await sandboxes()).toEqual([]);
  });

  it('that die while they wait are replaced, those of tasks end them', async () => {
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).some(({ status }) => status === 'running'));
    const [dead] = await sandboxes();
    docker.crash(dead?.id ?? '', 137);
    await until(async () => {
      const [next] = await sandboxes();
      return next?.status === 'running' && next.id !== dead?.id;
    });
    const task = sleeper(0);
    control.run(task);
    await until(() => running(task));
    docker.crash((await pauseOf(task)) ?? '', 137);
    await until(() => control.reported(task.arn).status === 'STOPPED');
  });

  it('that die before anything joined them are replaced, in the task that took them', async () => {
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).some(({ status }) => status === 'running'));
    const [taken] = await sandboxes();
    docker.trouble('registry.test/app:1', { pull: new DriverError('retryable', 'dial tcp: connection refused') });
    const task = payload(0, [container('app', 'sleep 100000', { image: 'registry.test/app:1' })]);
    control.run(task);
    await until(() => docker.pulled.length > 0);
    docker.crash(taken?.id ?? '', 137);
    await until(async () => (await containers()).every(({ id }) => id !== taken?.id));
    docker.trouble('registry.test/app:1', {});
    docker.addImage('registry.test/app:1');
    await until(() => running(task));
    expect((await containers()).filter(({ status }) => status !== 'running')).toEqual([]);
    control.stop(task.arn);
    await until(async () => (await docker.list([`stowage.task=${task.arn}`])).length === 0);
    expect(await network.listAttached('vpc-1')).toEqual(['eni-3']);
  });

  it('that died while the engine was away are replaced, in the task that took them', async () => {
    const attach = network.attach.bind(network);
    let dead: string | undefined;
    network.attach = async (vpcId, interfaceId, pid) => {
      if (pid === (dead === undefined ? 0 : pids.get(dead)))
        throw new DriverError('gone', `process ${pid} does not run`);
      return attach(vpcId, interfaceId, pid);
    };
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).some(({ status }) => status === 'running'));
    const pids = new Map((await sandboxes()).map(({ id, pid }) => [id, pid]));
    [dead] = pids.keys();
    docker.setAlive(false);
    docker.crash(dead ?? '', 137);
    const task = sleeper(0);
    control.run(task);
    await clock.advance(1000);
    expect(control.reported(task.arn).status).toBe('PENDING');
    docker.setAlive(true);
    await until(() => running(task));
    expect((await containers()).filter(({ status }) => status !== 'running')).toEqual([]);
  });

  it('leave an engine alone that refuses them', async () => {
    agentOn();
    await anotherRuns();
    docker.trouble(pauseImage, { start: new DriverError('fatal', 'Error response from daemon: no') });
    let made = 0;
    docker.events(
      'stowage.sandbox',
      ({ action }) => (made += action === 'create' ? 1 : 0),
      () => {},
    );
    const before = clock.now();
    await until(() => made === 3, 1000);
    expect(clock.now() - before).toBeGreaterThan(60_000);
    await until(async () => (await sandboxes()).length === 0);
  });

  it('are taken over by the next process, unless one was being made', async () => {
    agentOn();
    await anotherRuns();
    await until(async () => (await sandboxes()).some(({ status }) => status === 'running'));
    const [ready] = await sandboxes();
    await agents.pop()?.stop();
    control.disconnect();
    await docker.create({ ...docker.specOf(ready?.id ?? ''), name: 'stowage-0a0a0a0a-sandbox-half' });
    agentOn();
    await until(async () => (await sandboxes()).length === 1);
    const task = sleeper(0);
    control.run(task);
    await until(() => running(task));
    expect(await pauseOf(task)).toBe(ready?.id);
  });

  it.each(['before', 'after', 'late'] as const)(
    'of a process that dies (%s) at any call: no task gets two, none is lost, none is left over',
    async (when) => {
      let taken = 0;
      let at = 0;
      for (let survived = false; !survived;) {
        at++;
        await closeAll();
        fresh();
        const task = payload(0, [container('app', 'echo begun; sleep 100000', awslogs)]);
        const counts = new Map<string, number>();
        docker.events(
          'stowage.task',
          ({ action, labels }) => {
            if (labels['stowage.task'] !== task.arn) return;
            const key = `${action} ${labels['stowage.container'] ?? ''}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
          },
          () => {},
        );
        const first = mortal({ docker, network, cgroups: new FakeCgroups(), clock }, at, when);
        const firstAgent = agentOn(first.docker, first.network, () =>
          first.dead() ? new Promise<never>(() => {}) : control.connect(),
        );
        let replaced = false;
        const replace = (): boolean => {
          if (!first.dead() || replaced) return true;
          replaced = true;
          control.disconnect();
          agents.splice(agents.indexOf(firstAgent), 1);
          void firstAgent.stop();
          agentOn();
          return true;
        };
        control.run(sleeper(3));
        await until(async () => first.dead() || (await sandboxes()).some(({ status }) => status === 'running'));
        control.run(task);
        await until(() => replace() && running(task) && control.lines(`web/app/${'0'.repeat(32)}`).length > 0);
        expect(await network.listAttached('vpc-1')).toContain('eni-0');
        const pause = await pauseOf(task);
        if ((await sandboxes()).some(({ id }) => id === pause)) taken += 1;
        control.stop(task.arn);
        await until(() => replace() && control.reported(task.arn).status === 'STOPPED', 1000);
        expect(control.reported(task.arn).containers['app']).toMatchObject({ exitCode: 143 });
        await until(async () => replace() && (await docker.list([`stowage.task=${task.arn}`])).length === 0, 1000);
        control.stop(sleeper(3).arn);
        tellEmpty();
        await until(async () => replace() && (await containers()).length === 0, 10_000);
        survived = !first.dead();
        for (const action of ['create', 'start', 'die', 'destroy']) {
          expect({ at, [action]: counts.get(`${action} app`) }).toEqual({ at, [action]: 1 });
        }
        expect(await network.listAttached('vpc-1')).toEqual([]);
        expect(control.lines(`web/app/${'0'.repeat(32)}`)).toEqual(['begun']);
      }
      expect(at).toBeGreaterThan(15);
      expect(taken).toBeGreaterThan(5);
    },
    60_000,
  );
});
