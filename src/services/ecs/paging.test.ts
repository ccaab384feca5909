import { assert, boolean, constantFrom, integer, property, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { page } from './paging.ts';

const key = (item: string): string => item;

describe('page', () => {
  it('shows every item that stays once and in order, whatever goes between two pages', () => {
    assert(
      property(
        uniqueArray(constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l')),
        integer({ min: 1, max: 5 }),
        boolean(),
        (items, maxResults, descending) => {
          let left = items;
          const seen: string[] = [];
          const gone = new Set<string>();
          let nextToken: string | undefined;
          do {
            const shown = page(left, key, { maxResults, nextToken }, { descending });
            seen.push(...shown.items);
            ({ nextToken } = shown);
            // The last one shown goes: the token that names it must stay good.
            const last = shown.items.at(-1);
            if (last !== undefined) gone.add(last);
            left = left.filter((item) => !gone.has(item));
          } while (nextToken !== undefined);
          const sorted = items.toSorted((a, b) => a.localeCompare(b));
          expect(seen).toEqual(descending ? sorted.toReversed() : sorted);
        },
      ),
    );
  });

  it('refuses tokens and sizes that are none', () => {
    expect(() => page(['a'], key, { nextToken: 'x' })).toThrow('The specified nextToken is not valid.');
    expect(() => page(['a'], key, { maxResults: 101 })).toThrow('maxResults must be between 1 and 100.');
  });
});
