import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { awsvpc, ctx, ecsFixture, fargateWeb, targetGroupArns } from './fixture.ts';

/** What is done, what it is refused with and how that is said. */
type Row = readonly [string, (fixture: ReturnType<typeof ecsFixture>) => unknown, string, string];

const service = {
  serviceName: 'web',
  taskDefinition: 'web',
  desiredCount: 1,
  launchType: 'FARGATE',
  networkConfiguration: awsvpc,
} as const;

const rows: readonly Row[] = [
  ...(
    [
      [
        { strategy: 'ALL' },
        'deploymentConfiguration.strategy must be one of ROLLING, BLUE_GREEN, LINEAR, CANARY, but was ALL',
      ],
      [{ strategy: 'LINEAR', linearConfiguration: { stepPercent: 2 } }, 'stepPercent must be between 3 and 100.'],
      [
        { strategy: 'CANARY', canaryConfiguration: { canaryPercent: 0.15 } },
        'canaryPercent must be a multiple of 0.1.',
      ],
      [{ strategy: 'BLUE_GREEN', bakeTimeInMinutes: 1441 }, 'bakeTimeInMinutes must be between 0 and 1440.'],
      [
        { strategy: 'BLUE_GREEN', linearConfiguration: {} },
        'linearConfiguration is only valid when the deployment strategy is LINEAR.',
      ],
      [{ canaryConfiguration: {} }, 'canaryConfiguration is only valid when the deployment strategy is CANARY.'],
      [
        {
          strategy: 'BLUE_GREEN',
          lifecycleHooks: [{ targetType: 'PAUSE', lifecycleStages: ['TEST_TRAFFIC_SHIFT'] }],
        },
        'PAUSE hooks cannot be configured at the TEST_TRAFFIC_SHIFT stage.',
      ],
      [
        { strategy: 'BLUE_GREEN', lifecycleHooks: [{ lifecycleStages: ['PRE_SCALE_UP'] }] },
        'hookTargetArn can not be blank.',
      ],
      [
        { strategy: 'BLUE_GREEN', lifecycleHooks: [{ hookTargetArn: 'me', lifecycleStages: ['PRE_SCALE_UP'] }] },
        "Invalid identifier: 'me' is not the target of a lifecycle hook.",
      ],
    ] as const
  ).map(([deploymentConfiguration, message]): Row => [
    `CreateService that deploys with ${JSON.stringify(deploymentConfiguration)}`,
    ({ ecs }) =>
      ecs.CreateService(
        { ...service, deploymentConfiguration: deploymentConfiguration as unknown as DeploymentConfiguration },
        ctx,
      ),
    'InvalidParameterException',
    message,
  ]),
  [
    'CreateService with a hook of Lambda',
    ({ ecs }) => {
      const hookTargetArn = 'arn:aws:lambda:us-east-1:000000000000:function:hook';
      const lifecycleHooks = [{ hookTargetArn, lifecycleStages: ['PRE_SCALE_UP' as const] }];
      return ecs.CreateService(
        { ...service, deploymentConfiguration: { strategy: 'BLUE_GREEN', lifecycleHooks } },
        ctx,
      );
    },
    'ClientException',
    "A lifecycle hook of arn:aws:lambda:us-east-1:000000000000:function:hook isn't supported by Stowage: there is no Lambda here, name the URL of what is to be called.",
  ],
  [
    'CreateService that shifts traffic between nothing',
    ({ ecs }) => {
      const loadBalancers = [{ targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 }];
      return ecs.CreateService({ ...service, loadBalancers, deploymentConfiguration: { strategy: 'LINEAR' } }, ctx);
    },
    'ClientException',
    'advancedConfiguration field is required for all loadBalancers when using the linear deployment strategy',
  ],
  ...(
    [
      [
        { alternateTargetGroupArn: targetGroupArns.ip, productionListenerRule: 'x' },
        `Duplicate targetGroupArn found: ${targetGroupArns.ip}`,
      ],
      [
        { alternateTargetGroupArn: targetGroupArns.loose, productionListenerRule: 'x' },
        `The target group with targetGroupArn ${targetGroupArns.loose} does not have an associated load balancer.`,
      ],
      [{ productionListenerRule: 'x' }, 'alternateTargetGroupArn can not be blank.'],
    ] as const
  ).map(([advancedConfiguration, message]): Row => [
    `CreateService with ${JSON.stringify(advancedConfiguration)}`,
    ({ ecs }) => {
      const entry = { targetGroupArn: targetGroupArns.ip, containerName: 'web', containerPort: 80 };
      return ecs.CreateService({ ...service, loadBalancers: [{ ...entry, advancedConfiguration }] }, ctx);
    },
    'InvalidParameterException',
    message,
  ]),
  [
    'ContinueServiceDeployment of none',
    ({ ecs }) => ecs.ContinueServiceDeployment({ serviceDeploymentArn: 'none', hookId: 'none' }),
    'ServiceDeploymentNotFoundException',
    'Service deployment not found.',
  ],
];

it.each(rows)('%s is refused', (_, act, code, message) => {
  const fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
  expect(() => act(fixture)).toThrow(expect.objectContaining({ code, message }));
});
