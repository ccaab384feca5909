import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareMachine } from '../src/cli/prepare/prepare.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { freePort, startInstallation } from '../test/support/installation.ts';
import { benchBalancer } from './balancer.ts';
import { benchNetwork } from './network.ts';
import { benchIdle, benchStart } from './process.ts';
import { format, type Row } from './report.ts';
import { benchStore } from './store.ts';
import { benchTasks } from './tasks.ts';
import { benchWire } from './wire.ts';

/** `npm run bench`: every measurement, one after the other; each line is a figure and its ratio to a floor of the same run. */
const terminal = processTerminal();
await prepareMachine('test', terminal);

const print = (rows: readonly Row[]): void => {
  for (const line of format(rows)) terminal.line(line);
};

const home = mkdtempSync(join(tmpdir(), 'stowage-bench-'));
print(await benchStart(home, await freePort(), await freePort()));
rmSync(home, { recursive: true, force: true });
print(await benchStore());
print(await benchBalancer());
print(await benchNetwork());

const installation = await startInstallation();
try {
  print(await benchIdle(installation, 5000, 'empty'));
  print(await benchWire(installation));
  print(await benchTasks(installation, [1, 10, 50]));
} finally {
  installation.remove();
}
