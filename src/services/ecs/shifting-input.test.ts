import type { DeploymentConfiguration } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { Listener, TargetGroup } from '../../model/elbv2/load-balancing.ts';
import { listeners, rules, targetGroups } from '../../store/tables/elbv2.ts';
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

describe('the listeners of a network load balancer', () => {
  const arn = (name: string): string =>
    `arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/net/${name}/1/${name}`;
  const groupArn = (name: string): string =>
    `arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/${name}/1`;
  const [production, test] = [arn('production'), arn('test')];

  /** A service of two groups, which two listeners forward to. */
  function create(
    over: { protocol?: Listener['protocol']; green?: Partial<TargetGroup>; both?: boolean },
    testListenerRule: string | undefined,
  ): unknown {
    const fixture = ecsFixture();
    fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
    fixture.store.transact((tx) => {
      const known = tx.get(targetGroups, targetGroupArns.ip);
      if (known === undefined) throw new Error('the fixture has no target group');
      for (const name of ['blue', 'green']) {
        const row = { ...known, arn: groupArn(name), name, protocol: 'TCP' as const };
        tx.put(targetGroups, name === 'green' ? { ...row, ...over.green } : row);
      }
      for (const [listenerArn, names] of [
        [production, over.both === true ? ['blue', 'green'] : ['blue']],
        [test, ['green']],
      ] as const) {
        const { account, region } = known;
        const row = { account, region, arn: listenerArn, tags: [] };
        tx.put(listeners, {
          ...row,
          loadBalancerArn: 'net',
          protocol: over.protocol ?? 'TCP',
          port: 80,
          certificates: [],
          attributes: {},
        });
        const tuples = names.map((name) => ({ TargetGroupArn: groupArn(name), Weight: 1 }));
        const actions = [{ Type: 'forward' as const, ForwardConfig: { TargetGroups: tuples } }];
        tx.put(rules, {
          ...row,
          arn: `rule of ${listenerArn}`,
          listenerArn,
          priority: 'default',
          conditions: [],
          actions,
        });
      }
    });
    const entry = { targetGroupArn: groupArn('blue'), containerName: 'web', containerPort: 80 };
    const advancedConfiguration = {
      alternateTargetGroupArn: groupArn('green'),
      productionListenerRule: production,
      roleArn: 'arn:aws:iam::000000000000:role/ecs',
      ...(testListenerRule === undefined ? {} : { testListenerRule }),
    };
    const loadBalancers = [{ ...entry, advancedConfiguration }];
    const input = { ...service, loadBalancers, deploymentConfiguration: { strategy: 'CANARY' as const } };
    return fixture.ecs.CreateService(input, ctx);
  }

  it.each([
    ['with a test listener', {}, test],
    ['that forward to both', { both: true }, undefined],
  ])('shift traffic, %s', (_, over, testRule) => {
    expect(create(over, testRule)).toMatchObject({
      service: { loadBalancers: [{ advancedConfiguration: { productionListenerRule: production } }] },
    });
  });

  it.each([
    [
      'that forwards to one',
      {},
      undefined,
      'For Network LoadBalancer, testListenerRule is required when productionListenerRule is not associated with both targetGroup and alternateTargetGroup',
    ],
    [
      'for production and for tests',
      {},
      production,
      `The following rules cannot be used as both production and test listener rules: ${production}`,
    ],
    ['that is not there', {}, arn('none'), `The specified listener does not exist. (${arn('none')})`],
    [
      'and a rule of another kind of load balancer',
      {},
      'rule-ip',
      'testListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: rule-ip',
    ],
    [
      'that does not forward to such a group',
      { green: { protocol: 'UDP' as const } },
      test,
      `The target group with targetGroupArn ${groupArn('green')} has the protocol UDP, to which a listener of the protocol TCP does not forward.`,
    ],
    [
      'before groups that show clients differently',
      { green: { attributes: { 'preserve_client_ip.enabled': 'true' } } },
      test,
      "Shifting traffic between target groups that differ in preserve_client_ip.enabled isn't supported by Stowage yet.",
    ],
  ])('are refused: one %s', (_, over, testRule, message) => {
    expect(() => create(over, testRule)).toThrow(expect.objectContaining({ message }));
  });
});
