import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clearRunning, installationOf, writeRunning } from './installation.ts';

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'stowage-home-'))));
afterEach(() => rmSync(home, { recursive: true }));

const serve = (listen: readonly string[]): void => {
  writeRunning(home, { pid: 1, host: '127.0.0.1', port: 4567, listen, account: '000000000000' });
};

it('answers where it did before, also after it was stopped', () => {
  serve(['192.168.1.10']);
  clearRunning(home);
  expect(installationOf({ home }, {}).listen).toEqual(['192.168.1.10']);
  expect(installationOf({ home, listen: ['10.0.0.1'] }, {}).listen).toEqual(['10.0.0.1']);
  expect(installationOf({ home }, { STOWAGE_LISTEN: '10.0.0.2,10.0.0.3' }).listen).toEqual(['10.0.0.2', '10.0.0.3']);
});

it('answers on loopback alone once it is told so', () => {
  serve(['192.168.1.10']);
  expect(installationOf({ home, listen: ['none'] }, {}).listen).toEqual([]);
  serve([]);
  clearRunning(home);
  expect(installationOf({ home }, {}).listen).toEqual([]);
});

it.each(['0.0.0.0', '127.0.0.1', 'example.com'])('does not listen at %s', (address) => {
  expect(() => installationOf({ home, listen: [address] }, {})).toThrow(`--listen ${address}`);
});
