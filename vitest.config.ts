import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/sequencer.ts';

/**
 * What hangs ends some time; what is slow on a busy machine may be. No test says how fast something is, so none may fail
 * because a machine is slow: deadlines are for what will never come.
 */
const patience = { testTimeout: 900_000, hookTimeout: 900_000, expect: { poll: { timeout: 120_000 } } };

/**
 * More files at a time than there are processors, as those on the machine wait much of their time; not too many, as each
 * takes one of the sixteen ranges of public addresses that a machine has.
 */
const maxWorkers = Math.min(6, Math.ceil(availableParallelism() * 1.5));

/** Each has an installation of its own, and they share nothing but the engine. */
const machine = { ...patience, maxWorkers, globalSetup: 'test/support/aws-cli/setup.ts' };

/**
 * `unit`: beside the code, no root, no network, no engine. `machine`: real drivers, real containers and real clients;
 * needs root, an engine, HAProxy and nftables, and cleans up after itself. `long`: the same at greater length, left out of `npm test`.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,tools,test}/**/*.test.ts'],
          exclude: ['**/*.machine.test.ts', '**/*.long.test.ts'],
          ...patience,
          maxWorkers,
        },
      },
      { test: { name: 'machine', include: ['{src,test}/**/*.machine.test.ts'], ...machine } },
      { test: { name: 'long', include: ['{src,test}/**/*.long.test.ts'], ...machine } },
    ],
  },
});
