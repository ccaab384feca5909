import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

let installation: TestInstallation;

beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation?.remove());

test('a task whose image does not exist stops and says so', async () => {
  const { ecs, ec2 } = sdk(installation);
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
  await ecs.send(new CreateClusterCommand({}));
  const image = `${installation.endpoint.replace('http://', '')}/none:1`;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'none',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn: 'arn:aws:iam::000000000000:role/ecsTaskExecutionRole',
      containerDefinitions: [{ name: 'none', image }],
    }),
  );
  const { tasks: started } = await ecs.send(
    new RunTaskCommand({
      taskDefinition: 'none',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets?.[0]?.SubnetId ?? ''] } },
    }),
  );
  expect(started?.[0]?.attachments).toMatchObject([{ status: 'PRECREATED' }]);
  const tasks = [started?.[0]?.taskArn ?? ''];
  await waitUntilTasksStopped({ client: ecs, maxWaitTime: 600, minDelay: 1, maxDelay: 1 }, { tasks });
  const described = await ecs.send(new DescribeTasksCommand({ tasks }));
  const reason: unknown = expect.stringMatching(/^CannotPullContainerError: .*none/);
  expect(described.tasks).toMatchObject([
    {
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: reason,
      containers: [{ lastStatus: 'STOPPED', reason }],
      attachments: [{ id: started?.[0]?.attachments?.[0]?.id, status: 'DELETED' }],
    },
  ]);
});
