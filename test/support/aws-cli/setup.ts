import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';

/** The first line of a file. */
function firstLine(path: string): string {
  const bytes = Buffer.alloc(256);
  try {
    const file = openSync(path, 'r');
    readSync(file, bytes);
    closeSync(file);
  } catch {
    return '';
  }
  return bytes.toString('latin1').split('\n', 1)[0] ?? '';
}

/** The machine's aws CLI and the Python that runs it; undefined where the CLI is no Python script, or there is none. */
function findCli(path: string): { readonly script: string; readonly python: string } | undefined {
  // A version manager's stand-in is a shell script, which tells where the real one is.
  const { stdout } = spawnSync('pyenv', ['which', 'aws'], { encoding: 'utf8' });
  const scripts = [(stdout ?? '').trim(), ...path.split(delimiter).map((folder) => join(folder, 'aws'))];
  for (const script of scripts) {
    const python = /^#!\s*(\S*python\S*)$/.exec(firstLine(script))?.[1];
    if (python === undefined) continue;
    if (spawnSync(python, ['-c', 'import awscli.clidriver']).status === 0) return { script, python };
  }
  return undefined;
}

let end = (): void => {};

/**
 * Puts an `aws` first on the path of the tests that is the machine's own aws CLI, imported once instead of at every call
 * (see server.py): the tests call it some hundred times, and most of each call was its start. Where the CLI
 * is not made like that, the path stays as it is. vitest calls this before the tests, and `teardown` after them.
 */
export async function setup(): Promise<void> {
  const path = process.env['PATH'] ?? '';
  const cli = findCli(path);
  if (cli === undefined) return;
  const { script, python } = cli;
  const folder = mkdtempSync(join(tmpdir(), 'stowage-test-aws-'));
  const client = join(folder, 'aws');
  // Isolated, and without what Python looks for at its start: it lasts a hundredth of a second.
  writeFileSync(client, `#!${python} -IS\n${readFileSync(join(import.meta.dirname, 'client.py'), 'utf8')}`);
  chmodSync(client, 0o755);
  symlinkSync(script, join(folder, 'real'));
  writeFileSync(join(folder, 'namespace'), readlinkSync('/proc/self/ns/net'));
  const server = spawn(python, [join(import.meta.dirname, 'server.py'), join(folder, 'socket')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  end = () => {
    server.stdin.end();
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Takes it away again. */
export function teardown(): void {
  end();
}
