import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstallation, type TestInstallation } from '../support/installation.ts';

/** Each script of a folder, with the real aws and docker, against an installation of its own. */
export function runScripts(folder: string): void {
  describe('walkthroughs', () => {
    let installation: TestInstallation;
    beforeAll(async () => {
      installation = await startInstallation();
    });
    afterAll(() => installation.remove());

    const scripts = readdirSync(folder).filter((file) => /^\d.*\.sh$/.test(file));
    // Side by side: each has names of its own, and most of the time is the aws CLI starting or a waiter waiting.
    it.concurrent.each(scripts)('%s', async (script) => {
      const { promise, resolve } = Promise.withResolvers<number | null>();
      let printed = '';
      const child = spawn('bash', [join(folder, script)], { env: installation.env });
      const collect = (chunk: string): void => void (printed += chunk);
      child.stdout.setEncoding('utf8').on('data', collect);
      child.stderr.setEncoding('utf8').on('data', collect);
      child.on('exit', resolve);
      const status = await promise;
      expect(status, printed).toBe(0);
    });
  });
}
