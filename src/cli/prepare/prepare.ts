import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { release } from 'node:os';
import { holdProcess, systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { messageOf } from '../../base/errors.ts';
import type { Terminal } from '../terminal.ts';
import { engineAnswers } from './engine.ts';
import { locate, needsOf, programPath, type Need, type Purpose } from './packages.ts';

/** What stands in the way and what a person can do about it. */
export class PrepareError extends Error {
  override readonly name = 'PrepareError';
}

/** What preparing left behind that the caller may want to end again. */
export interface Prepared {
  /** The process id of the dockerd that was started here, where no service manager looks after it. */
  readonly enginePid?: number;
}

const engineLog = '/var/log/stowage-dockerd.log';

/**
 * Makes this machine ready for `purpose`: root, the programs (from Debian's packages), a container engine on this
 * kernel. Says what it does; does nothing twice. Throws a `PrepareError` where it cannot.
 */
export async function prepareMachine(purpose: Purpose, terminal: Terminal): Promise<Prepared> {
  if (process.platform !== 'linux') {
    throw new PrepareError(
      'Stowage makes Linux networks and needs the kernel that runs the containers: run it on Linux, or as a container beside the engine (that image follows).',
    );
  }
  if (process.getuid?.() !== 0) {
    throw new PrepareError(
      'Stowage makes networks and containers and needs root: run it with sudo, or as a container beside the engine (that image follows).',
    );
  }
  process.env['PATH'] = programPath().join(':');
  const remote = process.env['DOCKER_HOST'];
  if (remote !== undefined && remote !== '' && !remote.startsWith('unix:')) {
    throw new PrepareError(
      `DOCKER_HOST=${remote} is an engine on another machine; Stowage makes networks on the engine's own kernel: run it there, or as a container beside the engine (that image follows).`,
    );
  }
  const running = await engineAnswers();
  await install(purpose, running === undefined && locate('dockerd') === undefined, terminal);
  if (running === undefined) return startEngine(terminal);
  if (running.kernel !== release()) {
    throw new PrepareError(
      `the container engine runs on another kernel (${running.kernel}; this one is ${release()}), as Docker Desktop's does: run Stowage there, as a container beside the engine (that image follows).`,
    );
  }
  return {};
}

async function install(purpose: Purpose, ownEngine: boolean, terminal: Terminal): Promise<void> {
  const missing = (): readonly Need[] =>
    needsOf(purpose, ownEngine).filter((need) => locate(need.program) === undefined);
  const describe = (needs: readonly Need[]): string =>
    needs.map(({ program, purpose: use }) => `${program} (${use})`).join(', ');
  if (missing().length === 0) return;
  if (locate('apt-get') === undefined) {
    throw new PrepareError(
      `missing: ${describe(missing())}. Install them with this system's package manager; on Debian and Ubuntu Stowage does it itself.`,
    );
  }
  const startedAt = systemClock.now();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]): Promise<unknown> =>
    runCommand('apt-get', ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...args], { env });
  terminal.step('reading the lists of packages');
  const problems: string[] = [];
  await apt('update').catch((error: unknown) => problems.push(messageOf(error)));
  // A program that the first package did not bring (distributions differ) is looked for in the next one.
  for (let attempt = 0; attempt < 2 && missing().length > 0; attempt += 1) {
    const packages = [...new Set(missing().flatMap((need) => need.packages[attempt] ?? []))];
    if (packages.length === 0) break;
    terminal.step(`installing ${packages.join(', ')}: ${describe(missing())}`);
    await apt('install', ...packages).catch((error: unknown) => problems.push(messageOf(error)));
  }
  const left = missing();
  if (left.length > 0) {
    const hints = left.flatMap(({ program, otherwise }) =>
      otherwise === undefined ? [] : [`${program}: ${otherwise}`],
    );
    throw new PrepareError([`could not install ${describe(left)}`, ...problems, ...hints].join('\n'));
  }
  terminal.done(`installed in ${Math.round((systemClock.now() - startedAt) / 1000)} s`);
}

async function startEngine(terminal: Terminal): Promise<Prepared> {
  let enginePid: number | undefined;
  const managed = existsSync('/run/systemd/system') && locate('systemctl') !== undefined;
  terminal.step(managed ? 'starting the docker service' : 'starting dockerd (this machine has no service manager)');
  if (managed) {
    await runCommand('systemctl', ['start', 'docker']).catch((error: unknown) => {
      throw new PrepareError(`the docker service did not start: ${messageOf(error)}`);
    });
  } else {
    const dockerd = locate('dockerd');
    if (dockerd === undefined) throw new PrepareError('docker.io is installed, but dockerd is not on the PATH');
    const out = openSync(engineLog, 'a');
    const engine = spawn(dockerd, [], { detached: true, stdio: ['ignore', out, out] });
    engine.unref();
    enginePid = engine.pid;
  }
  // Nothing else keeps a program running while it waits.
  const letGo = holdProcess();
  try {
    const deadline = systemClock.now() + 60_000;
    for (;;) {
      const engine = await engineAnswers();
      if (engine !== undefined) {
        terminal.done(`Docker Engine ${engine.version} runs`);
        return enginePid === undefined ? {} : { enginePid };
      }
      if (systemClock.now() > deadline) {
        const hint = managed ? 'journalctl -u docker' : engineLog;
        throw new PrepareError(`dockerd did not answer within a minute: see ${hint}`);
      }
      await systemClock.sleep(100);
    }
  } finally {
    letGo();
  }
}
