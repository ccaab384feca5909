import type { TaskOverride } from '@aws-sdk/client-ecs';
import { isFargateSize, parseTaskCpu, parseTaskMemory } from '../../model/ecs/sizes.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { clientException, invalidParameter, notSupported } from './errors.ts';

/** ECS's own limit, characters of JSON ("overrides", RunTask). */
const maxLength = 8192;

/**
 * The overrides of a task, checked against its definition and with sizes in units and MiB. Throws
 * `InvalidParameterException`, or `ClientException` for what Stowage cannot act on.
 */
export function readOverrides(
  given: TaskOverride | undefined,
  definition: TaskDefinition,
  launchType: string,
): TaskOverride {
  if (given === undefined) return {};
  const overrides = JSON.parse(JSON.stringify(given)) as TaskOverride;
  const length = JSON.stringify(overrides).length;
  if (length > maxLength) throw invalidParameter(`Container Overrides length must be at most ${maxLength}.`);
  if (overrides.ephemeralStorage !== undefined) throw notSupported('overrides.ephemeralStorage');
  if ((overrides.inferenceAcceleratorOverrides?.length ?? 0) > 0) {
    throw clientException("Unsupported field 'inferenceAccelerators'.");
  }
  checkContainers(overrides, definition);
  const cpu = size('cpu', overrides.cpu, parseTaskCpu);
  const memory = size('memory', overrides.memory, parseTaskMemory);
  if (launchType === 'FARGATE' && (cpu !== undefined || memory !== undefined)) {
    const all = [cpu ?? Number(definition.document.cpu), memory ?? Number(definition.document.memory)] as const;
    if (!isFargateSize(...all)) {
      throw clientException(
        `No Fargate configuration exists for given values: ${all[0]} CPU, ${all[1]} memory. See the Amazon ECS documentation for the valid values.`,
      );
    }
  }
  return {
    ...overrides,
    ...(cpu === undefined ? {} : { cpu: String(cpu) }),
    ...(memory === undefined ? {} : { memory: String(memory) }),
  };
}

function checkContainers(overrides: TaskOverride, definition: TaskDefinition): void {
  const names = (definition.document.containerDefinitions ?? []).map((container) => container.name);
  const seen = new Set<string>();
  for (const override of overrides.containerOverrides ?? []) {
    const { name } = override;
    if (name === undefined || name === '') throw invalidParameter('Container override name cannot be empty.');
    if (!names.includes(name)) {
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
    if (seen.has(name)) throw invalidParameter(`There is more than one override for the container named ${name}.`);
    seen.add(name);
    if ((override.environmentFiles?.length ?? 0) > 0)
      throw notSupported('overrides.containerOverrides.environmentFiles');
    if ((override.resourceRequirements?.length ?? 0) > 0) {
      throw notSupported('overrides.containerOverrides.resourceRequirements');
    }
  }
}

function size(
  what: 'cpu' | 'memory',
  text: string | undefined,
  parse: (text: string) => number | undefined,
): number | undefined {
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === undefined) throw invalidParameter(`Invalid '${what}' override: '${text}'.`);
  return value;
}
