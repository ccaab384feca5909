import { defineConfig } from 'vitest/config';

/**
 * `unit`: beside the code, no root, no network, no engine. `machine`: real drivers, real containers and real clients;
 * needs root, an engine, HAProxy and nftables, and cleans up after itself.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,tools,test}/**/*.test.ts'],
          exclude: ['**/*.machine.test.ts'],
          // Some spawn a shell for every example; a busy machine takes its time.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'machine',
          include: ['{src,test}/**/*.machine.test.ts'],
          // What hangs ends some time; what is slow on a busy machine may be.
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // Most of their time they wait: each has an installation of its own, and they share nothing but the engine.
          maxWorkers: 2,
        },
      },
    ],
  },
});
