import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { pauseProgram } from './program.ts';

it.runIf(process.platform === 'linux')('runs on this machine until it is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-pause-'));
  try {
    const path = join(folder, 'pause');
    await writeFile(path, pauseProgram(process.arch), { mode: 0o755 });
    const child = spawn(path);
    await once(child, 'spawn');
    expect(child.exitCode).toBeNull();
    // Any signal that it survives would wake it: it must sleep again.
    child.kill('SIGWINCH');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'moves to a network of its own if told to',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stowage-pause-'));
    try {
      const path = join(folder, 'pause');
      await writeFile(path, pauseProgram(process.arch), { mode: 0o755 });
      await chmod(folder, 0o755);
      const namespaceOf = (pid: number | 'self' | undefined): Promise<string> => readlink(`/proc/${pid}/ns/net`);
      const apart = spawn(path, ['apart']);
      await vi.waitFor(async () => expect(await namespaceOf(apart.pid)).not.toBe(await namespaceOf('self')), 10_000);
      expect(apart.exitCode).toBeNull();
      apart.kill();
      // Where it must not, it ends instead of staying.
      const refused = spawn(path, ['apart'], { uid: 65_534 });
      expect(await once(refused, 'exit')).toEqual([1, null]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

it('is refused for a machine that it was not written for', () => {
  expect(() => pauseProgram('mips')).toThrow('No pause program for mips');
  expect(pauseProgram('arm64').length).toBe(120 + 92 + 32);
});
