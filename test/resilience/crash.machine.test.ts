import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DescribeTasksCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { atLength } from '../support/length.ts';
import { eventually, must, pushHello } from '../support/clients.ts';
import { taskContainers, type TaskContainer } from '../support/containers.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';
import { startLoad } from '../support/load.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';

/** What happens to ten tasks under load when parts of the platform die or change. */
describe('a service of ten tasks under load', () => {
  const count = 10;
  let installation: TestInstallation;
  let service: WebService;
  beforeAll(async () => {
    installation = await startInstallation();
    const image = await pushHello(installation, 'crash', '1');
    service = await createWebService(installation, { name: 'crash', image, count });
  });
  afterAll(() => installation.remove());

  /** The containers of the installation's tasks with their start times: a restart shows. */
  const containers = (): Promise<TaskContainer[]> => taskContainers(installation);
  const allHealthy = async (): Promise<true | undefined> => {
    const tasks = await service.tasks();
    const running = tasks.filter((task) => task.lastStatus === 'RUNNING').length;
    return running === count && (await service.healthyTargets()) === count ? true : undefined;
  };

  it('loses nothing when the control plane is killed and started again', async () => {
    await eventually('ten healthy targets', 60_000, allHealthy);
    const before = await containers();
    const ids = (await service.tasks()).map((task) => task.taskArn ?? '').toSorted((a, b) => a.localeCompare(b));
    const load = startLoad(service.url, 8);
    const pid = installation.pid();
    process.kill(pid, 'SIGKILL');
    // While nobody is in control, traffic flows.
    await gone(pid);
    installation.stowage('up', '--detach');
    await eventually('everything is adopted', 30_000, allHealthy);
    expect((await service.tasks()).map((task) => task.taskArn ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual(
      ids,
    );
    expect(await containers()).toEqual(before);
    const report = await load.stop();
    expect(report.failed, report.printed).toBe(0);
    expect(report.requests).toBeGreaterThan(0);
  });

  it('fails no request while it is updated to another revision', async () => {
    const image = await pushHello(installation, 'crash', '2');
    const arn = await service.register(image);
    const load = startLoad(service.url, 2);
    await sdk(installation).ecs.send(
      new UpdateServiceCommand({ cluster: service.name, service: service.name, taskDefinition: arn, desiredCount: 2 }),
    );
    await service.stable();
    await eventually('only the new revision answers', 60_000, async () => {
      const tasks = await service.tasks();
      return tasks.length === 2 && tasks.every((task) => task.taskDefinitionArn === arn) ? true : undefined;
    });
    const report = await load.stop();
    expect(report.failed, report.printed).toBe(0);
    expect(report.requests).toBeGreaterThan(0);
    expect(await must('curl', ['-fsS', service.url])).toContain('revision 2');
  });

  const twoHealthy = async (): Promise<true | undefined> => {
    const running = (await service.tasks()).filter((task) => task.lastStatus === 'RUNNING').length;
    return running === 2 && (await service.healthyTargets()) === 2 ? true : undefined;
  };

  it('replaces a container that somebody removed', async () => {
    const [task] = await service.tasks();
    const victim = task?.containers?.[0]?.runtimeId ?? '';
    await must('docker', ['rm', '--force', victim]);
    await eventually('the task is stopped and replaced', 60_000, async () => {
      const tasks = await service.tasks();
      const running = tasks.filter((other) => other.lastStatus === 'RUNNING');
      return running.length === 2 && running.every((other) => other.taskArn !== task?.taskArn) ? true : undefined;
    });
    await eventually('both are healthy again', 60_000, twoHealthy);
  });

  it('ends a task whose pause container somebody removed, and says why', async () => {
    const [task] = await service.tasks();
    const pause = (await taskContainers(installation)).find(
      (each) => each.task === task?.taskArn && each.container === '~internal~ecs~pause',
    );
    await must('docker', ['rm', '--force', pause?.id ?? '']);
    const ended = await eventually('the task is stopped', 30_000, async () => {
      const described = await sdk(installation).ecs.send(
        new DescribeTasksCommand({ cluster: service.name, tasks: [task?.taskArn ?? ''] }),
      );
      return described.tasks?.[0]?.lastStatus === 'STOPPED' ? described.tasks[0] : undefined;
    });
    expect(ended.stoppedReason).toBe('Essential container in task exited');
    expect(ended.stopCode).toBe('EssentialContainerExited');
    await eventually('two are healthy again', 60_000, twoHealthy);
  });

  /** The VPC's namespace. */
  const namespace = (): string => {
    const id = (JSON.parse(installation.stowage('status', '--json')) as { installation: string }).installation;
    return readdirSync('/run/netns').find((name) => name.startsWith(`stowage-${id}-`)) ?? '';
  };
  const inside = (...command: string[]): Promise<string> => must('ip', ['netns', 'exec', namespace(), ...command]);
  const taskLinks = async (): Promise<string[]> => {
    const links = JSON.parse(await inside('ip', '-j', 'link')) as { ifname: string }[];
    return links.map(({ ifname }) => ifname).filter((name) => /^t[0-9a-f]{14}$/.test(name));
  };
  const haproxy = async (which: 'master' | 'worker'): Promise<void> => {
    const pids = (await must('pgrep', ['-f', `^haproxy.*${installation.home}`])).split('\n');
    const leads = (pid: string): boolean => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[5] === pid;
    process.kill(Number(pids.find((pid) => leads(pid) === (which === 'master'))), 'SIGKILL');
  };

  // With the namespace go the others: one by one they are mended in the tests of the network driver.
  const parts: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['the rules of the VPC', () => inside('nft', 'flush', 'ruleset')],
    ["a task's link", async () => inside('ip', 'link', 'delete', (await taskLinks())[0] ?? '')],
    ['the way to the host', () => inside('ip', 'link', 'delete', 'up0')],
  ];
  it.each([
    ...atLength([], parts),
    ["the VPC's namespace", () => must('ip', ['netns', 'delete', namespace()])],
    ["HAProxy's master", () => haproxy('master')],
    ["HAProxy's worker", () => haproxy('worker')],
  ] as const)('mends %s when somebody takes it away, and no task ends for it', async (_what, take) => {
    const before = await containers();
    await take();
    await eventually('all is mended and serves', 20_000, async () => {
      expect(await inside('nft', 'list', 'ruleset')).toContain('chain ');
      expect(await taskLinks()).toHaveLength(2);
      const pages = new Set<string>();
      for (let i = 0; i < 4; i++) pages.add(await must('curl', ['-fsS', '--max-time', '5', service.url]));
      expect(pages.size).toBe(2);
      return true;
    });
    expect(await service.healthyTargets()).toBe(2);
    expect(await containers()).toEqual(before);
  });
});
