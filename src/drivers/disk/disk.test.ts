import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Disk } from './disk.ts';
import { FakeDisk } from './fake.ts';
import { linuxDisk } from './linux.ts';

const mebibyte = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'stowage-disk-'));
const fake = new FakeDisk();
afterAll(() => rmSync(folder, { recursive: true }));

describe.each<[string, Disk, (path: string, bytes: number) => void]>([
  ['fake', fake, (path, bytes) => fake.content.set(path, bytes)],
  [
    'linux',
    linuxDisk,
    (path, bytes) => {
      mkdirSync(join(path, 'deep'), { recursive: true });
      writeFileSync(join(path, 'deep', 'file'), Buffer.alloc(bytes, 1));
    },
  ],
])('a disk: %s', (_, disk, fill) => {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  beforeAll(() => {
    fill(a, 3 * mebibyte);
    fill(b, 2 * mebibyte);
  });

  it('counts what is below all the paths', async () => {
    expect(Math.floor((await disk.used([a, b])) / mebibyte)).toBe(5);
    expect(Math.floor((await disk.used([a])) / mebibyte)).toBe(3);
    expect(await disk.used([])).toBe(0);
  });

  it('passes over what is not there', async () => {
    expect(Math.floor((await disk.used([b, join(folder, 'nothing')])) / mebibyte)).toBe(2);
  });

  it('knows what its file system holds', async () => {
    expect(await disk.taken(folder)).toBeGreaterThanOrEqual(5 * mebibyte);
  });
});

it('counts a file of two names once', async () => {
  const two = join(folder, 'two');
  mkdirSync(two);
  writeFileSync(join(two, 'one'), Buffer.alloc(mebibyte, 1));
  linkSync(join(two, 'one'), join(two, 'other'));
  expect(Math.floor((await linuxDisk.used([two])) / mebibyte)).toBe(1);
});
