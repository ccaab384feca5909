import type { CreateServiceCommandInput, UpdateServiceCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { refusalOf } from '../testing.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb, targetGroupArns } from './fixture.ts';

const input: CreateServiceCommandInput = {
  serviceName: 'web',
  taskDefinition: 'web',
  desiredCount: 2,
  launchType: 'FARGATE',
  networkConfiguration: awsvpc,
  loadBalancers: [{ targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 }],
  deploymentController: { type: 'CODE_DEPLOY' },
};

function withDefinition() {
  const fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
  return fixture;
}

describe('a service that CodeDeploy deploys', () => {
  it('begins with a PRIMARY task set of all that it desires, and has no deployments', () => {
    const { ecs } = withDefinition();
    const { service } = ecs.CreateService(input, ctx);
    expect(service).toMatchObject({
      deploymentController: { type: 'CODE_DEPLOY' },
      deployments: [],
      taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:1',
      loadBalancers: input.loadBalancers,
      taskSets: [
        {
          status: 'PRIMARY',
          scale: { value: 100, unit: 'PERCENT' },
          stabilityStatus: 'STABILIZING',
          loadBalancers: input.loadBalancers,
        },
      ],
    });
    expect(ecs.CreateService(input, ctx).service?.taskSets).toEqual(service?.taskSets);
  });

  it.each([
    [{ loadBalancers: [] }, 'must have exactly one load balancer, but there are 0.'],
    [{ schedulingStrategy: 'DAEMON', desiredCount: undefined }, 'The daemon scheduling strategy is not supported'],
    [{ deploymentConfiguration: { strategy: 'BLUE_GREEN' } }, 'The deployment strategy BLUE_GREEN is not supported'],
  ] as const)('is refused: %j', (changes, message) => {
    const { ecs } = withDefinition();
    const asked = { ...input, ...changes } as unknown as CreateServiceCommandInput;
    const refusal = refusalOf(() => ecs.CreateService(asked, ctx));
    expect(refusal).toMatchObject({
      code: 'InvalidParameterException',
      message: expect.stringContaining(message) as string,
    });
  });

  const end = 'on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.';
  it.each([
    [{ taskDefinition: 'web' }, `Unable to update task definition ${end}`],
    [{ networkConfiguration: awsvpc }, `Unable to update network parameters ${end}`],
    [{ forceNewDeployment: true }, `Cannot force a new deployment ${end}`],
  ])('cannot be updated with %j', (changes, message) => {
    const { ecs } = withDefinition();
    ecs.CreateService(input, ctx);
    const asked: UpdateServiceCommandInput = { service: 'web', ...changes };
    expect(refusalOf(() => ecs.UpdateService(asked, ctx))).toEqual({ code: 'InvalidParameterException', message });
  });

  it('is scaled by UpdateService', () => {
    const { ecs } = withDefinition();
    ecs.CreateService(input, ctx);
    expect(ecs.UpdateService({ service: 'web', desiredCount: 3 }, ctx).service).toMatchObject({ desiredCount: 3 });
  });

  it('has task sets that only CodeDeploy makes', () => {
    const { ecs } = withDefinition();
    ecs.CreateService(input, ctx);
    const asked = { cluster: 'default', service: 'web', taskDefinition: 'web' };
    expect(refusalOf(() => ecs.CreateTaskSet(asked, ctx)).code).toBe('InvalidParameterException');
  });
});
