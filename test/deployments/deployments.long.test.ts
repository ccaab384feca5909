import type { DeploymentConfiguration, ServiceDeployment } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService } from '../support/web-service.ts';
import { buildServer, Stage } from './scene.ts';

// As many requests as it takes for "none failed" to mean something; docs/evidence/deployments.md has what was measured.

/** How many requests each type of deployment has to answer. */
const atLeast = 100_000;

let installation: TestInstallation;
let image: string;
beforeAll(async () => {
  [installation, image] = await Promise.all([startInstallation(), buildServer()]);
});
afterAll(() => installation.remove());

/** A type of deployment: how it is quick, and how it waits so that it can be turned back. */
interface Type {
  readonly name: string;
  readonly quick: DeploymentConfiguration;
  readonly waiting: DeploymentConfiguration;
  /** What the revision that is turned back has in its environment. */
  readonly sick?: Readonly<Record<string, string>>;
  readonly midway: (deployment: ServiceDeployment) => boolean;
}

const shifted =
  (percent: number) =>
  ({ targetServiceRevision, lifecycleStage }: ServiceDeployment): boolean =>
    targetServiceRevision?.requestedProductionTrafficWeight === percent &&
    (lifecycleStage === 'PRODUCTION_TRAFFIC_SHIFT' || lifecycleStage === 'BAKE_TIME');

const types: readonly Type[] = [
  {
    name: 'rolling',
    quick: { strategy: 'ROLLING' },
    waiting: { strategy: 'ROLLING' },
    sick: { PORT: '9090' },
    midway: ({ targetServiceRevision }) => (targetServiceRevision?.runningTaskCount ?? 0) > 0,
  },
  {
    name: 'blue-green',
    quick: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 0 },
    waiting: { strategy: 'BLUE_GREEN', bakeTimeInMinutes: 60 },
    midway: ({ lifecycleStage }) => lifecycleStage === 'BAKE_TIME',
  },
  {
    name: 'canary',
    quick: { strategy: 'CANARY', canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 0 } },
    waiting: { strategy: 'CANARY', canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 60 } },
    midway: shifted(10),
  },
  {
    name: 'linear',
    quick: { strategy: 'LINEAR', linearConfiguration: { stepPercent: 25, stepBakeTimeInMinutes: 0 } },
    waiting: { strategy: 'LINEAR', linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 60 } },
    midway: shifted(50),
  },
];

it.each(types)(
  '$name deployments lose no request of a hundred thousand',
  async ({ name, quick, waiting, sick, midway }) => {
    const shifting = quick.strategy === 'ROLLING' ? {} : { shifting: quick };
    const stage = new Stage(installation, await createWebService(installation, { name, image, count: 2, ...shifting }));
    const { service } = stage;
    await stage.reached('it serves', ({ status }) => status === 'SUCCESSFUL');
    const sum = { rounds: 0, requests: 0, kept: 0, webSockets: 0 };
    while (sum.requests < atLeast) {
      sum.rounds += 1;
      const toll = await stage.underLoad(async () => {
        const taskDefinition = await service.register(image, { REVISION: String(sum.rounds) });
        await stage.update({ taskDefinition, deploymentConfiguration: quick });
        await stage.reached('it is updated', ({ status }) => status === 'SUCCESSFUL');
        await stage.changeRules();
        await stage.update({ desiredCount: 3 });
        await stage.settled(3);
        await stage.update({ desiredCount: 2 });
        await stage.settled(2);
        const other = await service.register(image, sick ?? { REVISION: 'other' });
        await stage.update({ taskDefinition: other, deploymentConfiguration: waiting });
        await stage.reached('it is on its way', midway);
        await stage.turnBack();
        await stage.settled(2);
      });
      sum.requests += toll.requests;
      sum.kept += toll.kept.done;
      sum.webSockets += toll.webSockets.done;
    }
    await stage.answer({ production: `revision ${sum.rounds}` });
    expect(sum.webSockets).toBeGreaterThan(0);
    console.info(`${name}: ${JSON.stringify(sum)}, none failed`);
  },
);
