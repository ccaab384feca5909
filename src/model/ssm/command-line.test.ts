import { expect, it } from 'vitest';
import { splitCommand } from './command-line.ts';

it.each([
  ['/bin/bash', ['/bin/bash']],
  ['  ls   -la\t/tmp ', ['ls', '-la', '/tmp']],
  [`sh -c 'echo "a b" | cat'`, ['sh', '-c', 'echo "a b" | cat']],
  [`echo "it's" a\\ b`, ['echo', "it's", 'a b']],
  [String.raw`echo "a \"quoted\" word" 'back\slash'`, ['echo', 'a "quoted" word', String.raw`back\slash`]],
  [`echo ''`, ['echo', '']],
  ['echo a#b # the rest', ['echo', 'a#b']],
  ['ls | wc', ['ls', '|', 'wc']],
  ['', []],
  [`echo "open`, undefined],
  [`echo 'open`, undefined],
  ['echo \\', undefined],
])('%s', (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});
