import type { ContainerDefinition, ContainerOverride, TaskOverride } from '@aws-sdk/client-ecs';
import { parseTaskCpu, parseTaskMemory } from '../../model/ecs/sizes.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { clientException, invalidParameter } from './errors.ts';
import { checkEphemeralStorage } from './platform-rules.ts';
import { checkContainerSums, checkFargateSize, checkRole } from './task-definition-rules.ts';
import { checkResources } from './linux-rules.ts';
import { checkEnvironmentFiles } from './secret-rules.ts';

/** ECS's own limit, characters of JSON ("overrides", RunTask). */
const maxLength = 8192;

/**
 * The overrides of a task, checked against its definition and with sizes in units and MiB: what comes of both keeps the
 * definition's rules. Throws `InvalidParameterException`, or `ClientException` as RegisterTaskDefinition does.
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
  if ((overrides.inferenceAcceleratorOverrides?.length ?? 0) > 0) {
    throw clientException("Unsupported field 'inferenceAccelerators'.");
  }
  checkRole(overrides.taskRoleArn);
  checkRole(overrides.executionRoleArn);
  if (overrides.ephemeralStorage !== undefined) {
    if (launchType !== 'FARGATE') {
      throw clientException(`Tasks using the ${launchType} launch type do not support EphemeralStorage.`);
    }
    checkEphemeralStorage(overrides.ephemeralStorage);
  }
  const cpu = size('cpu', overrides.cpu, parseTaskCpu);
  const memory = size('memory', overrides.memory, parseTaskMemory);
  const { document } = definition;
  const whole = { cpu: cpu ?? numberOf(document.cpu), memory: memory ?? numberOf(document.memory) };
  if (launchType === 'FARGATE') checkFargateSize(whole.cpu ?? 0, whole.memory ?? 0);
  const containers = document.containerDefinitions ?? [];
  for (const override of overrides.containerOverrides ?? []) checkContainer(override, containers, launchType);
  checkUnique(overrides.containerOverrides ?? []);
  checkContainerSums(
    containers.map((container) => ({
      ...container,
      ...sizesOf(overrides.containerOverrides?.find(({ name }) => name === container.name)),
    })),
    whole,
  );
  return {
    ...overrides,
    ...(cpu === undefined ? {} : { cpu: String(cpu) }),
    ...(memory === undefined ? {} : { memory: String(memory) }),
  };
}

function checkContainer(
  override: ContainerOverride,
  containers: readonly ContainerDefinition[],
  launchType: string,
): void {
  const { name } = override;
  if (name === undefined || name === '') throw invalidParameter('Container override name cannot be empty.');
  if (!containers.some((container) => container.name === name)) {
    throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
  }
  for (const variable of override.environment ?? []) {
    if (!variable.name) throw invalidParameter(`Override for container named ${name} has a variable without a name.`);
  }
  checkEnvironmentFiles(override.environmentFiles, name);
  if ((override.resourceRequirements?.length ?? 0) > 0) {
    if (launchType === 'FARGATE') {
      throw clientException('Tasks using the Fargate launch type do not support GPU resource requirements.');
    }
    checkResources({ name, resourceRequirements: override.resourceRequirements });
  }
}

function checkUnique(overrides: readonly ContainerOverride[]): void {
  const seen = new Set<string | undefined>();
  for (const { name } of overrides) {
    if (seen.has(name)) throw invalidParameter(`There is more than one override for the container named ${name}.`);
    seen.add(name);
  }
}

/** The sizes that an override sets. */
function sizesOf(override: ContainerOverride | undefined) {
  const { cpu, memory, memoryReservation } = override ?? {};
  const sizes = { cpu, memory, memoryReservation };
  return Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));
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

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
