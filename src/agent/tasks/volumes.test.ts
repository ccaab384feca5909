import { expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import type { PayloadTask } from '../../wire/acs.ts';
import { container, payload } from '../control-for-tests.ts';
import { makeVolumes, mountsOf } from './volumes.ts';

type Config = NonNullable<PayloadTask['volumes'][number]['dockerVolumeConfiguration']>;

const local: Config = { scope: 'task', autoprovision: false, driver: 'local', driverOpts: {}, labels: {} };

/** A task whose one container mounts a Docker volume `data` of this configuration, and `/srv` read-only. */
function mounting(config: Partial<Config>) {
  const app = container('app', 'true', {
    mountPoints: [
      { sourceVolume: 'data', containerPath: '/data', readOnly: false },
      { sourceVolume: 'srv', containerPath: '/there', readOnly: true },
    ],
  });
  const task: PayloadTask = {
    ...payload(0, [app]),
    volumes: [
      { name: 'data', type: 'docker', dockerVolumeConfiguration: { ...local, ...config } },
      { name: 'srv', type: 'host', host: { sourcePath: '/srv' } },
    ],
  };
  return { app, task };
}

it.each([
  ['of the task', { labels: { a: 'b' } }, /^ecs-.*-data-/, { a: 'b', 'stowage.installation': 'i' }],
  [
    'shared, made where it is missing',
    { scope: 'shared', autoprovision: true, labels: { a: 'b' } } as const,
    /^data$/,
    { a: 'b' },
  ],
])('makes a volume %s', async (_, config, name, labels) => {
  const docker = new FakeDocker({ clock: new FakeClock() });
  const { app, task } = mounting({ ...config, driver: 'other', driverOpts: { size: '1' } });
  await makeVolumes(docker, 'i', task, app);
  const [volume] = [...docker.volumes.values()];
  expect(volume).toMatchObject({
    name: expect.stringMatching(name),
    labels,
    driver: 'other',
    driverOptions: { size: '1' },
  });
  expect(mountsOf('i', task, app)).toEqual({
    Mounts: [{ Type: 'volume', Source: volume?.name, Target: '/data', ReadOnly: false }],
    Binds: ['/srv:/there:ro'],
  });
  // Once more, as after a crash: nothing else comes of it.
  await makeVolumes(docker, 'i', task, app);
  expect(docker.volumes.size).toBe(1);
});

it('takes a shared volume as it is, and none where there is none', async () => {
  const docker = new FakeDocker({ clock: new FakeClock() });
  const { app, task } = mounting({ scope: 'shared', autoprovision: false });
  await expect(makeVolumes(docker, 'i', task, app)).rejects.toThrow(
    "volume detection failed, volume 'data' does not exist and autoprovision is set to false",
  );
  await docker.createVolume({ name: 'data', labels: { mine: 'yes' } });
  await makeVolumes(docker, 'i', task, app);
  expect([...docker.volumes.values()]).toEqual([{ name: 'data', labels: { mine: 'yes' } }]);
});
