import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { prepareMachine } from '../src/cli/prepare/prepare.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { leftovers } from './leftovers.ts';

/**
 * `npm test`: prepares the machine, runs the tests with the checks beside them, and looks that nothing was left on the machine. Its
 * last line is `N passed, N failed`. `--all` (`npm run test:all`) adds the long tests, and the others at full length; further arguments are
 * handed to vitest, and leave the checks out.
 */
const root = resolve(import.meta.dirname, '..');
const terminal = processTerminal();

function run(program: string, args: readonly string[], output: 'inherit' | number = 'inherit'): Promise<number> {
  const { promise, resolve: done, reject } = Promise.withResolvers<number>();
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', output, output] });
  child.on('error', reject);
  child.on('exit', (status) => done(status ?? 1));
  return promise;
}

/** Runs the checks beside the tests, which mostly wait for the machine; answers how to learn what they found. */
function check(file: string): () => Promise<number> {
  const output = openSync(file, 'w');
  const checks = [join(root, 'tools/check.ts')];
  const done = run('nice', ['-n', '5', process.execPath, ...checks], output);
  // Looked at only when the tests are over.
  done.catch(() => {});
  return async () => {
    terminal.step('checks: types, lint and walls, format, dead code');
    const status = await done;
    closeSync(output);
    process.stdout.write(readFileSync(file, 'utf8'));
    if (status !== 0) terminal.warn("the checks failed: 'npm run check' shows them again");
    return status;
  };
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
  const checks = args.length > 0 ? () => Promise.resolve(0) : check(join(folder, 'checks.txt'));
  const status = await run(process.execPath, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...(all || args.length > 0 ? [] : ['--project', 'unit', '--project', 'machine']),
    ...args,
  ]);
  const checked = await checks();
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
