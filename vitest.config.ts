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
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
