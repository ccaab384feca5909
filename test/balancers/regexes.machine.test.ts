import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, constantFrom, sample } from 'fast-check';
import { expect, test } from 'vitest';
import { runCommand } from '../../src/base/command.ts';
import { quote } from '../../src/drivers/balancer/quote.ts';
import { checkRegex } from '../../src/services/elbv2/regex-rules.ts';

/** What expressions are made of, the well-formed and the others. */
const parts = [
  'a',
  'b',
  '.',
  '/',
  '-',
  '^',
  '$',
  '|',
  '*',
  '+',
  '?',
  '{2}',
  '{1,3}',
  '{2,}',
  '{,3}',
  '{',
  '}',
  '(',
  ')',
  '(?:',
  '(?<n>',
  '(?P<m>',
  '(?i)',
  '(?=',
  '(?!',
  '(?<=',
  '(?>',
  '[',
  ']',
  '[^',
  '[a-z]',
  '[\\d-]',
  '[a-\\d]',
  '[\\w-z]',
  '[]',
  '[^]',
  '[[:alpha:]]',
  '[[:nope:]]',
  '[:alpha:]',
  '\\d',
  '\\w',
  '\\.',
  '\\/',
  '\\b',
  '\\1',
  '\\k<n>',
  '\\p{L}',
  '\\x41',
  '\\x4',
  '\\z',
  '\\Q',
  '\\',
  '\\u0041',
  '[b-a]',
  '{3,2}',
  '{1001}',
  '++',
  '*+',
  '(*ANY)',
  '#',
  '%',
  '"',
  "'",
  ' ',
  '$HOME',
  '\\-',
  '[.]',
  '[[.a.]]',
];

test('an expression that is taken compiles where it will run', async () => {
  const made = sample(array(constantFrom(...parts), { minLength: 1, maxLength: 8 }), 3000).map((each) => each.join(''));
  const taken = made.filter((regex) => {
    try {
      return checkRegex(regex, 128) !== '';
    } catch {
      return false;
    }
  });
  expect(taken.length).toBeGreaterThan(100);
  const biggest = `(?:${'[ab]'.repeat(29)}){${Math.floor(6400 / 130)}}`;
  expect(checkRegex(biggest, 128)).toBe(biggest);
  const directory = await mkdtemp(join(tmpdir(), 'stw-regex-'));
  try {
    const path = join(directory, 'haproxy.cfg');
    const acls = [...taken, biggest].map((regex, at) => `  acl a${at} path -m reg -- ${quote(regex)}`);
    const defaults = ['defaults', '  mode http', '  timeout client 1s', '  timeout connect 1s', '  timeout server 1s'];
    await writeFile(path, [...defaults, 'frontend f', '  bind 127.0.0.1:1', ...acls, ''].join('\n'));
    await runCommand('haproxy', ['-c', '-q', '-f', path]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
