import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { CommandResult } from './command.ts';
import { DriverError } from './errors.ts';
import { systemIds } from './ids.ts';

/** How many programs are started side by side; more wait. */
const mostShells = 4;

/**
 * Shells that wait for work: they start programs in this process's place. To start one itself costs a process as large as this
 * one 3 to 10 ms in which nothing else happens (the kernel copies its page tables); to write a line to a shell costs nothing.
 */
export class Shells {
  readonly #idle: Shell[] = [];
  readonly #waiting: ((shell: Shell) => void)[] = [];
  #count = 0;

  /**
   * Runs a program and waits for it, as `runCommand` does: throws a `DriverError`, `fatal` when the program is missing,
   * `retryable` when it exits with another status than 0 (the message holds its standard error) or its shell is ended.
   */
  async run(program: string, args: readonly string[], input?: string): Promise<CommandResult> {
    const shell = await this.#take();
    let result: Result;
    try {
      result = await shell.run([program, ...args], input);
    } finally {
      this.#giveBack(shell);
    }
    const { status, stdout, stderr } = result;
    if (status === 0) return { stdout, stderr };
    if (status === 127 && /^\S*sh: .*not found$/m.test(stderr)) {
      throw new DriverError('fatal', `${program} is not installed`);
    }
    const why = stderr.trim() || stdout.trim();
    throw new DriverError('retryable', `${program} ${args.join(' ')} exited with ${status}: ${why}`);
  }

  #take(): Promise<Shell> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#count < mostShells) {
      this.#count += 1;
      return Promise.resolve(new Shell());
    }
    const { promise, resolve } = Promise.withResolvers<Shell>();
    this.#waiting.push(resolve);
    return promise;
  }

  #giveBack(shell: Shell): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next(shell.alive ? shell : new Shell());
    if (shell.alive) this.#idle.push(shell);
    else this.#count -= 1;
  }
}

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of them. It ends with its standard input, that is with this process however that ends, and keeps nobody from ending. */
class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #mark = systemIds.hex(32);
  #out = '';
  #err = '';
  #running: PromiseWithResolvers<Result> | undefined;
  #failure: DriverError | undefined;

  constructor() {
    // A process group of its own: an interrupt typed at a terminal is for us, who may have more to do.
    this.#child = spawn('sh', ['-s'], { cwd: '/', detached: true });
    const fail = (why: string): void => {
      this.#failure ??= new DriverError('retryable', `the shell that starts programs ended: ${why}`);
      this.#running?.reject(this.#failure);
    };
    this.#child.on('error', (error) => fail(error.message));
    this.#child.on('close', (status, signal) => fail(signal ?? `status ${status}`));
    this.#child.stdin.on('error', (error) => fail(error.message));
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#out += chunk;
      this.#look();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#err += chunk;
      this.#look();
    });
    this.#hold(false);
  }

  get alive(): boolean {
    return this.#failure === undefined;
  }

  async run(words: readonly string[], input: string | undefined): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#running = Promise.withResolvers();
    this.#hold(true);
    this.#child.stdin.write(this.#script(words, input));
    try {
      return await this.#running.promise;
    } finally {
      this.#running = undefined;
      this.#hold(false);
    }
  }

  /** The program, and after it a line with the mark on both outputs. */
  #script(words: readonly string[], input: string | undefined): string {
    const command = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const mark = this.#mark;
    const fed = input === undefined ? `${command} </dev/null` : `${command} <<'${mark}'\n${input}\n${mark}`;
    return `${fed}\nprintf '\\n${mark} %d\\n' $?\nprintf '\\n${mark}\\n' >&2\n`;
  }

  #look(): void {
    const [out, err] = [this.#out.indexOf(`\n${this.#mark} `), this.#err.indexOf(`\n${this.#mark}\n`)];
    if (out < 0 || err < 0 || !this.#out.endsWith('\n')) return;
    const status = Number(this.#out.slice(out + this.#mark.length + 2));
    this.#running?.resolve({ status, stdout: this.#out.slice(0, out), stderr: this.#err.slice(0, err) });
    this.#out = '';
    this.#err = '';
  }

  /** Whether this process lives on for its sake. */
  #hold(held: boolean): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const each of [this.#child, stdin, stdout, stderr] as unknown as { ref(): void; unref(): void }[]) {
      if (held) each.ref();
      else each.unref();
    }
  }
}
