import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matcher, tagFilters, type Filters } from './filters.ts';

interface Row {
  readonly colours: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}
const known: Filters<Row> = { colour: (row) => row.colours, none: () => undefined, ...tagFilters };
const row: Row = { colours: ['red', 'a*b'], tags: [{ key: 'Name', value: 'web=1' }] };

describe('a filter', () => {
  it.each<[name: string, values: string[], matches: boolean]>([
    ['colour', ['red'], true],
    ['colour', ['blue', 'red'], true],
    ['colour', ['Red'], false],
    ['colour', ['r'], false],
    ['colour', ['r*'], true],
    ['colour', ['?ed'], true],
    ['colour', ['??ed'], false],
    ['colour', ['a\\*b'], true],
    ['colour', ['\\*ed'], false],
    ['colour', ['.*'], false],
    ['colour', ['*'], true],
    ['colour', [], false],
    ['none', ['*'], false],
    ['tag:Name', ['web=1'], true],
    ['tag:Name', ['web*'], true],
    ['tag:Nam', ['*'], false],
    ['tag-key', ['Name'], true],
    ['tag-key', ['Owner'], false],
  ])('%s %j', (name, values, matches) => {
    expect(matcher(known, [{ Name: name, Values: values }])(row)).toBe(matches);
  });

  it('holds together with the others', () => {
    const red = { Name: 'colour', Values: ['red'] };
    expect(matcher(known, [red, { Name: 'tag:Name', Values: ['web=1'] }])(row)).toBe(true);
    expect(matcher(known, [red, { Name: 'tag:Name', Values: ['other'] }])(row)).toBe(false);
  });

  it.each(['shape', 'tag:', '', 'constructor'])('named %j is refused', (name) => {
    expect(() => matcher(known, [{ Name: name, Values: ['x'] }])).toThrow(`The filter '${name}' is invalid`);
  });

  it('without wildcards matches its own text and no other', () => {
    const text = fc.string().filter((one) => !/[*?\\]/.test(one));
    fc.assert(
      fc.property(text, text, (value, other) => {
        const matches = matcher(known, [{ Name: 'colour', Values: [value] }]);
        expect(matches({ colours: [value], tags: [] })).toBe(true);
        expect(matches({ colours: [other], tags: [] })).toBe(value === other);
      }),
    );
  });
});
