import { expect, test } from 'vitest';
import { checkRegex } from './regex-rules.ts';
import { readTransforms } from './transform-rules.ts';

test.each([
  '^/api/(?:v1|v2)/.*$',
  '^(.*)\\.example\\.com$',
  '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}',
  '(?i)chrome/\\d+',
  '(?<area>[[:alpha:]]+)-[\\w.-]+',
  '^/a{,2}',
])('%s is taken', (regex) => {
  expect(checkRegex(regex, 128)).toBe(regex);
});

test.each([
  ['', 'cannot be empty'],
  ['a'.repeat(129), "cannot be longer than '128' characters"],
  ['(?=a)', "'(?=' is not supported"],
  ['(?<!a)', "'(?<' is not supported"],
  ['(?>a)', "'(?>' is not supported"],
  ['(a)\\1', "'\\1' is not supported"],
  ['\\p{L}', "'\\p' is not supported"],
  ['(?R)', "'(?R' is not supported"],
  ['a++', 'possessive quantifiers are not supported'],
  ['a{2}+', 'possessive quantifiers are not supported'],
  ['(a', 'Unterminated group'],
  ['a**', 'Nothing to repeat'],
  ['[]', 'a character class is empty or has no end'],
  ['[^]', 'a character class is empty or has no end'],
  ['[b-a]', 'Range out of order'],
  ['[\\w-z]', 'a range cannot begin or end with a class'],
  ['[[:nope:]]', 'an unknown name'],
  ['a{1001}', "'{1001}' repeats more than 1000 times"],
  ['((a{900}){900}){900}', 'its groups repeat too often'],
  ['a\u00e9', 'visible ASCII characters only'],
  ['a\n', 'visible ASCII characters only'],
])('%j is refused', (regex, why) => {
  expect(() => checkRegex(regex, 128)).toThrow(why);
});

test('a transform has one rewrite, whose replacement names groups that there are', () => {
  const url = (Regex: string, Replace: string): object => ({
    Type: 'url-rewrite',
    UrlRewriteConfig: { Rewrites: [{ Regex, Replace }] },
  });
  const read = (...transforms: object[]): unknown => readTransforms(transforms as never);
  expect(read(url('^/(a)(b)', '/$2$1'))).toEqual([url('^/(a)(b)', '/$2$1')]);
  expect(read()).toEqual([]);
  expect(() => read(url('^/(a)', '/$2'))).toThrow("names the group '$2'");
  expect(() => read(url('a', 'b'), url('c', 'd'))).toThrow("only one transform of type 'url-rewrite'");
  expect(() => read({ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [] } })).toThrow('exactly one rewrite');
  expect(() => read({ ...url('a', 'b'), HostHeaderRewriteConfig: { Rewrites: [] } })).toThrow(
    'HostHeaderRewriteConfig cannot be specified',
  );
  expect(() => read({ Type: 'other' })).toThrow("must be one of 'host-header-rewrite, url-rewrite'");
  expect(() => read(url('(', 'b'))).toThrow('Unterminated group');
});
