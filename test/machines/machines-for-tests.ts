import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemIds } from '../../src/base/ids.ts';
import { installationOf } from '../../src/cli/installation.ts';
import { filesOf } from '../../src/drivers/cgroups/files.ts';
import { eventually, must, run, type Ran } from '../support/clients.ts';
import { OwnEngine } from '../support/own-engine.ts';

const cli = resolve(import.meta.dirname, '../../src/cli/cli.ts');
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];

/**
 * Several machines on this one: each is a network namespace with a container engine of its own, on one cable with the others and
 * with the host. The cable is a bridge in a namespace, so that nothing of it passes the host's own rules.
 */
export class TestNetwork {
  readonly #id = systemIds.hex(6);
  readonly #block = `198.18.${Number.parseInt(this.#id.slice(0, 2), 16)}`;
  readonly #switch = `mt${this.#id}s`;
  readonly #hostLink = `mt${this.#id}`;
  /** The address of the host on the cable: where its control plane is to listen. */
  readonly hostAddress = `${this.#block}.1`;
  readonly machines: TestMachine[] = [];

  async open(): Promise<void> {
    await must('ip', ['netns', 'add', this.#switch]);
    await must('ip', ['-n', this.#switch, 'link', 'add', 'cable', 'type', 'bridge']);
    await must('ip', ['-n', this.#switch, 'link', 'set', 'cable', 'up']);
    await must('ip', ['link', 'add', this.#hostLink, 'type', 'veth', 'peer', 'name', 'host', 'netns', this.#switch]);
    await this.plug('host');
    await must('ip', ['address', 'add', `${this.hostAddress}/24`, 'dev', this.#hostLink]);
    await must('ip', ['link', 'set', this.#hostLink, 'up']);
  }

  /** Makes one more machine, whose engine runs, and pulls from `plainRegistry` without TLS. */
  async add(plainRegistry?: string): Promise<TestMachine> {
    const number = this.machines.length + 1;
    const name = `mt${this.#id}${number}`;
    const address = `${this.#block}.${10 + number}`;
    const engine = new OwnEngine({ within: name, ...(plainRegistry === undefined ? {} : { plainRegistry }) });
    const machine = new TestMachine(this, { name, port: `port${number}`, address, engine });
    this.machines.push(machine);
    await must('ip', ['netns', 'add', name]);
    const peer = ['peer', 'name', machine.port, 'netns', this.#switch];
    await must('ip', ['-n', name, 'link', 'add', 'eth0', 'type', 'veth', ...peer]);
    await this.plug(machine.port);
    await must('ip', ['-n', name, 'address', 'add', `${machine.address}/24`, 'dev', 'eth0']);
    for (const link of ['lo', 'eth0']) await must('ip', ['-n', name, 'link', 'set', link, 'up']);
    await must('ip', ['-n', name, 'route', 'add', 'default', 'via', this.hostAddress]);
    await machine.engine.start();
    return machine;
  }

  /** Plugs the cable of a machine in. */
  async plug(port: string): Promise<void> {
    await must('ip', ['-n', this.#switch, 'link', 'set', port, 'master', 'cable', 'up']);
  }

  /** Pulls it: whoever sends into it hears nothing, not even a refusal. */
  async unplug(port: string): Promise<void> {
    await must('ip', ['-n', this.#switch, 'link', 'set', port, 'nomaster']);
  }

  async close(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.remove()));
    await run('ip', ['link', 'delete', this.#hostLink]);
    await run('ip', ['netns', 'delete', this.#switch]);
  }
}

/** One machine: its engine, its home, and at times the agent that `stowage join` runs on it. */
export class TestMachine {
  readonly #network: TestNetwork;
  readonly name: string;
  readonly port: string;
  readonly address: string;
  readonly home = mkdtempSync(join(tmpdir(), 'stowage-machine-'));
  readonly engine: OwnEngine;
  #agent: ChildProcess | undefined;

  constructor(
    network: TestNetwork,
    { name, port, address, engine }: { name: string; port: string; address: string; engine: OwnEngine },
  ) {
    this.#network = network;
    this.name = name;
    this.port = port;
    this.address = address;
    this.engine = engine;
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, STOWAGE_HOME: this.home, DOCKER_HOST: this.engine.socket, STOWAGE_HOSTS_FILE: 'none' };
  }

  /** The words that run a program on this machine. */
  get #here(): string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`];
  }

  /** Runs a CLI command on this machine to its end. */
  stowage(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const [program = '', ...rest] = [...this.#here, ...node, cli, ...args];
    return spawnSync(program, rest, { env: this.env, encoding: 'utf8' });
  }

  /** The same, while others do other things. */
  run(...args: readonly string[]): Promise<Ran> {
    const [program = '', ...rest] = [...this.#here, ...node, cli, ...args];
    return run(program, rest, { env: this.env });
  }

  /** Starts `stowage join` in the foreground, and resolves once it is connected. */
  async join(control: string, ...args: readonly string[]): Promise<void> {
    const log = openSync(join(this.home, 'agent.out'), 'a');
    const [program = '', ...rest] = [...this.#here, ...node, cli, 'join', control, ...args];
    const agent = spawn(program, rest, { env: this.env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#agent = agent;
    await eventually(`${this.name} is connected`, 60_000, () => {
      if (agent.exitCode !== null) throw new Error(`the agent ended:\n${this.log().slice(-2000)}`);
      return readAgent(this.home);
    });
  }

  /** What its agent printed. */
  log(): string {
    return readFileSync(join(this.home, 'agent.out'), 'utf8');
  }

  /** Its own words about itself. */
  identity(): { readonly machineId: string; readonly instanceId?: string; readonly relayPort: number } {
    return JSON.parse(readFileSync(join(this.home, 'machine.json'), 'utf8')) as ReturnType<TestMachine['identity']>;
  }

  /** Kills the agent, or asks it to end. */
  async killAgent(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const gone = new Promise((done) => agent.once('exit', done));
    agent.kill(signal);
    await gone;
  }

  /** Docker's command line on this machine's engine. */
  docker(...args: readonly string[]): Promise<string> {
    return must('docker', ['--host', this.engine.socket, ...args]);
  }

  unplug(): Promise<void> {
    return this.#network.unplug(this.port);
  }

  plug(): Promise<void> {
    return this.#network.plug(this.port);
  }

  async remove(): Promise<void> {
    await this.killAgent();
    // Whatever of it is left: networks, containers, control groups.
    await this.run('leave', '--forget');
    await this.engine.remove();
    await run('ip', ['netns', 'delete', this.name]);
    await this.#removeTraces();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** What an engine that was killed left of its containers is nobody's any more. */
  async #removeTraces(): Promise<void> {
    const { id } = installationOf({ home: this.home });
    await filesOf(id, '/sys/fs/cgroup', 'v1').removeAll();
    for (const name of readdirSync('/run/netns').filter((each) => each.startsWith(`stowage-${id}-`))) {
      await run('ip', ['netns', 'delete', name]);
    }
  }
}

function readAgent(home: string): true | undefined {
  try {
    const { connected } = JSON.parse(readFileSync(join(home, 'agent.json'), 'utf8')) as { connected: boolean };
    return connected ? true : undefined;
  } catch {
    return undefined;
  }
}
