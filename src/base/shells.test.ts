import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { Shells } from './shells.ts';

const shells = new Shells();

it('answers what a program prints, to the letter', async () => {
  expect(await shells.run('printf', ['%s', "it's\nfine"])).toEqual({ stdout: "it's\nfine", stderr: '' });
  expect(await shells.run('sh', ['-c', 'echo out; echo "$0" >&2', '$HOME `x` "é"'])).toEqual({
    stdout: 'out\n',
    stderr: '$HOME `x` "é"\n',
  });
  expect(await shells.run('true', [])).toEqual({ stdout: '', stderr: '' });
});

it('feeds a program what it reads, however much', async () => {
  const input = `a $b 'c' \\d\n${'0123456789'.repeat(100_000)}\nend`;
  expect((await shells.run('cat', [], input)).stdout).toBe(`${input}\n`);
  expect((await shells.run('cat', [])).stdout).toBe('');
  // One that leaves its input unread.
  expect((await shells.run('echo', ['done'], input)).stdout).toBe('done\n');
});

it('tells how a program failed', async () => {
  await expect(shells.run('sh', ['-c', 'echo no >&2; exit 3'])).rejects.toMatchObject({
    kind: 'retryable',
    message: 'sh -c echo no >&2; exit 3 exited with 3: no',
  });
  await expect(shells.run('no-such-program', ['x'])).rejects.toMatchObject({
    kind: 'fatal',
    message: 'no-such-program is not installed',
  });
});

it('runs many at a time, each with its own answer', async () => {
  const words = Array.from({ length: 100 }, (_, n) => `word${n}`);
  const answers = await Promise.all(words.map(async (word) => (await shells.run('echo', [word])).stdout.trim()));
  expect(answers).toEqual(words);
});

it('goes on with another shell when one is ended', async () => {
  await expect(shells.run('sh', ['-c', 'kill -9 $PPID'])).rejects.toMatchObject({ kind: 'retryable' });
  const answers = await Promise.all(Array.from({ length: 10 }, () => shells.run('echo', ['on'])));
  expect(answers.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 10 }, () => 'on\n'));
});

it('keeps no process from ending, and ends with it', () => {
  const program = `
    import { Shells } from '${import.meta.dirname}/shells.ts';
    const { stdout } = await new Shells().run('sh', ['-c', 'echo $PPID']);
    console.log(stdout.trim());`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(Number(stdout)).toBeGreaterThan(1);
  // A shell whose input has ended ends; it may take it a moment.
  expect(
    spawnSync('sh', ['-c', `while kill -0 ${stdout.trim()} 2>/dev/null; do sleep 0.01; done`], { timeout: 60_000 })
      .status,
  ).toBe(0);
});
