import { StopServiceDeploymentCommand } from '@aws-sdk/client-ecs';
import { CreateRuleCommand, DeleteRuleCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createWebService, sdk } from '../support/web-service.ts';
import { buildServer, Stage } from './scene.ts';

// Deployments of each type on real containers, under a constant load of requests, kept connections and WebSockets.

let installation: TestInstallation;
let image: string;
beforeAll(async () => {
  [installation, image] = await Promise.all([startInstallation(), buildServer()]);
}, 240_000);
afterAll(() => installation.remove());

describe('a rolling deployment', () => {
  it('loses no request: an update, its rollback, scaling out and in, and a change of rules', async () => {
    const stage = new Stage(installation, await createWebService(installation, { name: 'rolling', image, count: 1 }));
    const { ecs, elbv2 } = sdk(installation);
    const first = await stage.reached('it serves', ({ status }) => status === 'SUCCESSFUL');
    await stage.underLoad(async () => {
      await stage.update({ taskDefinition: await stage.service.register(image, { REVISION: '2' }), desiredCount: 2 });
      const rule = await elbv2.send(
        new CreateRuleCommand({
          ListenerArn: stage.service.listenerArn,
          Priority: 1,
          Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/fixed'] } }],
          Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }],
        }),
      );
      await stage.reached(
        'new tasks serve',
        ({ targetServiceRevision }) => targetServiceRevision?.runningTaskCount === 2,
      );
      const { serviceDeploymentArn } = await stage.deployment();
      await elbv2.send(new DeleteRuleCommand({ RuleArn: rule.Rules?.[0]?.RuleArn }));
      await ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType: 'ROLLBACK' }));
      const back = await stage.reached('it is over', ({ finishedAt }) => finishedAt !== undefined);
      expect(back).toMatchObject({
        status: 'ROLLBACK_SUCCESSFUL',
        rollback: { serviceRevisionArn: first.targetServiceRevision?.arn },
      });
      await stage.update({ desiredCount: 1 });
      await stage.settled(1);
    });
    await stage.answer({ production: 'revision 1' });
  });
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
    const { ecs } = sdk(installation);
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
      await ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: baking.serviceDeploymentArn }));
      const back = await stage.reached('it is over', ({ finishedAt }) => finishedAt !== undefined);
      expect(back.status).toBe('ROLLBACK_SUCCESSFUL');
      await stage.settled(1);
    });
    await stage.answer({ production: 'revision 2', test: 'revision 2' });
  });
});
