import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareMachine } from '../src/cli/prepare/prepare.ts';
import { processTerminal } from '../src/cli/terminal.ts';
import { freePort, startInstallation, type TestInstallation } from '../test/support/installation.ts';
import { benchBalancer } from './balancer.ts';
import { benchFleet } from './fleet.ts';
import { benchNetwork } from './network.ts';
import { benchIdle, benchStart } from './process.ts';
import { benchRecords } from './records.ts';
import { format, type Row } from './report.ts';
import { benchServices } from './services.ts';
import { benchStore } from './store.ts';
import { benchTasks } from './tasks.ts';
import { benchWire } from './wire.ts';

/**
 * `npm run bench [-- part …]`: every measurement, or those of some parts, one after the other; each line is a figure and its
 * ratio to a floor of the same run.
 */
const terminal = processTerminal();
await prepareMachine('test', terminal);

/** Runs with an installation of its own. */
async function installed(work: (installation: TestInstallation) => Promise<Row[]>, env = {}): Promise<Row[]> {
  const installation = await startInstallation(env);
  try {
    return await work(installation);
  } finally {
    installation.remove();
  }
}

const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  async start() {
    const home = mkdtempSync(join(tmpdir(), 'stowage-bench-'));
    try {
      return await benchStart(home, await freePort(), await freePort());
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
  idle: () => installed((installation) => benchIdle(installation, 15_000, 'empty')),
  records: () => benchRecords(100_000),
  wire: () => installed(benchWire),
  store: benchStore,
  balancer: benchBalancer,
  network: benchNetwork,
  // Without sandboxes: against what the same containers cost.
  tasks: () => installed((installation) => benchTasks(installation, [1, 10, 50]), { STOWAGE_WARM_SANDBOXES: '0' }),
  services: () => benchServices(100),
  fleet: () => installed((installation) => benchFleet(installation, 1000)),
};

const asked = process.argv.slice(2);
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  for (const line of format(await measure())) terminal.line(line);
}
