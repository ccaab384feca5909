import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './clients.ts';

const cli = resolve(import.meta.dirname, '../../src/cli/cli.ts');

/** An installation of its own, with a home, a port and a control plane process, as a user would have it. */
export interface TestInstallation {
  readonly home: string;
  readonly port: number;
  readonly endpoint: string;
  /** The environment in which unmodified clients find it. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a CLI command; throws when it fails. Answers its standard output. */
  stowage(...args: readonly string[]): string;
  /** The process id of the control plane. */
  pid(): number;
  /** Ends it, removes everything it made and its home. */
  remove(): void;
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  const { promise, resolve: done } = Promise.withResolvers<number>();
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => done(port));
  });
  return promise;
}

/** Resolves once a process has ended. */
export async function gone(pid: number): Promise<void> {
  await eventually(`process ${pid} is gone`, 5000, () => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ') ? true : undefined;
    } catch {
      return true;
    }
  });
}

/** Starts one with `stowage up --detach`. */
export async function startInstallation(
  more: NodeJS.ProcessEnv = {},
  home = mkdtempSync(join(tmpdir(), 'stowage-home-')),
): Promise<TestInstallation> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    STOWAGE_HOME: home,
    STOWAGE_PORT: String(port),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    // Most services of the tests have nothing that checks their tasks.
    STOWAGE_SETTLE_SECONDS: '2',
    // Logins to the test registry do not belong in the user's own Docker configuration.
    DOCKER_CONFIG: join(home, 'docker'),
    ...more,
  };
  const stowage = (...args: readonly string[]): string => {
    const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args], {
      env,
      encoding: 'utf8',
    });
    if (run.status !== 0)
      throw new Error(`stowage ${args.join(' ')} exited with ${run.status}:\n${run.stdout}${run.stderr}`);
    return run.stdout;
  };
  const installation: TestInstallation = {
    home,
    port,
    endpoint,
    env,
    stowage,
    pid: () => (JSON.parse(stowage('status', '--json')) as { pid: number }).pid,
    remove: () => {
      stowage('down', '--all');
      rmSync(home, { recursive: true, force: true });
    },
  };
  try {
    stowage('up', '--detach');
  } catch (error) {
    installation.remove();
    throw error;
  }
  return installation;
}
