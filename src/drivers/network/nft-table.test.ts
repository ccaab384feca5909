import { describe, expect, test } from 'vitest';
import { changeTable, markOf, replaceTable, type NftTable } from './nft-table.ts';

function table(sets: Record<string, Record<string, string>>, chains: Record<string, readonly string[]>): NftTable {
  return {
    family: 'ip',
    name: 't',
    sets: new Map(
      Object.entries(sets).map(([name, elements]) => [
        name,
        { kind: 'map', type: 'ipv4_addr : verdict', elements: new Map(Object.entries(elements)) },
      ]),
    ),
    chains: new Map(Object.entries(chains).map(([name, rules]) => [name, { rules }])),
  };
}

const marks = { before: 'is-old', after: 'is-new' };

describe('nftables tables', () => {
  test('replace is one transaction that works whether the table exists or not', () => {
    expect(replaceTable(table({ m: { '10.0.0.1': 'jump c' } }, { c: ['accept'] }), 'is-x')).toBe(
      [
        'table ip t',
        'delete table ip t',
        'table ip t {',
        '  map m {',
        '    type ipv4_addr : verdict',
        '    elements = { 10.0.0.1 : jump c }',
        '  }',
        '  chain is-x {',
        '  }',
        '  chain c {',
        '    accept',
        '  }',
        '}',
        '',
      ].join('\n'),
    );
  });

  test('change makes first what is referred to, and deletes last', () => {
    const before = table(
      { m: { a: 'jump c1', b: 'jump c1' }, gone: { x: 'drop' } },
      { c1: ['accept'], c2: ['ip saddr @gone drop'] },
    );
    const after = table(
      { m: { a: 'jump c3', b: 'jump c1' }, fresh: { y: 'drop' } },
      { c1: ['drop', 'accept'], c3: ['ip saddr @fresh drop'] },
    );
    expect(changeTable(before, after, marks).trimEnd().split('\n')).toEqual([
      'delete chain ip t is-old',
      'add chain ip t is-new',
      'add chain ip t c3',
      'add map ip t fresh { type ipv4_addr : verdict; }',
      'flush chain ip t c1',
      'add rule ip t c1 drop',
      'add rule ip t c1 accept',
      'add rule ip t c3 ip saddr @fresh drop',
      'delete element ip t m { a : jump c1 }',
      'add element ip t m { a : jump c3 }',
      'add element ip t fresh { y : drop }',
      'flush chain ip t c2',
      'delete chain ip t c2',
      'delete map ip t gone',
    ]);
  });

  test('nothing to change is nothing to do, in whatever order it is said', () => {
    const one = table({ m: { a: 'drop', b: 'accept' } }, { c: ['accept'] });
    const other = table({ m: { b: 'accept', a: 'drop' } }, { c: ['accept'] });
    expect(changeTable(one, other, marks)).toBe('');
    expect(markOf(one)).toBe(markOf(other));
    expect(markOf(one)).not.toBe(markOf(table({ m: { a: 'drop', b: 'drop' } }, { c: ['accept'] })));
  });
});
