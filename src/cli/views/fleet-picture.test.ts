import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar } from './bar.ts';
import { instance, now, prod, task } from './cluster.fixture.ts';
import { fleetPicture } from './fleet-picture.ts';
import { lineWidth, written } from './text.ts';

const plain = (columns: number): string => `${written(fleetPicture([prod], { columns, now }), false).join('\n')}\n`;

describe('the picture of a cluster', () => {
  it.each([48, 80, 100, 140])('in %i columns', async (columns) => {
    await expect(plain(columns)).toMatchFileSnapshot(`golden/fleet-${columns}.txt`);
  });

  it('in colours', async () => {
    const lines = written(fleetPicture([prod], { columns: 100, now }), true);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/fleet-100-colours.txt');
  });

  it('says where nothing runs, and names another account', () => {
    const empty = { ...prod, name: 'empty', account: '123456789012', instances: [], fargate: [], unplaced: [] };
    expect(written(fleetPicture([empty], { columns: 80, now }), false)).toEqual([
      'empty  us-east-1 123456789012 · 0 running',
      '',
      '  nothing runs here',
    ]);
  });

  it('is never wider than it may be, and loses no instance or state of a task', () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,60}$/);
    const one = fc
      .record({
        name,
        lastStatus: fc.constantFrom('PENDING', 'RUNNING', 'DEPROVISIONING'),
        healthStatus: fc.constantFrom('UNKNOWN', 'UNHEALTHY'),
        taskDefinition: name,
        address: fc.ipV4(),
      })
      .map(({ name, ...more }) => task('0123456789abcdef', name, more));
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 6 }),
        fc.array(one, { maxLength: 6 }),
        fc.integer({ min: 24, max: 200 }),
        (here, fargate, columns) => {
          const cluster = { ...prod, instances: [instance('0123456789abcdef', { tasks: here })], fargate };
          const lines = fleetPicture([cluster], { columns, now });
          for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
          const text = written(lines, false).join('\n');
          expect(text).toContain('i-00123456789abc');
          if (columns >= 64) for (const { lastStatus } of [...here, ...fargate]) expect(text).toContain(lastStatus);
        },
      ),
    );
  });
});

describe('a bar', () => {
  it.each([
    [0, 100, '──────────'],
    [1, 100, '╸─────────'],
    [50, 100, '━━━━━─────'],
    [55, 100, '━━━━━╸────'],
    [99, 100, '━━━━━━━━━╸'],
    [100, 100, '━━━━━━━━━━'],
    [120, 100, '━━━━━━━━━━'],
    [0, 0, '──────────'],
  ])('of %i of %i', (used, registered, shown) => {
    expect(written([bar({ used, registered }, 10)], false)).toEqual([shown]);
  });
});
