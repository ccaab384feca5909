import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { flushCompileCache, getCompileCacheDir } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/**
 * Has the program compiled by a process that ends again, where it was not since it last changed: the compiler, and what it
 * leaves behind, would stay in a control plane for months (20 MB). Answers whether it had to: this process has then compiled
 * some of it, too. Does nothing where Node keeps no compiled code (`NODE_COMPILE_CACHE`), nor in a release, which is
 * JavaScript. A failure is none: then it is compiled when it is loaded.
 */
export async function compileAhead(): Promise<boolean> {
  const cache = getCompileCacheDir();
  if (cache === undefined || !import.meta.url.endsWith('.ts')) return false;
  const done = join(cache, 'compiled');
  const changes = ['package.json', '.git/index', '.git/HEAD'].map((name) => changedAtOf(join(root, name)));
  const isCompiled = (): boolean => changedAtOf(done) > Math.max(...changes);
  if (isCompiled()) return false;
  // What this process has compiled itself is not compiled again.
  flushCompileCache();
  const script = fileURLToPath(new URL('compile-everything.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, script], { stdio: 'ignore' });
  const [status] = (await once(child, 'exit').catch(() => [1])) as [number | null];
  if (status === 0) writeFileSync(done, '');
  return isCompiled();
}

/** Begins this process anew, with the same arguments: as one that has compiled nothing. */
export function beginAnew(): never {
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env);
  throw new Error('this version of Node cannot begin anew');
}

function changedAtOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
