import { describe, expect, it } from 'vitest';
import type { Task } from './task.ts';
import type { TaskDefinition } from './task-definition.ts';
import { withHealth } from './task-health.ts';

const containers = ['web', 'side'].map((name) => ({
  arn: name,
  name,
  image: 'web',
  essential: true,
  lastStatus: 'PENDING' as const,
  networkBindings: [],
}));
const task = { arn: 'task', version: 1, reported: {}, containers, healthStatus: 'UNKNOWN' } as unknown as Task;

describe('withHealth', () => {
  const definition = {
    document: {
      containerDefinitions: [
        { name: 'web', essential: true, healthCheck: { command: ['CMD', 'true'] } },
        { name: 'side', essential: true },
      ],
    },
  } as unknown as TaskDefinition;
  it.each(['HEALTHY', 'UNHEALTHY', 'UNKNOWN'] as const)(
    'a task is %s as its checked containers are',
    (healthStatus) => {
      const said = { taskArn: 'task', containers: [{ containerName: 'web', healthStatus, statusSince: 0 }] };
      const after = withHealth(task, definition, said);
      expect(after.healthStatus).toBe(healthStatus);
      expect(withHealth(after, definition, said)).toBe(after);
    },
  );
});
