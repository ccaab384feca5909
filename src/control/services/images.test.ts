import { expect, it } from 'vitest';
import type { Task } from '../../model/ecs/task.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { resolvedImages } from './images.ts';

const definition = {
  document: {
    containerDefinitions: [
      { name: 'app', image: 'registry.test/app:1' },
      { name: 'moving', image: 'registry.test/moving:1', versionConsistency: 'disabled' },
      { name: 'fixed', image: 'registry.test/fixed@sha256:0' },
    ],
  },
} as unknown as TaskDefinition;

function task(deploymentId: string, digests: Readonly<Record<string, string>>): Task {
  const containers = ['app', 'moving', 'fixed'].map((name) => ({ name, imageDigest: digests[name] }));
  return { deploymentId, containers } as unknown as Task;
}

it.each([
  ['nothing is pulled yet', {}, [task('d', {})], {}],
  [
    'the first task has pulled',
    {},
    [task('d', { app: 'sha256:1', moving: 'sha256:2', fixed: 'sha256:0' })],
    { app: 'sha256:1' },
  ],
  ['tasks of another deployment say nothing', {}, [task('e', { app: 'sha256:1' })], {}],
  ['what is known stays', { app: 'sha256:1' }, [task('d', { app: 'sha256:9' })], { app: 'sha256:1' }],
])('%s', (_, imageDigests, tasks, resolved) => {
  expect(resolvedImages({ id: 'd', imageDigests }, definition, tasks)).toEqual(resolved);
});

it('answers what it was given when nothing is new, so that nothing is written', () => {
  const imageDigests = { app: 'sha256:1' };
  expect(resolvedImages({ id: 'd', imageDigests }, definition, [task('d', { app: 'sha256:1' })])).toBe(imageDigests);
});
