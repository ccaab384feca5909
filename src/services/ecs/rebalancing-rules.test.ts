import { describe, expect, it } from 'vitest';
import { awsvpc, ctx, ecsFixture, fargateWeb, web } from './fixture.ts';

const zones = { type: 'spread', field: 'attribute:ecs.availability-zone' } as const;
const packed = { type: 'binpack', field: 'memory' } as const;
const constraint = { type: 'memberOf', expression: 'attribute:ecs.availability-zone == us-east-1a' } as const;
const feature = 'Availability Zone Rebalancing';

function begin() {
  const fixture = ecsFixture();
  fixture.ecs.RegisterTaskDefinition(fargateWeb, ctx);
  fixture.ecs.RegisterTaskDefinition({ family: 'own', containerDefinitions: [{ ...web, memory: 64 }] }, ctx);
  const create = (more: object) =>
    fixture.ecs.CreateService({ serviceName: 'own', taskDefinition: 'own', desiredCount: 0, ...more }, ctx).service;
  return { ...fixture, create };
}

describe('availabilityZoneRebalancing', () => {
  it.each([
    [{}, 'ENABLED'],
    [{ placementStrategy: [zones, packed] }, 'ENABLED'],
    [{ taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: awsvpc }, 'ENABLED'],
    [{ availabilityZoneRebalancing: 'DISABLED' }, 'DISABLED'],
    [{ placementStrategy: [packed] }, 'DISABLED'],
    [{ placementConstraints: [constraint] }, 'DISABLED'],
    [{ deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 } }, 'DISABLED'],
    [{ schedulingStrategy: 'DAEMON', desiredCount: undefined }, 'DISABLED'],
    [{ deploymentController: { type: 'EXTERNAL' }, taskDefinition: undefined }, 'DISABLED'],
  ])('of a new service with %j is %s', (more, expected) => {
    expect(begin().create(more)?.availabilityZoneRebalancing).toBe(expected);
  });

  it.each([
    [
      { placementStrategy: [packed] },
      `The service couldn't be created because ${feature} only supports availability zone spread as task placement strategy.`,
    ],
    [
      { placementConstraints: [constraint] },
      `The service couldn't be created because ${feature} does not support attribute:ecs.availability-zone as task placement constraint.`,
    ],
    [
      { deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 } },
      `${feature} does not support maximumPercent <= 100 % as deployment configuration.`,
    ],
    [{ schedulingStrategy: 'DAEMON', desiredCount: undefined }, `${feature} does not support DAEMON services.`],
  ])('is refused with %j', (more, message) => {
    expect(() => begin().create({ ...more, availabilityZoneRebalancing: 'ENABLED' })).toThrow(
      expect.objectContaining({ code: 'InvalidParameterException', message }) as Error,
    );
  });

  it('stays as it is unless an update says otherwise, which makes no new deployment', () => {
    const { ecs, create } = begin();
    create({ availabilityZoneRebalancing: 'DISABLED' });
    const update = (more: object) => ecs.UpdateService({ service: 'own', ...more }, ctx).service;
    expect(update({ desiredCount: 1 })?.availabilityZoneRebalancing).toBe('DISABLED');
    const enabled = update({ availabilityZoneRebalancing: 'ENABLED' });
    expect(enabled?.availabilityZoneRebalancing).toBe('ENABLED');
    expect(enabled?.deployments).toHaveLength(1);
    expect(() => update({ placementStrategy: [packed] })).toThrow(
      `The service couldn't be updated because ${feature} only supports availability zone spread as task placement strategy.`,
    );
    expect(
      update({ availabilityZoneRebalancing: 'DISABLED', placementStrategy: [packed] })?.placementStrategy,
    ).toHaveLength(1);
  });
});
