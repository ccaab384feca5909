import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { DriverError } from '../../base/errors.ts';
import { textLog } from '../../base/log.ts';
import type { RegistryAuth } from '../../drivers/docker/driver.ts';
import { FakeDocker } from '../../drivers/docker/fake.ts';
import { container } from '../control-for-tests.ts';
import { createImages, planPull, pullBehaviorOf, type PullBehavior } from './images.ts';

describe('whether an image is pulled', () => {
  const ours = '127.0.0.1:4566/app:1';
  it.each<[string, string, 'absent' | 'local' | 'pulled', 'FARGATE' | 'EC2', PullBehavior, string]>([
    ['Fargate always pulls', ours, 'pulled', 'FARGATE', 'prefer-cached', 'pull'],
    ['but not what was built here', 'shell:latest', 'local', 'FARGATE', 'always', 'use'],
    ['what is not here is pulled', ours, 'absent', 'EC2', 'prefer-cached', 'pull'],
    ['default: pulled, else the one here', ours, 'pulled', 'EC2', 'default', 'pull-or-use'],
    ['default: what was built here is used', 'shell:latest', 'local', 'EC2', 'default', 'use'],
    ['always: pulled or nothing', ours, 'pulled', 'EC2', 'always', 'pull'],
    ['always: whatever its name', 'shell:latest', 'local', 'EC2', 'always', 'pull'],
    ['once: pulled before', ours, 'pulled', 'EC2', 'once', 'use'],
    ['once: put here by other means', ours, 'local', 'EC2', 'once', 'pull'],
    ['prefer-cached: however it came here', ours, 'local', 'EC2', 'prefer-cached', 'use'],
  ])('%s', (_what, image, cached, launchType, behavior, decision) => {
    expect(planPull(image, cached, launchType, behavior)).toBe(decision);
  });

  it('is said in four words', () => {
    const lines: string[] = [];
    const log = textLog(new FakeClock(), (line) => lines.push(line));
    const read = [undefined, '', ' once', 'prefer-cached', 'never'].map((text) => pullBehaviorOf(text, log));
    expect(read).toEqual(['default', 'default', 'once', 'prefer-cached', 'default']);
    expect(lines).toHaveLength(1);
  });
});

describe('the images of a machine', () => {
  const registryAuthentication = {
    type: 'ecr',
    ecrAuthData: { registryId: '000000000000', region: 'us-east-1', useExecutionRole: true },
  } as const;
  const image = 'registry.test/app:1';
  const spec = container('app', 'serve', { image, registryAuthentication });
  let asked = 0;
  let began = 0;
  const how = {
    signal: new AbortController().signal,
    auth: (): Promise<RegistryAuth> =>
      Promise.resolve({ username: 'AWS', password: `secret ${++asked}`, serverAddress: 'registry.test' }),
    onPull: (): void => void began++,
  };

  it('are pulled with the same credentials by those who pull at the same time', async () => {
    const docker = new FakeDocker({ clock: new FakeClock() });
    const images = createImages(docker);
    const one = images.obtain(spec, 'FARGATE', how);
    const two = images.obtain(spec, 'FARGATE', how);
    expect(await one).toMatch(/^sha256:/);
    expect(await two).toBe(await one);
    expect(new Set(docker.pulled.map(({ auth }) => auth?.password)).size).toBe(1);
    await images.obtain(spec, 'FARGATE', how);
    expect(docker.pulled.at(-1)?.auth?.password).not.toBe(docker.pulled[0]?.auth?.password);
  });

  it('are the ones here when the registry fails, where that is allowed', async () => {
    const docker = new FakeDocker({ clock: new FakeClock() });
    docker.addImage(image);
    docker.trouble(image, { pull: new DriverError('fatal', 'manifest unknown') });
    const images = createImages(docker);
    began = 0;
    expect(await images.obtain(spec, 'EC2', how)).toMatch(/^sha256:/);
    expect(began).toBe(1);
    await expect(images.obtain(spec, 'FARGATE', how)).rejects.toThrow('manifest unknown');
    await expect(createImages(docker, 'always').obtain(spec, 'EC2', how)).rejects.toThrow('manifest unknown');
    began = 0;
    expect(await createImages(docker, 'once').obtain(spec, 'EC2', how)).toMatch(/^sha256:/);
    expect(began).toBe(0);
  });
});
