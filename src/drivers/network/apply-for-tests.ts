import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { VpcSpec } from '../../wire/network-spec.ts';
import { LinuxNetworkDriver } from './linux.ts';

/** A process that applies a VPC and attaches its tasks, to be killed on the way. */
const { spec, pids, installationId, publicPool, host } = JSON.parse(process.argv[2] ?? '') as {
  spec: VpcSpec;
  pids: Record<string, number>;
  installationId: string;
  publicPool: string;
  host: string;
};
const driver = new LinuxNetworkDriver({
  installationId,
  publicPool,
  clock: systemClock,
  log: silentLog,
  verifyEveryMs: 0,
  hostNamespace: host,
});
process.stdout.write('begins\n');
await driver.applyVpc(spec);
for (const [interfaceId, pid] of Object.entries(pids)) await driver.attach(spec.vpcId, interfaceId, pid);
