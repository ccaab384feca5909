import { expect, it } from 'vitest';
import { ecsOptimizedParameters, imagesOf } from './images.ts';

it('public parameters name the images of their region', () => {
  const parameters = ecsOptimizedParameters('eu-west-1');
  const id = parameters['/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id'];
  expect(imagesOf('eu-west-1').find((image) => image.id === id)).toMatchObject({ ecsOptimized: true });
  expect(imagesOf('us-east-1').some((image) => image.id === id)).toBe(false);
  const whole = parameters['/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended'] ?? '';
  expect(JSON.parse(whole)).toMatchObject({ schema_version: 1, os: 'Amazon Linux 2023' });
});

it('every image has an id of its own, always the same', () => {
  const ids = ['us-east-1', 'eu-west-1'].flatMap((region) => imagesOf(region).map(({ id }) => id));
  expect(new Set(ids).size).toBe(16);
  expect(ids.every((id) => /^ami-0[0-9a-f]{16}$/.test(id))).toBe(true);
});

it('each architecture has images, which say so in their names', () => {
  for (const { name, architecture } of imagesOf('us-east-1')) expect(name).toContain(architecture);
  const id =
    ecsOptimizedParameters('us-east-1')['/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id'];
  expect(imagesOf('us-east-1').find((image) => image.id === id)).toMatchObject({
    ecsOptimized: true,
    architecture: 'arm64',
  });
});
