import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../docs/decisions');

test('each decision has a number of its own, which its title repeats, and its line in the list', () => {
  const files = readdirSync(folder).filter((file) => file !== 'README.md');
  const numbers = files.map((file) => file.slice(0, 4));
  expect(new Set(numbers).size).toBe(files.length);
  const listed = readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^\| \[(\d{4})\]\(([^)]*)\) \|/gm);
  expect([...listed].map(([, number, file]) => [number, file])).toEqual(
    files.toSorted().map((file, index) => [numbers.toSorted()[index], file]),
  );
  for (const file of files) {
    expect(readFileSync(join(folder, file), 'utf8').startsWith(`# ${file.slice(0, 4)} `), file).toBe(true);
  }
});
