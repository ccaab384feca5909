import { assert, constantFrom, pre, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { hasWildcard, headerArgument, literal, quote, wildcardRegex } from './quote.ts';

/** Reads one configuration line as HAProxy does, as far as `quote` goes: strong quotes, `\xHH`, spaces, comments. */
function words(line: string): string[] {
  const bytes: number[][] = [[]];
  let inQuotes = false;
  for (let i = 0; i < line.length; i += 1) {
    const c = line.charAt(i);
    const word = bytes.at(-1) ?? [];
    if (c === "'") inQuotes = !inQuotes;
    else if (inQuotes) word.push(c.charCodeAt(0));
    else if (c === '#' || c === '\n') break;
    else if (c === ' ') bytes.push([]);
    else if (c === '\\' && line.charAt(i + 1) === 'x') {
      word.push(Number.parseInt(line.slice(i + 2, i + 4), 16));
      i += 3;
    } else if (c === '\\' || c === '"' || c === '$') throw new Error(`${c} stands outside quotes`);
    else word.push(c.charCodeAt(0));
  }
  return bytes.map((word) => Buffer.from(word).toString('utf8'));
}

test('quotes any text as exactly one word', () => {
  const text = string({ unit: 'binary' }).filter((each) => !each.includes('\0') && each.isWellFormed());
  assert(
    property(text, (each) => {
      expect(words(`before ${quote(each)} after`)).toEqual(['before', each, 'after']);
    }),
  );
  assert(
    property(string({ unit: constantFrom("'", '"', '\\', '\n', '\r', ' ', '#', '$', '{', '%', 'x') }), (each) => {
      expect(words(`before ${quote(each)} after`)).toEqual(['before', each, 'after']);
    }),
  );
});

test('refuses what no line can hold', () => {
  expect(() => quote('a\0b')).toThrow(RangeError);
  for (const name of ['', 'a b', 'a\r\nb', 'a)b', 'a"b', 'a,b']) expect(() => headerArgument(name)).toThrow(RangeError);
  expect(headerArgument("x-it's")).toBe('"x-it\'s"');
});

test('leaves plain words readable', () => {
  expect(['/path', 'a b', "it's", '', 'line\n'].map((each) => quote(each))).toEqual([
    '/path',
    "'a b'",
    String.raw`'it'\x27's'`,
    "''",
    String.raw`'line'\x0a`,
  ]);
});

test('escapes per cent signs in formats', () => {
  expect(literal('100%[src]')).toBe('100%%[src]');
  expect(() => literal('a\r\nSet-Cookie: x')).toThrow(RangeError);
});

test('wildcards match as ELB says, everything else itself', () => {
  const plain = string().filter((each) => !hasWildcard(each));
  assert(
    property(plain, plain, string(), (head, tail, middle) => {
      pre(!/[\n\r\u2028\u2029]/.test(head + tail + middle));
      const text = head + middle + tail;
      expect(new RegExp(wildcardRegex(`${head}*${tail}`)).test(text)).toBe(true);
      expect(new RegExp(wildcardRegex(head)).test(text)).toBe(head === text);
      expect(new RegExp(wildcardRegex(`${head}?${tail}`)).test(text)).toBe(middle.length === 1);
    }),
  );
});
