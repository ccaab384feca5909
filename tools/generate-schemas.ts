import { writeFileSync } from 'node:fs';
import { serviceTable } from '../src/aws/service-table.ts';
import { servedBy } from '../src/aws/services.ts';
import { dumpSchemas, dumpText } from './schemas.ts';
import { servedHandlers } from './served.ts';

// Writes src/aws/generated/<service>.json from the SDK's clients. Run by `npm run generate`.
const services = await servedHandlers();
for (const row of serviceTable) {
  const dump = dumpSchemas(row, servedBy(services, row.id));
  const file = new URL(`../src/aws/generated/${row.id}.json`, import.meta.url);
  writeFileSync(file, dumpText(dump));
}
