import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serviceTable } from '../src/aws/service-table.ts';
import { servedBy } from '../src/aws/services.ts';
import { coverageText } from './coverage.ts';
import { dumpSchemas, dumpText } from './schemas.ts';
import { servedHandlers } from './served.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const services = await servedHandlers();

describe('what is generated is current (if not: npm run generate)', () => {
  const all = serviceTable.map((row) => {
    const served = servedBy(services, row.id);
    return { row, served, dump: dumpSchemas(row, served) };
  });

  test.each(all)('src/aws/generated/$row.id.json', ({ row, dump }) => {
    expect(dumpText(dump) === read(`src/aws/generated/${row.id}.json`)).toBe(true);
  });

  test('docs/coverage.md', () => {
    expect(coverageText(all)).toBe(read('docs/coverage.md'));
  });

  test.each(all)('every operation of $row.id that is served is in the model', ({ dump, served }) => {
    expect(dump.names).toEqual(expect.arrayContaining([...served]));
    expect(Object.keys(dump.operations)).toEqual(expect.arrayContaining([...served]));
  });
});
