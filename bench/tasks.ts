import { DescribeTasksCommand, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { must } from '../test/support/clients.ts';
import type { TestInstallation } from '../test/support/installation.ts';
import { sdk } from '../test/support/web-service.ts';
import { bareContainers } from './bare-docker.ts';
import { median, nowMs, type Row } from './report.ts';
import { bench as cluster, makeWorkload, pause } from './workload.ts';

/** RunTask → every task RUNNING, for one-container awsvpc tasks, against the same containers made by bare engine calls. */
export async function benchTasks(installation: TestInstallation, counts: readonly number[]): Promise<Row[]> {
  const { ecs } = sdk(installation);
  const { image, networkConfiguration } = await makeWorkload(installation);
  await must('docker', ['tag', image, 'stowage-bench']);

  const { installation: id } = JSON.parse(installation.stowage('status', '--json')) as { installation: string };
  /** Resolves once nothing of earlier tasks runs (or, with `-a`, is there at all): taking it away costs the engine as well. */
  const cleared = async (...all: readonly '-a'[]): Promise<void> => {
    while ((await must('docker', ['ps', '-q', ...all, '--filter', `label=stowage.installation=${id}`])) !== '') {
      await pause(100);
    }
  };

  /** Those of `tasks` that do not run yet. */
  const notRunning = async (tasks: string[]): Promise<string[]> => {
    const described = (await ecs.send(new DescribeTasksCommand({ cluster, tasks }))).tasks ?? [];
    const stopped = described.find((task) => task.lastStatus === 'STOPPED');
    if (stopped !== undefined) throw new Error(stopped.stoppedReason);
    return described.filter((task) => task.lastStatus !== 'RUNNING').map((task) => task.taskArn ?? '');
  };

  /** Milliseconds from the first RunTask call to the last task RUNNING. */
  const ours = async (count: number): Promise<number> => {
    const startedAt = nowMs();
    const calls = [];
    for (let left = count; left > 0; left -= 10) {
      calls.push(
        ecs.send(
          new RunTaskCommand({
            cluster,
            taskDefinition: cluster,
            launchType: 'FARGATE',
            count: Math.min(10, left),
            networkConfiguration,
          }),
        ),
      );
    }
    const tasks = (await Promise.all(calls)).flatMap((answer) => answer.tasks ?? []).map((task) => task.taskArn ?? '');
    // Asking takes CPU from what it waits for: one task is asked for at a time, all again once that one runs.
    let waiting = tasks;
    while (waiting.length > 0) {
      await pause(Math.min(50, 5 * count));
      if ((await notRunning(waiting.slice(-1))).length === 0) waiting = await notRunning(waiting);
    }
    const elapsed = nowMs() - startedAt;
    await Promise.all(tasks.map((task) => ecs.send(new StopTaskCommand({ cluster, task }))));
    for (;;) {
      const described = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
      if ((described.tasks ?? []).every((task) => task.lastStatus === 'STOPPED')) break;
      await pause(20);
    }
    await cleared();
    return elapsed;
  };

  await ours(1); // The network of the VPC is made at its first task.
  const rows: Row[] = [];
  for (const count of counts) {
    // Containers stay for half a minute after their task; a count's rounds are shorter than that.
    await cleared('-a');
    const floors: number[] = [];
    const figures: number[] = [];
    const rounds = count < 10 ? 5 : count < 50 ? 3 : 2;
    for (let round = 0; round < rounds; round += 1) {
      const socket = process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
      floors.push((await bareContainers(socket, 'stowage-bench', count)).ms);
      figures.push(await ours(count));
    }
    rows.push({
      name: `RunTask → RUNNING, ${count} task${count === 1 ? '' : 's'}`,
      value: median(figures),
      unit: 'ms',
      floor: median(floors),
      against: 'bare engine calls',
    });
  }
  return rows;
}
