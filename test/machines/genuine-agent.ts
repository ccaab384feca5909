import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, lstatSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must, run } from '../support/clients.ts';
import type { TestMachine } from './machines-for-tests.ts';

/** Where the agent looks for credentials that change; a link, made by the kit. */
const rotatingCredentials = '/rotatingcreds';

/** Amazon's own agent on a machine of a test, run as its kit says. */
export class GenuineAgent {
  readonly #machine: TestMachine;
  readonly #kit: string;
  readonly #binary: string;
  #process: ChildProcess | undefined;

  constructor(machine: TestMachine, kit: string, binary: string) {
    this.#machine = machine;
    this.#kit = kit;
    this.#binary = binary;
  }

  start(): void {
    const words = [`--net=/run/netns/${this.#machine.name}`, join(this.#kit, 'run.sh'), this.#binary];
    const log = openSync(join(this.#kit, 'out'), 'a');
    // A process group of its own: the kit's script renews the credentials beside the agent.
    this.#process = spawn('nsenter', words, {
      detached: true,
      stdio: ['ignore', log, log],
      // Nothing of the developer's own: it heeds every variable that AWS's SDKs do. Control groups are the whole machine's.
      env: {
        PATH: process.env['PATH'],
        DOCKER_HOST: this.#machine.engine.socket,
        ECS_ENABLE_TASK_CPU_MEM_LIMIT: 'false',
        ECS_DISABLE_IMAGE_CLEANUP: 'true',
      },
    });
    closeSync(log);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((done) => running.once('exit', done));
    process.kill(-running.pid, 'SIGKILL');
    await gone;
  }

  /** Everything that it logged. */
  log(): string {
    return readFileSync(join(this.#kit, 'agent.log'), 'utf8');
  }

  /** The access key that the machine has. */
  accessKey(): string | undefined {
    const file = readFileSync(join(this.#kit, 'rotatingcreds/credentials'), 'utf8');
    return /aws_access_key_id = (\S+)/.exec(file)?.[1];
  }

  async remove(): Promise<void> {
    await this.kill();
    const words = [`--net=/run/netns/${this.#machine.name}`, join(this.#kit, 'network.sh'), '--remove'];
    await run('nsenter', words);
    const left = await this.#machine.docker('ps', '--all', '--quiet');
    if (left !== '')
      await must('docker', ['--host', this.#machine.engine.socket, 'rm', '--force', ...left.split('\n')]);
    const link = lstatSync(rotatingCredentials, { throwIfNoEntry: false });
    if (link?.isSymbolicLink() === true && readlinkSync(rotatingCredentials).startsWith(this.#kit)) {
      rmSync(rotatingCredentials);
    }
  }
}
