import { expect, it } from 'vitest';
import { imagesOf } from '../model/ec2/images.ts';
import type { Reader } from '../store/store.ts';
import { instanceOn, translateInstance } from './translate-instance.ts';

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
    metadataOptions: {},
    tags: [],
    launchedAt: 0,
    availabilityZone: 'us-east-1a',
    userData: Buffer.from(
      [
        '#!/bin/bash',
        'echo ECS_CLUSTER=web >> /etc/ecs/ecs.config',
        'echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config',
      ].join('\n'),
    ).toString('base64'),
  };
  const told = (instance: object) => {
    const store = { get: (table: { name: string }) => (table.name === 'ec2.instances' ? instance : undefined) };
    const found = instanceOn(store as unknown as Reader, 'i-1', 'machine');
    return found && translateInstance(store as unknown as Reader, found, undefined).agent;
  };
  expect(told(row)).toMatchObject({ cluster: 'web', imagePullBehavior: 'once' });
  expect(told({ ...row, userData: '' })).not.toHaveProperty('imagePullBehavior');
  expect(told({ ...row, imageId: 'ami-other' })).toBeUndefined();
});
