import {
  DescribeTasksCommand,
  RunTaskCommand,
  RegisterTaskDefinitionCommand,
  CreateClusterCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import { pushHello, must } from '../test/support/clients.ts';
import type { TestInstallation } from '../test/support/installation.ts';
import { sdk } from '../test/support/web-service.ts';
import { bareContainers } from './bare-docker.ts';
import { nowMs, type Row } from './report.ts';

/** RunTask → every task RUNNING, for one-container awsvpc tasks, against the same containers made by bare engine calls. */
export async function benchTasks(installation: TestInstallation, counts: readonly number[]): Promise<Row[]> {
  const { ecs, ec2 } = sdk(installation);
  const image = await pushHello(installation, 'bench', '1');
  await must('docker', ['tag', image, 'stowage-bench']);
  await ecs.send(new CreateClusterCommand({ clusterName: 'bench' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'bench',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn: 'arn:aws:iam::000000000000:role/ecsTaskExecutionRole',
      containerDefinitions: [{ name: 'web', image, stopTimeout: 2 }],
    }),
  );
  const found = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
  const subnets = [found.Subnets?.[0]?.SubnetId ?? ''];

  /** Milliseconds from the first RunTask call to the last task RUNNING. */
  const ours = async (count: number): Promise<number> => {
    const startedAt = nowMs();
    const calls = [];
    for (let left = count; left > 0; left -= 10) {
      calls.push(
        ecs.send(
          new RunTaskCommand({
            cluster: 'bench',
            taskDefinition: 'bench',
            launchType: 'FARGATE',
            count: Math.min(10, left),
            networkConfiguration: { awsvpcConfiguration: { subnets } },
          }),
        ),
      );
    }
    const tasks = (await Promise.all(calls)).flatMap((answer) => answer.tasks ?? []).map((task) => task.taskArn ?? '');
    for (;;) {
      const described = await ecs.send(new DescribeTasksCommand({ cluster: 'bench', tasks }));
      const states = (described.tasks ?? []).map((task) => task.lastStatus);
      if (states.includes('STOPPED'))
        throw new Error(described.tasks?.find((task) => task.lastStatus === 'STOPPED')?.stoppedReason);
      if (states.every((state) => state === 'RUNNING')) break;
      await new Promise((wake) => setTimeout(wake, 5));
    }
    const elapsed = nowMs() - startedAt;
    await Promise.all(tasks.map((task) => ecs.send(new StopTaskCommand({ cluster: 'bench', task }))));
    for (;;) {
      const described = await ecs.send(new DescribeTasksCommand({ cluster: 'bench', tasks }));
      if ((described.tasks ?? []).every((task) => task.lastStatus === 'STOPPED')) break;
      await new Promise((wake) => setTimeout(wake, 20));
    }
    return elapsed;
  };

  await ours(1); // The network of the VPC is made at its first task.
  const rows: Row[] = [];
  for (const count of counts) {
    const floor = await bareContainers('stowage-bench', count);
    rows.push({
      name: `RunTask → RUNNING, ${count} task${count === 1 ? '' : 's'}`,
      value: await ours(count),
      unit: 'ms',
      floor,
      against: 'bare engine calls',
    });
  }
  return rows;
}
