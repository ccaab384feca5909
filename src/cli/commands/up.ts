import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Command } from '../command.ts';
import { beginAnew, compileAhead } from '../compile-ahead.ts';
import { healthOf } from '../control-plane-client.ts';
import { alive, clearRunning, endpointOf, UsageError, writeRunning, type Installation } from '../installation.ts';
import { prepareMachine } from '../prepare/prepare.ts';
import type { Terminal } from '../terminal.ts';
import type * as ControlPlaneModule from '../../main/control-plane.ts';

/**
 * A control plane stays for months and is idle most of the time: its garbage is collected in small portions, and its threads
 * share one heap of the C library. Eight megabytes less; no figure of `npm run bench` changes. (bin/bootstrap.mjs does the
 * same in the foreground.)
 */
const lean = { flags: ['--max-semi-space-size=2', '--v8-pool-size=2'], env: { MALLOC_ARENA_MAX: '1' } };

/** Serves until a signal comes; tasks and balancers go on without us. */
async function serve(
  installation: Installation,
  terminal: Terminal,
  { startControlPlane }: typeof ControlPlaneModule,
): Promise<number> {
  const { host, port, listen, account, home } = installation;
  // Before anybody can find out that we serve and ask us to stop.
  const stopped = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.resolve());
  const controlPlane = await startControlPlane({
    ...installation,
    writeLog: (line) => terminal.line(line),
  }).catch((error: unknown) => {
    // By its name: the vault's code is loaded with the control plane's, not with every command.
    if (error instanceof Error && error.name === 'RootKeyError') throw new UsageError(error.message);
    const { code, address = host } = error as NodeJS.ErrnoException & { address?: string };
    if (code === 'EADDRNOTAVAIL') {
      throw new UsageError(
        `--listen ${address} is no address of this machine (--listen none: answer on loopback alone)`,
      );
    }
    if (code !== 'EADDRINUSE') throw error;
    throw new UsageError(`port ${port} on ${address} is taken by another program: give another one with --port`);
  });
  // A process that is killed one day writes no cache then: write it now, for the next start.
  flushCompileCache();
  writeRunning(home, { pid: process.pid, host, port, listen, account });
  terminal.done(`Stowage serves on ${endpointOf(installation)}`);
  for (const address of listen) terminal.done(`and, for signed requests, on ${endpointOf({ host: address, port })}`);
  await stopped.promise;
  terminal.step('stopping the control plane (tasks go on running)');
  await controlPlane.stop();
  clearRunning(home);
  return 0;
}

/** Starts a detached control plane and returns once its endpoint answers. Starting twice is fine. */
export async function upDetached(installation: Installation, terminal: Terminal): Promise<void> {
  const endpoint = endpointOf(installation);
  if ((await healthOf(installation)) !== undefined) return terminal.done(`Stowage already serves on ${endpoint}`);
  mkdirSync(installation.home, { recursive: true, mode: 0o700 });
  const logFile = join(installation.home, 'control-plane.log');
  const log = openSync(logFile, 'a');
  const { home, host, port, listen, account, region } = installation;
  const cli = fileURLToPath(new URL('../cli.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      ...lean.flags,
      ...process.execArgv,
      cli,
      'up',
      '--home',
      home,
      '--host',
      host,
      '--port',
      String(port),
      ...(listen.length === 0 ? ['none'] : listen).flatMap((address) => ['--listen', address]),
      '--account',
      account,
      '--region',
      region,
    ],
    { detached: true, stdio: ['ignore', log, log], env: { ...lean.env, ...process.env } },
  );
  let failure: string | undefined;
  child.on('error', (error) => (failure = messageOf(error)));
  child.on('exit', (status) => (failure = `the control plane ended with status ${status}`));
  child.unref();
  terminal.step(`starting the control plane on ${endpoint}`);
  const deadline = systemClock.now() + 60_000;
  for (;;) {
    if ((await healthOf(installation)) !== undefined) break;
    if (failure !== undefined || systemClock.now() > deadline) {
      const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
      throw new UsageError(`${failure ?? 'the endpoint did not answer within a minute'}:\n${tail}\n(${logFile})`);
    }
    await systemClock.sleep(20);
  }
  terminal.done(`Stowage serves on ${endpoint} (process ${child.pid}, log ${logFile})`);
  for (const address of listen) terminal.done(`and, for signed requests, on ${endpointOf({ host: address, port })}`);
}

/** `stowage up`: serves in the foreground, or starts a control plane in the background. */
export const up: Command = {
  name: 'up',
  usage: 'up [--detach] [--port 4566] [--listen ADDRESS|none]',
  summary: 'serve the AWS APIs on this machine',
  options: { detach: { type: 'boolean', short: 'd' }, listen: { type: 'string', multiple: true } },
  async run({ installation, terminal, json, options }) {
    const quiet: Terminal = json ? { ...terminal, done: () => {}, step: () => {} } : terminal;
    if ((await compileAhead()) && options['detach'] !== true) beginAnew();
    // Loaded only here, every other command starts without the control plane's code; and while the engine is asked.
    const loading = options['detach'] === true ? undefined : import('../../main/control-plane.ts');
    const [program] = await Promise.all([loading, prepareMachine('serve', quiet)]);
    if (program === undefined) {
      await upDetached(installation, quiet);
      if (json) terminal.json({ endpoint: endpointOf(installation), ...(await healthOf(installation)) });
      return 0;
    }
    const running = await healthOf(installation);
    if (running !== undefined && alive(running.pid)) {
      throw new UsageError(`process ${running.pid} already serves ${installation.home}: 'stowage down' stops it`);
    }
    return serve(installation, terminal, program);
  },
};
