import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';

/** Where one installation of Stowage lives and how it is reached: two with different homes and ports are strangers. */
export interface Installation {
  /** The state's folder, absolute. */
  readonly home: string;
  /** Eight hexadecimal digits of the home: part of every name this installation makes on the machine. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Addresses beyond loopback at which it answers as well. */
  readonly listen: readonly string[];
  /** The account of callers whose access key is not itself an account number. */
  readonly account: string;
  readonly region: string;
}

/** The options that every command shares. */
export interface InstallationOptions {
  readonly home?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly listen?: readonly string[] | undefined;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}

/** An option that makes no sense; its message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Resolves options, then `STOWAGE_*` variables, then what the running control plane wrote down, then the defaults. */
export function installationOf(options: InstallationOptions, env: NodeJS.ProcessEnv = process.env): Installation {
  const home = resolve(options.home ?? env['STOWAGE_HOME'] ?? '/var/lib/stowage');
  const running = readRunning(home);
  const portText = options.port ?? env['STOWAGE_PORT'] ?? String(running?.port ?? 4566);
  const port = Number(portText);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new UsageError(`--port ${portText} is not a port: give a number from 1 to 65535`);
  }
  const host = options.host ?? running?.host ?? '127.0.0.1';
  if (!/^(127\.[\d.]+|localhost|::1)$/.test(host)) {
    throw new UsageError(
      `--host ${host} is not loopback: any access key is accepted there. 'up --listen ${host}' answers there too, and takes signed requests only`,
    );
  }
  const asked = options.listen ?? env['STOWAGE_LISTEN']?.split(',').filter(Boolean);
  // `none` takes back what was asked for before.
  const listen = asked?.join() === 'none' ? [] : (asked ?? running?.listen ?? readListen(home));
  const wrong = listen.find((address) => isIP(address) === 0 || /^(127\.|0\.0\.0\.0$|::1?$)/.test(address));
  if (wrong !== undefined) {
    throw new UsageError(`--listen ${wrong}: give the address of an interface of this machine, such as 192.168.1.10`);
  }
  const account = options.account ?? env['STOWAGE_ACCOUNT'] ?? running?.account ?? '000000000000';
  if (!/^\d{12}$/.test(account)) throw new UsageError(`--account ${account} is not an AWS account: give 12 digits`);
  const region = options.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const id = createHash('sha256').update(home).digest('hex').slice(0, 8);
  return { home, id, host, port, listen, account, region };
}

/** The endpoint of an installation. */
export function endpointOf(installation: Pick<Installation, 'host' | 'port'>): string {
  return `http://${installation.host}:${installation.port}`;
}

/** What a running control plane writes into its home. */
export interface Running {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly listen?: readonly string[];
  readonly account: string;
}

const listenFile = (home: string): string => join(home, 'listen.json');

/** The addresses that the last control plane of this home answered at beyond loopback: the next one does, too. */
function readListen(home: string): readonly string[] {
  try {
    return JSON.parse(readFileSync(listenFile(home), 'utf8')) as readonly string[];
  } catch {
    return [];
  }
}

const runningFile = (home: string): string => join(home, 'control-plane.json');

/** What the control plane of this home wrote when it started; it may have died since. */
export function readRunning(home: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(runningFile(home), 'utf8')) as Running;
  } catch {
    return undefined;
  }
}

/** Writes down that this process serves the installation. */
export function writeRunning(home: string, running: Running): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(runningFile(home), `${JSON.stringify(running)}\n`);
  writeFileSync(listenFile(home), `${JSON.stringify(running.listen ?? [])}\n`);
}

/** Forgets it. */
export function clearRunning(home: string): void {
  rmSync(runningFile(home), { force: true });
}

/** Whether a process with this id exists and is ours to signal. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
