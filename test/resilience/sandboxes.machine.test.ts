import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, must, pushHello } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { sdk } from '../support/web-service.ts';

// A task that finds a sandbox made ahead is like one that does not: its names, its resolver, its network. The control plane is
// killed in between, and at the end nothing is left.

let installation: TestInstallation;
let filter: string;
beforeAll(async () => {
  installation = await startInstallation();
  const { installation: id } = JSON.parse(installation.stowage('status', '--json')) as { installation: string };
  filter = `label=stowage.installation=${id}`;
});
afterAll(async () => {
  installation.remove();
  expect(await must('docker', ['ps', '--all', '--quiet', '--filter', filter])).toBe('');
});

/** The ids of the running sandboxes. */
async function sandboxes(): Promise<string[]> {
  const label = 'label=stowage.sandbox';
  const args = ['ps', '--no-trunc', '--quiet', '--filter', filter, '--filter', label, '--filter', 'status=running'];
  return (await must('docker', args)).split('\n').filter((id) => id !== '');
}

test('a task in a sandbox is like any other', async () => {
  const { ecs, ec2 } = sdk(installation);
  const image = await pushHello(installation, 'sandboxes', '1');
  await ecs.send(new CreateClusterCommand({ clusterName: 'sandboxes' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'hello',
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
  const run = async (): Promise<{ arn: string; container: string; address: string; pause: string }> => {
    const { tasks = [] } = await ecs.send(
      new RunTaskCommand({
        cluster: 'sandboxes',
        taskDefinition: 'hello',
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets } },
      }),
    );
    const arn = tasks[0]?.taskArn ?? '';
    const task = await eventually('the task runs', 30_000, async () => {
      const described = await ecs.send(new DescribeTasksCommand({ cluster: 'sandboxes', tasks: [arn] }));
      return described.tasks?.find(({ lastStatus }) => lastStatus === 'RUNNING');
    });
    const container = task.containers?.[0]?.runtimeId ?? '';
    const address = task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? '';
    const pause = await must('docker', ['inspect', '--format', '{{index .Config.Labels "stowage.pause"}}', container]);
    return { arn, container, address, pause };
  };
  /** What a program in the task sees of its place, with its own address written as `ADDRESS`. */
  const sees = async ({ container, address }: { container: string; address: string }): Promise<string> => {
    const show = 'hostname; cat /etc/hostname /etc/hosts /etc/resolv.conf; ip address show eth0; ip route';
    const text = await must('docker', ['exec', container, '/bin/busybox', 'sh', '-c', show]);
    return text
      .replaceAll(address, 'ADDRESS')
      .replaceAll(address.replaceAll('.', '-'), 'ADDRESS')
      .replaceAll(/link\/ether \S+|^\d+: eth0@if\d+/gm, '');
  };

  const plain = await run();
  const ahead = await eventually('a sandbox is made', 30_000, async () => (await sandboxes())[0]);
  expect(plain.pause).not.toBe(ahead);

  const pid = installation.pid();
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  installation.stowage('up', '--detach');
  const warm = await run();
  expect(warm.pause).toBe(ahead);
  const seen = await sees(warm);
  expect(seen).toBe(await sees(plain));
  expect(seen).toContain('ip-ADDRESS.ec2.internal');
  // Its network leads somewhere: to the other task's page.
  const page = ['exec', warm.container, '/bin/busybox', 'wget', '-q', '-O', '-', `http://${plain.address}:8080/`];
  await eventually('the page of the other task', 10_000, () => must('docker', page));

  await ecs.send(new StopTaskCommand({ cluster: 'sandboxes', task: warm.arn }));
  await eventually('its sandbox goes with it', 30_000, async () =>
    (await must('docker', ['ps', '--all', '--no-trunc', '--quiet', '--filter', `id=${warm.pause}`])) === ''
      ? true
      : undefined,
  );
});
