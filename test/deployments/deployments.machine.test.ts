import {
  CreateServiceCommand,
  CreateTaskSetCommand,
  DeleteTaskSetCommand,
  DescribeServicesCommand,
  DescribeTaskSetsCommand,
  UpdateServicePrimaryTaskSetCommand,
  UpdateTaskSetCommand,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/clients.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService, sdk, type WebService } from '../support/web-service.ts';
import { buildServer, Stage } from './scene.ts';

// Deployments of each type on real containers, under a constant load of requests, kept connections and WebSockets.

let installation: TestInstallation;
let image: string;
beforeAll(async () => {
  [installation, image] = await Promise.all([startInstallation(), buildServer()]);
}, 240_000);
afterAll(() => installation.remove());

describe('a rolling deployment', () => {
  it('loses no request: an update, one that is turned back, scaling out and in, and a change of rules', async () => {
    const stage = new Stage(installation, await createWebService(installation, { name: 'rolling', image, count: 1 }));
    await stage.reached('it serves', ({ status }) => status === 'SUCCESSFUL');
    await stage.underLoad(async () => {
      await stage.update({ taskDefinition: await stage.service.register(image, { REVISION: '2' }), desiredCount: 2 });
      await stage.changeRules();
      const second = await stage.reached('it is updated', ({ status }) => status === 'SUCCESSFUL');
      await stage.update({ taskDefinition: await stage.service.register(image, { PORT: '9090' }) });
      await stage.reached('what will not be healthy runs', (one) => one.targetServiceRevision?.runningTaskCount === 2);
      const back = await stage.turnBack();
      expect(back.rollback?.serviceRevisionArn).toBe(second.targetServiceRevision?.arn);
      await stage.update({ desiredCount: 1 });
      await stage.settled(1);
    });
    await stage.answer({ production: 'revision 2' });
    await taskSets(stage.service);
  });

  /** Two task sets of a service of the same tasks, scaled one after the other, the second one becoming the PRIMARY one. */
  const taskSets = async ({ name: cluster, placement: awsvpcConfiguration }: WebService): Promise<void> => {
    const { ecs } = sdk(installation);
    const names = { cluster, service: 'sets' };
    const deploymentController = { type: 'EXTERNAL' } as const;
    await ecs.send(new CreateServiceCommand({ cluster, serviceName: 'sets', desiredCount: 1, deploymentController }));
    const create = async (value: number): Promise<string> => {
      const asked = { launchType: 'FARGATE', networkConfiguration: { awsvpcConfiguration } } as const;
      const scale = { value, unit: 'PERCENT' } as const;
      const made = await ecs.send(new CreateTaskSetCommand({ ...names, taskDefinition: cluster, ...asked, scale }));
      return made.taskSet?.id ?? '';
    };
    const steady = (id: string, count: number): Promise<true> =>
      eventually(`${count} tasks of ${id}`, 240_000, async () => {
        const [found] = (await ecs.send(new DescribeTaskSetsCommand({ ...names, taskSets: [id] }))).taskSets ?? [];
        return found?.stabilityStatus === 'STEADY_STATE' && found.runningCount === count ? true : undefined;
      });
    const [blue, green] = [await create(100), await create(0)];
    await Promise.all([steady(blue, 1), steady(green, 0)]);
    await ecs.send(new UpdateTaskSetCommand({ ...names, taskSet: green, scale: { value: 100, unit: 'PERCENT' } }));
    await steady(green, 1);
    await ecs.send(new UpdateServicePrimaryTaskSetCommand({ ...names, primaryTaskSet: green }));
    await ecs.send(new DeleteTaskSetCommand({ ...names, taskSet: blue, force: true }));
    await eventually('only the other is left', 240_000, async () => {
      const described = await ecs.send(new DescribeServicesCommand({ cluster, services: ['sets'] }));
      const [{ taskSets: left = [], runningCount } = {}] = described.services ?? [];
      return left.length === 1 && left[0]?.id === green && runningCount === 1 ? true : undefined;
    });
  };
});

describe('a blue/green deployment', () => {
  it('loses no request: traffic is shifted, then shifted back from the bake time', async () => {
    const service = await createWebService(installation, {
      name: 'blue-green',
      image,
      count: 1,
      shifting: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0 },
    });
    const stage = new Stage(installation, service);
    await stage.reached('it serves', ({ status }) => status === 'SUCCESSFUL');
    await stage.answer({ production: 'revision 1' });
    await stage.underLoad(async () => {
      await stage.update({ taskDefinition: await service.register(image, { REVISION: '2' }) });
      await stage.reached('green is in production', ({ status }) => status === 'SUCCESSFUL');
      await stage.answer({ production: 'revision 2', test: 'revision 2' });
      await stage.update({
        taskDefinition: await service.register(image, { REVISION: '3' }),
        deploymentConfiguration: { bakeTimeInMinutes: 60 },
      });
      const baking = await stage.reached('it bakes', ({ lifecycleStage }) => lifecycleStage === 'BAKE_TIME');
      expect(baking.targetServiceRevision?.requestedProductionTrafficWeight).toBe(100);
      await stage.turnBack();
      await stage.settled(1);
    });
    await stage.answer({ production: 'revision 2', test: 'revision 2' });
  });
});
