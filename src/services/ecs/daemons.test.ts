import { expect, it } from 'vitest';
import type { AwsError } from '../../base/errors.ts';
import { awsvpc, ctx, ecsFixture, fargateWeb, web } from './fixture.ts';

const ec2 = { family: 'web', containerDefinitions: [{ ...web, memory: 128 }] };
const daemon = {
  serviceName: 'web',
  taskDefinition: 'web:2',
  launchType: 'EC2',
  schedulingStrategy: 'DAEMON',
} as const;
function fixture(): ReturnType<typeof ecsFixture> {
  const made = ecsFixture();
  made.ecs.RegisterTaskDefinition(fargateWeb, ctx);
  made.ecs.RegisterTaskDefinition(ec2, ctx);
  return made;
}
const onFargate = { ...awsvpc, taskDefinition: 'web:1', launchType: 'FARGATE' } as const;
const count =
  'The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again';

it('a daemon has its own defaults, and the same request again makes nothing', () => {
  const { ecs } = fixture();
  const { service } = ecs.CreateService(daemon, ctx);
  expect(service).toMatchObject({
    schedulingStrategy: 'DAEMON',
    desiredCount: 0,
    deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 },
  });
  expect(ecs.CreateService(daemon, ctx).service?.serviceArn).toBe(service?.serviceArn);
  expect(ecs.ListServices({ schedulingStrategy: 'DAEMON' }, ctx).serviceArns).toHaveLength(1);
  expect(() => ecs.UpdateService({ service: 'web', desiredCount: 1 }, ctx)).toThrow(count);
  ecs.DeleteService({ service: 'web' }, ctx);
});

it.each([
  ['a count', { desiredCount: 1 }, count],
  ['Fargate', onFargate, 'The daemon scheduling strategy is not supported with FARGATE launch type.'],
  [
    'more than one of it on an instance',
    { deploymentConfiguration: { maximumPercent: 200 } },
    'The daemon scheduling strategy does not support values above 100 for maximumPercent on a deployment configuration. Change the maximumPercent value to 100, and try again',
  ],
  [
    'a deployment that can never be',
    { deploymentConfiguration: { minimumHealthyPercent: 100 } },
    'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block any deployment.',
  ],
  [
    'a placement strategy',
    { placementStrategy: [{ type: 'random' as const }] },
    'The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and try again',
  ],
  [
    'another strategy',
    { schedulingStrategy: 'ONCE' as 'DAEMON' },
    'schedulingStrategy must be one of REPLICA, DAEMON, but was ONCE',
  ],
])('refuses a daemon with %s', (_, more, message) => {
  const { ecs } = fixture();
  let refused: AwsError | undefined;
  try {
    ecs.CreateService({ ...daemon, ...more }, ctx);
  } catch (error) {
    refused = error as AwsError;
  }
  expect([refused?.code, refused?.message]).toEqual(['InvalidParameterException', message]);
});
