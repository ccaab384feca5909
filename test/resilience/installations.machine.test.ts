import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import {
  CreateClusterCommand,
  DescribeServicesCommand,
  ListClustersCommand,
  ListTasksCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { CreateLoadBalancerCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { eventually, must, pushHello, run } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { startLoad } from '../support/load.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';

/** The installation's id on the machine. */
const idOf = (installation: TestInstallation): string =>
  (JSON.parse(installation.stowage('status', '--json')) as { installation: string }).installation;

/** Everything on the machine whose name says that it is of an installation. */
async function tracesOf(id: string, home: string): Promise<string[]> {
  const lines = async (program: string, ...args: string[]): Promise<string[]> =>
    (await run(program, args)).stdout.split('\n').filter((line) => line !== '');
  return [
    ...(await lines('docker', 'ps', '--all', '--quiet', '--filter', `label=stowage.installation=${id}`)),
    ...(await lines('docker', 'volume', 'ls', '--quiet', '--filter', `label=stowage.installation=${id}`)),
    ...readdirSync('/run/netns').filter((name) => name.includes(id)),
    ...(await lines('ip', '-o', 'link')).filter((line) => line.includes(`sw${id}`)),
    ...(await lines('iptables', '-S')).filter((line) => line.includes(id)),
    ...(await lines('nft', 'list', 'tables')).filter((line) => line.includes(id)),
    ...(await lines('pgrep', '-af', `haproxy.*${home}/`)),
    ...(await lines('grep', id, '/etc/hosts')),
  ];
}

describe('two installations with the same networks, one on a small disk', () => {
  const disk = mkdtempSync(join(tmpdir(), 'stowage-disk-'));
  let small: TestInstallation;
  let other: TestInstallation;
  let service: WebService;
  let image = '';
  beforeAll(async () => {
    await must('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'stowage-test', disk]);
    [small, other] = await Promise.all([startInstallation({}, join(disk, 'home')), startInstallation()]);
    image = await pushHello(small, 'small', '1');
    service = await createWebService(small, { name: 'small', image, count: 2 });
  });
  afterAll(async () => {
    for (const each of [small, other]) each?.remove();
    await must('umount', [disk]);
    rmdirSync(disk);
  });

  it('refuses writes while its disk is full, goes on with everything else, and recovers', async () => {
    const { ecs } = sdk(small, { maxAttempts: 1 });
    const pid = small.pid();
    onTestFailed(() => console.log(readFileSync(join(small.home, 'control-plane.log'), 'utf8').slice(-6000)));
    const load = startLoad(service.url, 2);
    const filler = join(disk, 'filler');
    onTestFinished(() => rmSync(filler, { force: true }));
    expect((await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'])).stderr).toContain('No space left');
    let acknowledged = 0;
    const refused = await eventually('a write is refused', 20_000, async () => {
      try {
        await ecs.send(new CreateClusterCommand({ clusterName: `full-${acknowledged}` }));
        acknowledged += 1;
        return undefined;
      } catch (error) {
        return error as { name: string; message: string; $metadata: { httpStatusCode?: number } };
      }
    });
    expect(refused.$metadata.httpStatusCode).toBe(503);
    expect(refused.message).toMatch(/Nothing can be written at the moment/);
    // Reading goes on, and so does what runs.
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster: 'small', services: ['small'] }));
    expect(services?.[0]?.runningCount).toBe(2);
    // What happens meanwhile is told later.
    const [task] = await service.tasks();
    await must('docker', ['kill', task?.containers?.[0]?.runtimeId ?? '']);
    await eventually('the task that is left serves', 20_000, () =>
      must('curl', ['-fsS', '--max-time', '5', service.url]),
    );
    rmSync(filler);
    await eventually('writes are taken again', 20_000, () =>
      ecs.send(new CreateClusterCommand({ clusterName: 'after' })).then(() => true),
    );
    await eventually('the task that died is replaced', 60_000, async () => {
      const tasks = await service.tasks();
      const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING');
      const replaced = running.length === 2 && !running.some(({ taskArn }) => taskArn === task?.taskArn);
      return replaced && (await service.healthyTargets()) === 2 ? true : undefined;
    });
    const { clusterArns = [] } = await ecs.send(new ListClustersCommand({}));
    for (let i = 0; i < acknowledged; i++) {
      expect(clusterArns.some((arn) => arn.endsWith(`/full-${i}`))).toBe(true);
    }
    expect(small.pid()).toBe(pid);
    const report = await load.stop();
    expect(report.requests).toBeGreaterThan(0);
  });

  /** Begins to make tasks and a load balancer in the other installation, and waits for none of them. */
  const begin = async (name: string): Promise<void> => {
    const { ecs, elbv2 } = sdk(other);
    const otherImage = await pushHello(other, name, '1');
    const web = await createWebService(other, { name, image: otherImage, count: 1 });
    const { subnets, securityGroups } = web.placement;
    await Promise.all([
      ecs.send(
        new RunTaskCommand({
          cluster: name,
          taskDefinition: name,
          count: 4,
          launchType: 'FARGATE',
          networkConfiguration: {
            awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: 'ENABLED' },
          },
        }),
      ),
      ecs.send(new UpdateServiceCommand({ cluster: name, service: name, desiredCount: 3 })),
      elbv2.send(
        new CreateLoadBalancerCommand({ Name: `${name}-2`, Subnets: subnets, SecurityGroups: securityGroups }),
      ),
    ]);
  };

  it('is reset in the midst of things: nothing is left, and the neighbour notices nothing', async () => {
    const load = startLoad(service.url, 2);
    const before = await service.tasks();
    await begin('reset');
    other.stowage('reset');
    await eventually('nothing is left', 10_000, async () => {
      const traces = (await tracesOf(idOf(other), other.home)).filter(
        (line) => !/^table inet|^-A |unreachable/.test(line),
      );
      expect(traces).toEqual([]);
      return true;
    });
    const { ecs } = sdk(other);
    expect((await ecs.send(new ListTasksCommand({ cluster: 'reset' })).catch((e: Error) => e.name)) as string).toBe(
      'ClusterNotFoundException',
    );
    const report = await load.stop();
    expect(report.failed, report.printed).toBe(0);
    expect((await service.tasks()).map(({ taskArn }) => taskArn)).toEqual(before.map(({ taskArn }) => taskArn));
  });

  it('is taken down in the midst of things: nothing is left, and the neighbour notices nothing', async () => {
    const load = startLoad(service.url, 2);
    const id = idOf(other);
    await begin('down');
    other.stowage('down', '--all');
    expect(await tracesOf(id, other.home)).toEqual([]);
    other.stowage('up', '--detach');
    await begin('killed');
    process.kill(other.pid(), 'SIGKILL');
    other.stowage('down', '--all');
    expect(await tracesOf(id, other.home)).toEqual([]);
    const report = await load.stop();
    expect(report.failed, report.printed).toBe(0);
  });
});
