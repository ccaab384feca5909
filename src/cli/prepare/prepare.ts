import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { release } from 'node:os';
import { systemClock } from '../../base/clock.ts';
import { runCommand } from '../../base/command.ts';
import { messageOf } from '../../base/errors.ts';
import type { Terminal } from '../terminal.ts';
import { engineAnswers } from './engine.ts';
import { locate, needsOf, programPath, type Purpose } from './packages.ts';

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
  const missing = needsOf(purpose, ownEngine).filter((need) => locate(need.program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((need) => need.package))];
  if (locate('apt-get') === undefined) {
    throw new PrepareError(
      `missing: ${missing.map((need) => `${need.program} (${need.purpose})`).join(', ')}. Install them with this system's package manager; on Debian and Ubuntu Stowage does it itself.`,
    );
  }
  terminal.step(`installing ${packages.join(', ')} (${missing.map((need) => need.purpose).join(', ')})`);
  const startedAt = systemClock.now();
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'install', ...packages];
  try {
    // A fresh machine has no package lists, an old one stale ones: refresh first, it is quick.
    await runCommand('apt-get', ['-qq', 'update'], { env });
    await runCommand('apt-get', apt, { env });
  } catch (error) {
    throw new PrepareError(`apt-get could not install ${packages.join(', ')}: ${messageOf(error)}`);
  }
  terminal.done(`installed ${packages.join(', ')} in ${Math.round((systemClock.now() - startedAt) / 1000)} s`);
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
}
