import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, pushHello } from '../test/support/clients.ts';
import { taskContainers } from '../test/support/containers.ts';
import { gone, startInstallation } from '../test/support/installation.ts';
import { createWebService } from '../test/support/web-service.ts';
import { median } from './report.ts';

/**
 * `node bench/adoption.ts [tasks] [rounds]`: the control plane of a service behind a load balancer is killed and started again; how
 * long until it answers, and until all that ran is in its hands (each container known, each network verified, each load
 * balancer as wanted and its targets checked).
 */
const count = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 5);

const installation = await startInstallation();
try {
  const image = await pushHello(installation, 'adoption', '1');
  const service = await createWebService(installation, { name: 'adoption', image, count });
  await eventually('all targets are healthy', 120_000, async () =>
    (await service.healthyTargets()) === count ? true : undefined,
  );
  const containers = async (): Promise<string> => JSON.stringify(await taskContainers(installation));
  const before = await containers();
  const logFile = join(installation.home, 'control-plane.log');
  const answered: number[] = [];
  const takenOver: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const pid = installation.pid();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    const seen = readFileSync(logFile, 'utf8').length;
    const startedAt = Date.now();
    installation.stowage('up', '--detach');
    answered.push(Date.now() - startedAt);
    const line = await eventually(
      'everything is taken over',
      30_000,
      () =>
        /^(\S+) .*everything is taken over.* tasks=(\d+)/m.exec(readFileSync(logFile, 'utf8').slice(seen)) ?? undefined,
    );
    if (Number(line[2]) < count) throw new Error(line[0]);
    takenOver.push(Date.parse(line[1] ?? '') - startedAt);
  }
  if ((await containers()) !== before) throw new Error('a container is not the one it was');
  const row = (what: string, ms: readonly number[]): void =>
    console.log(`| ${what} | ${Math.round(median(ms))} ms | ${Math.max(...ms)} ms |`);
  console.log(`${count} tasks, ${rounds} rounds, no container restarted\n`);
  console.log('| from the start of `stowage up --detach` until | median | worst |\n| --- | --- | --- |');
  row('the command returns: the endpoint answers', answered);
  row('everything is taken over', takenOver);
} finally {
  installation.remove();
}
