import { AwsError } from '../../base/errors.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import type { Reader } from '../../store/store.ts';
import { machines } from '../../store/tables/fleet.ts';
import type { Launch } from './launch.ts';

/**
 * Refuses to run on Fargate what none of the machines can: another operating system, or an architecture that the definition
 * names and no machine has ("RuntimePlatform", ECS API Reference). Instances are a matter of placement. Throws
 * `PlatformTaskDefinitionIncompatibilityException`.
 */
export function checkPlatformIsThere(reader: Reader, definition: TaskDefinition, { launchType }: Launch): void {
  if (launchType !== 'FARGATE') return;
  const { cpuArchitecture, operatingSystemFamily: family = 'LINUX' } = definition.document.runtimePlatform ?? {};
  // Machines that are away count: they come back. Before the first has introduced itself nobody knows better.
  const known = reader.list(machines).flatMap(({ attributes }) => {
    const value = attributes.find(({ name }) => name === 'ecs.cpu-architecture')?.value;
    return value === undefined ? [] : [value];
  });
  const missing = cpuArchitecture !== undefined && known.length > 0 && !known.includes(cpuArchitecture.toLowerCase());
  if (family === 'LINUX' && !missing) return;
  throw new AwsError(
    'PlatformTaskDefinitionIncompatibilityException',
    `The specified platform does not satisfy the task definition's required capabilities: no machine runs ${[
      family,
      ...(cpuArchitecture === undefined ? [] : [cpuArchitecture]),
    ].join('/')}.`,
  );
}
