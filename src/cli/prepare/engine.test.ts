import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { engineAnswers } from './engine.ts';

/** The environment of an engine that says this of itself. */
async function engine(info: object | undefined): Promise<NodeJS.ProcessEnv> {
  const folder = mkdtempSync(join(tmpdir(), 'stowage-engine-'));
  const path = join(folder, 'docker.sock');
  const server = createServer((asked, answer) => {
    const known = asked.url === '/version' ? { Version: '29.1.0', KernelVersion: '6.1.0' } : info;
    if (known === undefined) answer.statusCode = 500;
    answer.end(known === undefined ? 'no' : JSON.stringify(known));
  });
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, () => resolve());
  await promise;
  return { DOCKER_HOST: `unix://${path}` };
}

it.each([
  [['name=seccomp,profile=builtin', 'name=cgroupns'], undefined],
  [null, undefined],
  [['name=apparmor', 'name=seccomp,profile=builtin', 'name=userns'], 'userns-remap'],
  [['name=seccomp,profile=builtin', 'name=rootless', 'name=cgroupns'], 'rootless'],
])('an engine with the security options %j has the users of %s', async (SecurityOptions, mapsUsers) => {
  const found = await engineAnswers(await engine({ SecurityOptions }));
  expect(found).toMatchObject({ version: '29.1.0', kernel: '6.1.0' });
  expect(found?.mapsUsers).toBe(mapsUsers);
});

it('an engine that does not tell is one all the same', async () => {
  expect(await engineAnswers(await engine(undefined))).toEqual({ version: '29.1.0', kernel: '6.1.0' });
  expect(await engineAnswers({ DOCKER_HOST: 'unix:///none' })).toBeUndefined();
});
