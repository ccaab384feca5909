import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { eventually, must, pushHello } from '../support/clients.ts';
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
  }, 240_000);
  afterAll(() => installation.remove());

  /** The containers of the installation's tasks with their start times: a restart shows. */
  const containers = async (): Promise<string[]> => {
    const filter = `label=stowage.installation=${(JSON.parse(installation.stowage('status', '--json')) as { installation: string }).installation}`;
    const ids = (await must('docker', ['ps', '--quiet', '--no-trunc', '--filter', filter])).split('\n');
    return (await must('docker', ['inspect', '--format', '{{.Id}} {{.State.StartedAt}} {{.State.Pid}}', ...ids]))
      .split('\n')
      .sort();
  };
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

  it('replaces a container that somebody removed', async () => {
    const [task] = await service.tasks();
    const victim = task?.containers?.[0]?.runtimeId ?? '';
    await must('docker', ['rm', '--force', victim]);
    await eventually('the task is stopped and replaced', 60_000, async () => {
      const tasks = await service.tasks();
      const running = tasks.filter((other) => other.lastStatus === 'RUNNING');
      return running.length === 2 && running.every((other) => other.taskArn !== task?.taskArn) ? true : undefined;
    });
    await eventually('both are healthy again', 60_000, async () =>
      (await service.healthyTargets()) === 2 ? true : undefined,
    );
  });

  it('starts a load balancer again that somebody killed', async () => {
    const pids = (await must('pgrep', ['-f', `haproxy.*${installation.home}`])).split('\n').map(Number);
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await eventually('the page comes again', 30_000, () => must('curl', ['-fsS', '--max-time', '2', service.url]));
  });
});
