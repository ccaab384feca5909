import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate } from '../../src/cli/prepare/packages.ts';
import { eventually, must, run } from './clients.ts';

let engines = 0;

/**
 * A container engine of one's own, so that it may die, or be measured, without anybody else's containers. With `apart` it has
 * a network of its own too, which leads nowhere; `within` names a network namespace for it that is there; `plainRegistry` (`host:port`) one that
 * it may ask without TLS.
 */
export class OwnEngine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'own-dockerd-'));
  readonly #bridge = `own${process.pid}${engines++ === 0 ? '' : String.fromCharCode(96 + engines)}`;
  readonly socket = `unix://${join(this.#folder, 'docker.sock')}`;
  readonly #apart: boolean;
  readonly #within: string | undefined;
  readonly #plainRegistry: string | undefined;
  #process: ChildProcess | undefined;

  constructor({
    apart = false,
    within,
    plainRegistry,
  }: { apart?: boolean; within?: string; plainRegistry?: string } = {}) {
    this.#apart = apart;
    this.#plainRegistry = plainRegistry;
    this.#within = within ?? (apart ? this.#bridge : undefined);
  }

  async start(): Promise<void> {
    if (this.#process === undefined) {
      if (this.#apart) await must('ip', ['netns', 'add', this.#bridge]);
      await must('ip', [...this.#inside(), 'link', 'add', this.#bridge, 'type', 'bridge']);
      await must('ip', [...this.#inside(), 'link', 'set', 'lo', 'up']);
    }
    const log = openSync(join(this.#folder, 'log'), 'a');
    const at = (name: string): string => join(this.#folder, name);
    // After a SIGKILL: where nobody reaps orphans, the dead containerd that it names still counts as running.
    rmSync(at('exec/containerd/containerd.pid'), { force: true });
    // No rules and no default bridge of its own: the machine's engine has those, and our tasks need neither.
    const namespaces = ['--containerd-namespace', this.#bridge, '--containerd-plugins-namespace', `${this.#bridge}p`];
    const args = [
      ...namespaces,
      '--host',
      this.socket,
      '--data-root',
      at('data'),
      '--exec-root',
      at('exec'),
      '--pidfile',
      at('pid'),
      ...(this.#plainRegistry === undefined ? [] : ['--insecure-registry', this.#plainRegistry]),
    ];
    const enter = this.#within === undefined ? [] : ['nsenter', `--net=/run/netns/${this.#within}`];
    const [program = '', ...rest] = [...enter, locate('dockerd') ?? 'dockerd', ...args];
    this.#process = spawn(program, [...rest, '--iptables=false', '--bridge', this.#bridge], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await eventually('the engine answers', 60_000, () => must('docker', ['--host', this.socket, 'version'])).catch(
      (error: unknown) => {
        throw new Error(readFileSync(at('log'), 'utf8').slice(-2000), { cause: error });
      },
    );
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop();
    if (this.#apart) await must('ip', ['netns', 'delete', this.#bridge]);
    else await must('ip', [...this.#inside(), 'link', 'delete', this.#bridge]);
    // An engine that was killed may forget a container's guardian: its command names our folder.
    for (const pid of await this.#guardians()) {
      // A guardian's death does not end what it guards.
      const { stdout } = await run('pgrep', ['-P', String(pid)]);
      for (const each of [...stdout.split('\n').filter(Boolean).map(Number), pid]) killNow(each);
    }
    // An engine that was killed leaves its mounts, and its data folder is one itself.
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith(`${this.#folder}/`));
    if (mounts.length > 0) await must('umount', ['--lazy', ...mounts.toReversed()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Its processes: dockerd, containerd, and a guardian for each container. */
  async pids(): Promise<number[]> {
    const dockerd = this.#process?.pid ?? 0;
    const children = (await run('pgrep', ['-P', String(dockerd)])).stdout.split('\n').filter(Boolean).map(Number);
    return [dockerd, ...children, ...(await this.#guardians())];
  }

  async #guardians(): Promise<number[]> {
    const { stdout } = await run('pgrep', ['-f', `^/\\S*containerd-shim.* ${this.#folder}/`]);
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  /** The words that make `ip` act on the engine's network. */
  #inside(): string[] {
    return this.#within === undefined ? [] : ['-n', this.#within];
  }
}

/** One that has ended meanwhile is fine. */
function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
