import { mkdirSync, writeFileSync } from 'node:fs';
import { serviceTable } from '../src/aws/service-table.ts';
import { servedBy } from '../src/aws/services.ts';
import { coverageText } from './coverage.ts';
import { dumpSchemas } from './schemas.ts';
import { servedHandlers } from './served.ts';

// Writes docs/coverage.md. Run by `npm run generate`.
const services = await servedHandlers();
const covered = serviceTable.map((row) => {
  const served = servedBy(services, row.id);
  return { served, dump: dumpSchemas(row, served) };
});
mkdirSync(new URL('../docs', import.meta.url), { recursive: true });
writeFileSync(new URL('../docs/coverage.md', import.meta.url), coverageText(covered));
