import { closeSync, openSync, readFileSync, statfsSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DriverError } from '../../base/errors.ts';
import { systemIds } from '../../base/ids.ts';
import { Shells } from '../../base/shells.ts';

const shells = new Shells();

/** Runs programs in a network namespace, given by the path of its file; without one in our own. */
export class Netns {
  readonly path: string | undefined;

  constructor(path: string | undefined) {
    this.path = path;
  }

  /** Runs a program there and answers what it prints. */
  async run(program: string, ...args: string[]): Promise<string> {
    return (await shells.run(...this.command(program, args))).stdout;
  }

  /** Runs a shell script there. */
  async script(text: string): Promise<string> {
    return this.run('sh', '-c', text);
  }

  /** Runs `ip` on several lines; it stops at the first that fails. */
  async ip(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.feed(`${lines.join('\n')}\n`, 'ip', '-batch', '-');
  }

  /** Runs `bridge` on several lines; it stops at the first that fails. */
  async bridge(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.feed(`${lines.join('\n')}\n`, 'bridge', '-batch', '-');
  }

  /** Runs an nftables script, one transaction. */
  async nft(script: string): Promise<void> {
    if (script === '') return;
    // Not through a pipe: ours are sockets, and older versions of nft open /dev/stdin, which a socket refuses.
    const path = join(tmpdir(), `stowage-${systemIds.hex(16)}.nft`);
    const file = openSync(path, 'wx+', 0o600);
    try {
      unlinkSync(path);
      writeSync(file, script);
      await this.run('nft', '-f', `/proc/${process.pid}/fd/${file}`);
    } finally {
      closeSync(file);
    }
  }

  /** Feeds a program its standard input. */
  async feed(input: string, program: string, ...args: string[]): Promise<void> {
    if (input !== '') await shells.run(...this.command(program, args), input);
  }

  /** The command line that runs a program there. */
  command(program: string, args: readonly string[]): [string, string[]] {
    return this.path === undefined ? [program, [...args]] : ['nsenter', [`--net=${this.path}`, program, ...args]];
  }
}

/** Runs `ip` on lines in one namespace and, if that went well, on others in another, as one command. */
export async function ipOneByOne(...parts: readonly { readonly netns: Netns; readonly lines: readonly string[] }[]) {
  const scripts = parts.map(({ netns, lines }) => {
    const [program, args] = netns.command('ip', ['-batch', '-']);
    return `${[program, ...args].join(' ')} <<'END'\n${lines.join('\n')}\nEND\n`;
  });
  await shells.run('sh', ['-e', '-s'], scripts.join(''));
}

/** The inode that tells a network namespace from others; `undefined` when the path leads to none. */
export function netnsInode(path: string): number | undefined {
  try {
    // The magic number of nsfs: a file left by an `ip netns add` that was interrupted is a plain one ("statfs(2)").
    return statfsSync(path).type === 0x6e_73_66_73 ? statSync(path).ino : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process is in the network namespace of whoever started it, or in ours; not so when it is no more. */
export function isInParentsNetwork(pid: number): boolean {
  const own = netnsInode(`/proc/${pid}/ns/net`);
  if (own === undefined) return false;
  return own === netnsInode('/proc/self/ns/net') || own === netnsInode(`/proc/${parentOf(pid)}/ns/net`);
}

function parentOf(pid: number): string | undefined {
  try {
    // The name, in parentheses, may hold anything ("proc_pid_stat(5)").
    return /\) \S (\d+) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Runs `work` and lets failures of the kind "it is not there" pass. */
export async function unlessMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const missing = /Cannot find device|No such (file|process|device)|does not exist|No chain/i;
    if (!(error instanceof DriverError) || !missing.test(error.message)) throw error;
  }
}
