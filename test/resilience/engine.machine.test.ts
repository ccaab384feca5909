import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DescribeTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { eventually, must, pushHello } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { OwnEngine } from '../support/own-engine.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';

describe('a container engine that restarts', () => {
  const engine = new OwnEngine();
  let installation: TestInstallation;
  let service: WebService;
  beforeAll(async () => {
    await engine.start();
    installation = await startInstallation({ DOCKER_HOST: engine.socket });
    const image = await pushHello(installation, 'engine', '1');
    service = await createWebService(installation, { name: 'engine', image, count: 2 });
  });
  afterAll(async () => {
    try {
      installation.remove();
    } finally {
      await engine.remove();
    }
  });

  /** Waits until two other tasks than those before run and serve. */
  const replaced = async (before: readonly (string | undefined)[]): Promise<void> => {
    await eventually('two other tasks run', 90_000, async () => {
      const running = (await service.tasks()).filter((task) => task.lastStatus === 'RUNNING');
      return running.length === 2 && running.every((task) => !before.includes(task.taskArn)) ? true : undefined;
    });
    await eventually('both are healthy', 60_000, async () =>
      (await service.healthyTargets()) === 2 ? true : undefined,
    );
    expect(await must('curl', ['-fsS', '--max-time', '5', service.url])).toContain('Hello from a container');
  };

  it('takes its containers with it; the service notices and has two tasks again', async () => {
    const before = (await service.tasks()).map((task) => task.taskArn);
    await engine.stop();
    await engine.start();
    await replaced(before);
  });

  it('is killed: requests and traffic are answered, nobody despairs, and what was asked for is done later', async () => {
    const { ecs } = sdk(installation);
    const before = (await service.tasks()).map((task) => task.taskArn);
    const log = (): number => readFileSync(join(installation.home, 'control-plane.log'), 'utf8').split('\n').length;
    const pid = installation.pid();
    /** Ticks of the processor (a hundredth of a second) that the control plane has used. */
    const used = (): number => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    const [lines, ticks] = [log(), used()];
    await engine.stop('SIGKILL');
    // The containers' own guardians live on, and so do they.
    expect(await must('curl', ['-fsS', '--max-time', '5', service.url])).toContain('Hello from a container');
    const ran = await ecs.send(
      new RunTaskCommand({
        cluster: service.name,
        taskDefinition: service.name,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: service.placement },
      }),
    );
    const late = ran.tasks?.[0]?.taskArn ?? '';
    const state = async (): Promise<string | undefined> =>
      (await ecs.send(new DescribeTasksCommand({ cluster: service.name, tasks: [late] }))).tasks?.[0]?.lastStatus;
    await eventually('it waits for an engine', 10_000, async () => ((await state()) === 'PENDING' ? true : undefined));
    await eventually('the agent has said so', 15_000, () => (log() - lines >= 3 ? true : undefined));
    expect(log() - lines).toBeLessThan(40);
    expect(used() - ticks).toBeLessThan(300);
    await engine.start();
    await eventually('the late task runs', 60_000, async () => ((await state()) === 'RUNNING' ? true : undefined));
    await replaced(before);
  });
});
