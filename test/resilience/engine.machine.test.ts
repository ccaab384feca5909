import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locate } from '../../src/cli/prepare/packages.ts';
import { eventually, must, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService, type WebService } from '../support/web-service.ts';

/** A container engine of the test's own, so that it may die without harming anybody else's containers. */
class OwnEngine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'own-dockerd-'));
  readonly #bridge = `own${process.pid}`;
  readonly socket = `unix://${join(this.#folder, 'docker.sock')}`;
  #process: ChildProcess | undefined;

  async start(): Promise<void> {
    if (this.#process === undefined) await must('ip', ['link', 'add', this.#bridge, 'type', 'bridge']);
    const log = openSync(join(this.#folder, 'log'), 'a');
    const at = (name: string): string => join(this.#folder, name);
    // No rules and no default bridge of its own: the machine's engine has those, and our tasks need neither.
    const args = ['--host', this.socket, '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')];
    this.#process = spawn(locate('dockerd') ?? 'dockerd', [...args, '--iptables=false', '--bridge', this.#bridge], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await eventually('the engine answers', 60_000, () => must('docker', ['--host', this.socket, 'version'])).catch(
      (error: unknown) => {
        throw new Error(readFileSync(at('log'), 'utf8').slice(-2000), { cause: error });
      },
    );
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop();
    await must('ip', ['link', 'delete', this.#bridge]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

describe('a container engine that restarts', () => {
  const engine = new OwnEngine();
  let installation: TestInstallation;
  let service: WebService;
  beforeAll(async () => {
    await engine.start();
    installation = await startInstallation({ DOCKER_HOST: engine.socket });
    const image = await pushHello(installation, 'engine', '1');
    service = await createWebService(installation, { name: 'engine', image, count: 2 });
  }, 240_000);
  afterAll(async () => {
    installation.remove();
    await engine.remove();
  });

  it('takes its containers with it; the service notices and has two tasks again', async () => {
    const before = (await service.tasks()).map((task) => task.taskArn);
    await engine.stop();
    await engine.start();
    await eventually('two other tasks run', 90_000, async () => {
      const running = (await service.tasks()).filter((task) => task.lastStatus === 'RUNNING');
      return running.length === 2 && running.every((task) => !before.includes(task.taskArn)) ? true : undefined;
    });
    await eventually('both are healthy', 60_000, async () =>
      (await service.healthyTargets()) === 2 ? true : undefined,
    );
    expect(await must('curl', ['-fsS', '--max-time', '5', service.url])).toContain('Hello from a container');
  });
});
