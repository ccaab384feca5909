import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

let installation: TestInstallation;

beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation?.remove());

test('a tag that moves changes nothing within a deployment, unless versionConsistency is disabled', async () => {
  const { ecs, ec2 } = sdk(installation);
  const image = await pushHello(installation, 'consistency', '1');
  await ecs.send(new CreateClusterCommand({}));
  const container = { image, entryPoint: ['/bin/busybox', 'sleep', '1000'], stopTimeout: 1 };
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'consistency',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn: 'arn:aws:iam::000000000000:role/ecsTaskExecutionRole',
      containerDefinitions: [
        { ...container, name: 'kept' },
        {
          ...container,
          name: 'moving',
          versionConsistency: 'disabled',
          environment: [{ name: 'PORT', value: '8081' }],
        },
      ],
    }),
  );
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  await ecs.send(
    new CreateServiceCommand({
      serviceName: 'consistency',
      taskDefinition: 'consistency',
      desiredCount: 1,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets?.[0]?.SubnetId ?? ''] } },
    }),
  );
  const running = async (count: number): Promise<Task[]> =>
    eventually(`${count} tasks run`, 60_000, async () => {
      const { taskArns: tasks = [] } = await ecs.send(new ListTasksCommand({ serviceName: 'consistency' }));
      if (tasks.length !== count) return undefined;
      const described = await ecs.send(new DescribeTasksCommand({ tasks }));
      return described.tasks?.every(({ lastStatus }) => lastStatus === 'RUNNING') === true
        ? described.tasks
        : undefined;
    });
  const digest = (task: Task | undefined, name: string) => task?.containers?.find((each) => each.name === name);

  const [first] = await running(1);
  const before = digest(first, 'kept')?.imageDigest ?? '';
  expect(before).toMatch(/^sha256:/);
  expect(digest(first, 'kept')?.image).toBe(image);

  // The same tag, another image.
  await pushHello(installation, 'consistency', '1', '2');
  await ecs.send(new UpdateServiceCommand({ service: 'consistency', desiredCount: 2 }));
  const second = (await running(2)).find(({ taskArn }) => taskArn !== first?.taskArn);
  expect(digest(second, 'kept')).toMatchObject({ image: `${image}@${before}`, imageDigest: before });
  expect(digest(second, 'moving')?.image).toBe(image);
  const moved = digest(second, 'moving')?.imageDigest;
  expect(moved).not.toBe(before);

  await ecs.send(new UpdateServiceCommand({ service: 'consistency', desiredCount: 1, forceNewDeployment: true }));
  const renewed = await eventually('a new deployment runs the new image', 60_000, async () => {
    const [task, ...others] = await running(1);
    return others.length === 0 && task?.startedBy !== first?.startedBy ? task : undefined;
  });
  expect(digest(renewed, 'kept')?.imageDigest).toBe(moved);
});
