import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, overlaps, parseCidr, type Cidr } from '../../base/ipv4.ts';
import { choosePublicPool, defaultPublicBase, hostAddressOf } from './public-pool.ts';

const cidr = (text: string): Cidr => parseCidr(text) ?? expect.fail(text);

describe('the public pool', () => {
  test('is the same every time, a /20 of the base', () => {
    const pool = choosePublicPool('1a2b3c4d', ['0.0.0.0/0', '192.168.0.0/16']);
    expect(choosePublicPool('1a2b3c4d', [])).toBe(pool);
    expect(cidr(pool).prefixLength).toBe(20);
    expect(contains(cidr(defaultPublicBase), cidr(pool))).toBe(true);
  });

  test('never overlaps what is routed; a full base is refused', () => {
    const ids = Array.from({ length: 16 }, (_, index) => `0000000${index.toString(16)}`);
    const taken: string[] = [];
    for (const id of ids) {
      const pool = choosePublicPool(id, taken);
      expect(taken.some((other) => overlaps(cidr(other), cidr(pool)))).toBe(false);
      taken.push(pool);
    }
    expect(() => choosePublicPool('ffffffff', taken)).toThrow('every part of 100.127.0.0/16 is routed');
    expect(() => choosePublicPool('ffffffff', ['100.64.0.0/10'])).toThrow('choose another range');
  });

  test('a base smaller than a share is taken whole', () => {
    expect(choosePublicPool('00000000', [], '198.18.7.0/24')).toBe('198.18.7.0/24');
    expect(hostAddressOf('198.18.7.0/24')).toBe('198.18.7.255');
  });

  test('avoids any set of routes that leaves room', () => {
    const route = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 20, max: 32 }));
    fc.assert(
      fc.property(fc.array(route, { maxLength: 12 }), (routes) => {
        const taken = routes.map(([third, length]) => `100.127.${third}.0/${length}`);
        const pool = cidr(choosePublicPool('cafecafe', taken));
        expect(taken.some((other) => overlaps(cidr(other), pool))).toBe(false);
      }),
    );
  });
});
