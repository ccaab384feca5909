import { expect, it } from 'vitest';
import { imagesOf } from '../model/ec2/images.ts';
import type { Reader } from '../store/store.ts';
import { translateInstance } from './translate-instance.ts';

it('tells the agent of an instance what its ecs.config says, and no other instance has one', () => {
  const image = imagesOf('us-east-1').find(({ ecsOptimized }) => ecsOptimized);
  const row = {
    id: 'i-1',
    hostId: 'machine',
    state: 'running',
    region: 'us-east-1',
    instanceType: 't3.micro',
    imageId: image?.id,
    privateIp: '10.0.0.4',
    networkInterfaceId: 'eni-1',
    boot: 1,
    userData: [
      '#!/bin/bash',
      'echo ECS_CLUSTER=web >> /etc/ecs/ecs.config',
      'echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config',
    ].join('\n'),
  };
  const told = (instance: object) =>
    translateInstance({ get: () => instance } as unknown as Reader, 'i-1', 'machine')?.agent;
  expect(told(row)).toMatchObject({ cluster: 'web', imagePullBehavior: 'once' });
  expect(told({ ...row, userData: '' })).not.toHaveProperty('imagePullBehavior');
  expect(told({ ...row, imageId: 'ami-other' })).toBeUndefined();
});
