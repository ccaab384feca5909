import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { FakeDisk } from '../../drivers/disk/fake.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import { FakeNetworkDriver } from '../../drivers/network/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { createAgent, type Agent } from '../agent.ts';
import { agentOptions, container, payload, TestControl } from '../control-for-tests.ts';

const gibibyte = 2 ** 30;

let clock: FakeClock;
let docker: FakeDocker;
let disk: FakeDisk;
let control: TestControl;
let agents: Agent[];
beforeEach(() => {
  clock = new FakeClock();
  docker = new FakeDocker({ clock });
  docker.addImage('shell:latest');
  disk = new FakeDisk();
  control = new TestControl();
  agents = [];
  begin();
});
afterEach(async () => {
  for (const agent of agents) await agent.stop();
});

function begin(): void {
  const network = new FakeNetworkDriver();
  const agent = createAgent(agentOptions({ connect: () => control.connect(), docker, network, clock, disk }));
  agents.push(agent);
  agent.start();
}

const scratch = { scope: 'task', autoprovision: false, driver: 'local', driverOpts: {}, labels: {} } as const;
/** A task of two containers that share a volume of its own, and have 20 GiB. */
const task = (more: Partial<PayloadTask> = {}): PayloadTask => ({
  ...payload(
    0,
    ['app', 'side'].map((name) =>
      container(name, 'sleep 100000', {
        mountPoints: [{ sourceVolume: 'data', containerPath: '/data', readOnly: false }],
      }),
    ),
  ),
  volumes: [{ name: 'data', type: 'docker', dockerVolumeConfiguration: scratch }],
  ephemeralStorageGiB: 20,
  ...more,
});

async function until(condition: () => boolean | Promise<boolean>, stepMs = 100): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await condition()) return;
    await clock.advance(stepMs);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  throw new Error('It never came about');
}

async function run(one: PayloadTask): Promise<string[]> {
  control.run(one);
  await until(() => control.reported(one.arn).status === 'RUNNING');
  const found = await docker.list([`stowage.task=${one.arn}`]);
  const own = found.filter(({ labels }) => labels['stowage.container']?.startsWith('~') === false);
  return own.map(({ id }) => `/fake/layers/${id}`);
}

const reasonOf = ({ arn }: PayloadTask): string | undefined =>
  control.changes.findLast((change) => change.task === arn)?.reason;

describe('the ephemeral storage of a task', () => {
  it('ends it when all that it wrote is more', async () => {
    const one = task();
    const [app = '', side = ''] = await run(one);
    disk.content.set(app, 9 * gibibyte);
    await clock.advance(60_000);
    expect(disk.asked).toEqual([]);
    disk.content.set(side, 10 * gibibyte);
    await until(() => disk.asked.length > 0, 1_000);
    const volume = [...docker.volumes.keys()][0] ?? '';
    expect(disk.asked[0]).toEqual([app, `/fake/volumes/${volume}/_data`, side]);
    expect(control.reported(one.arn).status).toBe('RUNNING');
    // Layers, volume and image together.
    disk.content.set(`/fake/volumes/${volume}/_data`, gibibyte);
    await until(() => control.reported(one.arn).status === 'STOPPED', 1_000);
    expect(reasonOf(one)).toBe(
      'EphemeralStorageExceeded: the task uses 20481 MiB of its ephemeral storage of 20480 MiB',
    );
    expect(control.reported(one.arn).containers).toMatchObject({ app: { exitCode: 143 }, side: { exitCode: 143 } });
  });

  it('is measured anew by an agent that finds the task running', async () => {
    const one = task();
    const [app = ''] = await run(one);
    disk.content.set(app, 19 * gibibyte);
    await clock.advance(100_000);
    const before = disk.asked.length;
    await agents.pop()?.stop();
    begin();
    await until(() => disk.asked.length > before, 1_000);
    expect(control.reported(one.arn).status).toBe('RUNNING');
    // Less than half of what it had at first, and more than half of what it has left.
    disk.content.set(app, 20 * gibibyte);
    await until(() => control.reported(one.arn).status === 'STOPPED', 1_000);
  });

  it('is nothing that tasks of instances have', async () => {
    const { ephemeralStorageGiB: _size, ...rest } = task();
    const one: PayloadTask = { ...rest, launchType: 'EC2' };
    const [app = ''] = await run(one);
    disk.content.set(app, 300 * gibibyte);
    await clock.advance(700_000);
    expect(disk.asked).toEqual([]);
    expect(control.reported(one.arn).status).toBe('RUNNING');
  });

  it('is a bound of each layer where the engine has such', async () => {
    await agents.pop()?.stop();
    docker.boundsLayers = true;
    begin();
    const [path = ''] = await run(task());
    expect(docker.specOf(path.split('/').at(-1) ?? '').hostConfig['StorageOpt']).toEqual({ size: '20G' });
  });
});
