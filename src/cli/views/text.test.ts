import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageOf, cut, fit, span, widthOf, wrap, written } from './text.ts';

describe('text in a terminal', () => {
  it('counts columns, not characters', () => {
    expect(widthOf('web')).toBe(3);
    expect(widthOf('服務')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
  });

  it.each([
    ['web', 5, 'web'],
    ['web', 3, 'web'],
    ['worker', 3, 'wo…'],
    ['服務器', 4, '服…'],
    ['web', 0, ''],
  ])('cuts %s to %i columns', (text, columns, shown) => {
    expect(cut(text, columns)).toBe(shown);
  });

  it('fills what is left, and wraps within its columns, losing nothing but spaces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        expect(widthOf(fit(text, columns))).toBe(columns);
        const lines = wrap(text, columns);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it("lets nobody's reason move the cursor", () => {
    const evil = 'gone\u001B[2J\u001B]0;title\u0007\r\nover\u202Ehere';
    expect(written([[span(evil)]], true)).toEqual(['gone [2J ]0;title over here']);
  });

  it('colours what has a meaning, and ends each line without spaces', () => {
    const line = [span('a '), span('b', 'good'), span('  ', 'dim')];
    expect(written([line], true)).toEqual(['a \u001B[32mb\u001B[0m']);
    expect(written([line], false)).toEqual(['a b']);
  });

  it.each([
    [-5, '0s'],
    [99_999, '99s'],
    [100_000, '1m'],
    [5_999_999, '99m'],
    [6_000_000, '1h'],
    [172_800_000, '2d'],
  ])('tells %i ms as %s', (ms, shown) => {
    expect(ageOf(ms)).toBe(shown);
  });
});
