import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { prepareMachine } from '../src/cli/prepare/prepare.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { leftovers } from './leftovers.ts';

/**
 * `npm test`: prepares the machine, runs the checks and the tests, and looks that nothing was left on the machine. Its
 * last line is `N passed, N failed`. `--all` (`npm run test:all`) adds the long tests, and the others at full length; further arguments are
 * handed to vitest, and leave the checks out.
 */
const root = resolve(import.meta.dirname, '..');
const terminal = processTerminal();

function run(program: string, args: readonly string[]): Promise<number> {
  const { promise, resolve: done, reject } = Promise.withResolvers<number>();
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  child.on('error', reject);
  child.on('exit', (status) => done(status ?? 1));
  return promise;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTotalTests: number;
  readonly numFailedTestSuites: number;
}

const prepared = await prepareMachine('test', terminal);
const before = await leftovers();
const folder = mkdtempSync(join(tmpdir(), 'stowage-test-'));
const reportFile = join(folder, 'report.json');
try {
  const args = process.argv.slice(2).filter((argument) => argument !== '--all');
  const all = process.argv.includes('--all');
  if (all) process.env['STOWAGE_TEST_ALL'] = '1';
  terminal.step('checks: types, lint and walls, format, dead code');
  const checked = args.length > 0 ? 0 : await run('npm', ['run', '--silent', 'check']);
  if (checked !== 0) terminal.warn("the checks failed: 'npm run check' shows them again");
  const status = await run(process.execPath, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...(all || args.length > 0 ? [] : ['--project', 'unit', '--project', 'machine']),
    ...args,
  ]);
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  const left = (await leftovers()).filter((thing) => !before.includes(thing));
  for (const thing of left) terminal.warn(`left behind by the tests: ${thing}`);
  // What is no test of vitest's counts all the same: a suite that did not load, the checks, the clean-up.
  const brokenSuites = report.numFailedTests === 0 && status !== 0 ? Math.max(1, report.numFailedTestSuites) : 0;
  const failed = report.numFailedTests + brokenSuites + (checked === 0 ? 0 : 1) + (left.length === 0 ? 0 : 1);
  const skipped = report.numTotalTests - report.numPassedTests - report.numFailedTests;
  process.exitCode = failed === 0 ? 0 : 1;
  terminal.line(`${report.numPassedTests} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
  // In CI nothing may outlive the run; elsewhere the engine stays, as one that was there would have.
  if (process.env['CI'] !== undefined && prepared.enginePid !== undefined) process.kill(prepared.enginePid, 'SIGTERM');
}
