import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { locate } from '../../src/cli/prepare/packages.ts';
import type { TestInstallation } from './installation.ts';

/** What a program printed and how it ended. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; never throws for a status. */
export function run(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {},
): Promise<Ran> {
  const { promise, resolve: done, reject } = Promise.withResolvers<Ran>();
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.on('error', reject);
  child.on('close', (status) => done({ status, stdout, stderr }));
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return promise;
}

/** Runs a program and answers its output; throws with everything it printed when it fails. */
export async function must(
  program: string,
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, options);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}:\n${stdout}${stderr}`);
  return stdout.trim();
}

const hello = resolve(import.meta.dirname, '../../examples/hello');

/** Builds the hello page, pushes it through the registry under the tag `revision`, and answers its reference. */
export async function pushHello(
  installation: TestInstallation,
  repository: string,
  revision: string,
  content = revision,
): Promise<string> {
  const registry = installation.endpoint.replace('http://', '');
  const image = `${registry}/${repository}:${revision}`;
  const context = mkdtempSync(join(tmpdir(), 'stowage-hello-'));
  try {
    cpSync(hello, context, { recursive: true });
    copyFileSync(locate('busybox') ?? '/bin/busybox', join(context, 'busybox'));
    const dockerfile = join(context, 'Dockerfile');
    writeFileSync(dockerfile, readFileSync(dockerfile, 'utf8').replace(/REVISION=.*/, `REVISION=${content}`));
    chmodSync(join(context, 'index.cgi'), 0o755);
    const { env } = installation;
    await must('docker', ['build', '--quiet', '--tag', image, context], { env });
    await run(
      'aws',
      ['--endpoint-url', installation.endpoint, 'ecr', 'create-repository', '--repository-name', repository],
      { env },
    );
    const input = await must('aws', ['--endpoint-url', installation.endpoint, 'ecr', 'get-login-password'], { env });
    await must('docker', ['login', '--username', 'AWS', '--password-stdin', registry], { env, input });
    await must('docker', ['push', '--quiet', image], { env });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  return image;
}

/** How many times slower than usual a machine may be before a test gives up: what will never come may be waited for. */
const patience = 5;

/**
 * Asks again until `ask` answers something; throws with `what` when it did not within `patience` times what it usually
 * takes at most.
 */
export async function eventually<T>(
  what: string,
  usuallyMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const withinMs = usuallyMs * patience;
  const deadline = Date.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
