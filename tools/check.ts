import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { processTerminal } from '../src/cli/terminal.ts';

/** `npm run check`: format, types, lint with the walls, dead code; goes on after one that fails, so that all are seen at once. */
const checks: readonly (readonly [string, ...string[]])[] = [
  ['oxfmt', '--check'],
  ['tsc', '--noEmit'],
  ['oxlint', '--type-aware', '--deny-warnings'],
  ['knip'],
];
const root = resolve(import.meta.dirname, '..');
const terminal = processTerminal();
const failed = checks.filter(([program, ...args]) => {
  const { status, error } = spawnSync(resolve(root, 'node_modules/.bin', program), args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  return status !== 0;
});
if (failed.length > 0) {
  terminal.warn(`failed: ${failed.map((words) => words.join(' ')).join('; ')}`);
  process.exitCode = 1;
}
