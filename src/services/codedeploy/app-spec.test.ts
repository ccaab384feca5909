import { describe, expect, it } from 'vitest';
import { AppSpecError, readAppSpec } from './app-spec.ts';

const yaml = `
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:us-east-1:000000000000:task-definition/web:2"
        LoadBalancerInfo:
          ContainerName: "web"
          ContainerPort: 80
        PlatformVersion: "LATEST"
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets: ["subnet-1", "subnet-2"]
            SecurityGroups: ["sg-1"]
            AssignPublicIp: "ENABLED"
        CapacityProviderStrategy:
          - Base: 1
            CapacityProvider: "FARGATE_SPOT"
            Weight: 2
Hooks:
  - BeforeInstall: "http://127.0.0.1:8080/install"
  - AfterAllowTraffic: "http://127.0.0.1:8080/after"
`;

const expected = {
  taskSet: {
    taskDefinition: 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:2',
    loadBalancers: [{ containerName: 'web', containerPort: 80 }],
    platformVersion: 'LATEST',
    networkConfiguration: {
      awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'], securityGroups: ['sg-1'], assignPublicIp: 'ENABLED' },
    },
    capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', base: 1, weight: 2 }],
  },
  hooks: {
    BeforeInstall: 'http://127.0.0.1:8080/install',
    AfterAllowTraffic: 'http://127.0.0.1:8080/after',
  },
};

/** The least that an AppSpec file says, as the CLI writes it, with changes. */
function json(properties: object = {}, root: object = {}): string {
  return JSON.stringify({
    version: 0.0,
    resources: [
      {
        targetService: {
          type: 'AWS::ECS::Service',
          properties: {
            taskDefinition: 'web:2',
            loadBalancerInfo: { containerName: 'web', containerPort: 80 },
            ...properties,
          },
        },
      },
    ],
    ...root,
  });
}

describe('an AppSpec file', () => {
  it('is YAML', () => {
    expect(readAppSpec(yaml)).toEqual(expected);
  });

  it('is JSON, whatever the case of its members, with members that say nothing', () => {
    expect(readAppSpec(json({ platformVersion: '', networkConfiguration: null }, { hooks: [] }))).toEqual({
      taskSet: { taskDefinition: 'web:2', loadBalancers: [{ containerName: 'web', containerPort: 80 }] },
      hooks: {},
    });
  });

  it.each([
    ['no YAML', '{', 'The input AppSpec file is a not well-formed yaml. The template cannot be parsed.'],
    [
      'aliases that unfold',
      'a: &a [1]\nb: *a',
      'The input AppSpec file is a not well-formed yaml. The template cannot be parsed.',
    ],
    ['a text', 'hello', 'The AppSpec file must be an object.'],
    ['another version', json({}, { version: 1 }), 'The version must be 0.0.'],
    ['an unknown member', json({}, { permissions: [] }), 'The AppSpec file has an unknown member permissions.'],
    ['no resources', json({}, { resources: [] }), 'Resources must have exactly one item.'],
    ['no task definition', json({ taskDefinition: '' }), 'TaskDefinition must be specified.'],
    ['a list for the load balancer', json({ loadBalancerInfo: [] }), 'LoadBalancerInfo must be an object.'],
    [
      'a port that is none',
      json({ loadBalancerInfo: { containerName: 'web', containerPort: 'http' } }),
      'ContainerPort must be a number.',
    ],
    ['an unknown property', json({ desiredCount: 1 }), 'Properties has an unknown member desiredcount.'],
    [
      'a hook of another name',
      json({}, { hooks: [{ Install: 'http://a/' }] }),
      'Install is not a lifecycle event that has hooks.',
    ],
    [
      'two hooks for one event',
      json({}, { hooks: [{ AfterInstall: 'http://a/' }, { AfterInstall: 'http://b/' }] }),
      'There is more than one hook for AfterInstall.',
    ],
    [
      'a function',
      json({}, { hooks: [{ AfterInstall: 'CheckFunction' }] }),
      "The hook CheckFunction for AfterInstall isn't supported by Stowage: there is no Lambda here, name the URL of what is to be called.",
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(() => readAppSpec(text)).toThrow(new AppSpecError(message));
  });
});
