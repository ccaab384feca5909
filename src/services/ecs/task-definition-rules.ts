import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { AwsError } from '../../base/errors.ts';
import { isFargateSize, parseTaskCpu, parseTaskMemory } from '../../model/ecs/sizes.ts';
import { checkContainer } from './container-rules.ts';
import { checkDependencies } from './dependency-rules.ts';
import { clientException } from './errors.ts';
import { checkFargate } from './fargate-rules.ts';
import { checkFirelens } from './log-rules.ts';
import { checkPlatform, notOneOf } from './platform-rules.ts';
import { checkPorts } from './port-rules.ts';
import { checkVolumes } from './volume-rules.ts';

type Input = RegisterTaskDefinitionCommandInput;

/** ECS's own limit on a revision ("Amazon ECS service quotas"). */
const maxContainers = 10;
const maxBytes = 65_536;

/**
 * Refuses a task definition that ECS refuses, with ECS's words: `ClientException`. What ECS takes and Stowage does not
 * is the matter of `refuseUnsupported`. `registryHost` is the host and port of our own registry.
 */
export function checkTaskDefinition(input: Input, registryHost: string): void {
  checkFamily(input.family);
  const containers = input.containerDefinitions ?? [];
  if (containers.length === 0) throw clientException('Container list cannot be empty.');
  if (containers.length > maxContainers) throw clientException('Too many containers.');
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > maxBytes) throw clientException(`Actual length: '${bytes}'. Max allowed length is '${maxBytes}' bytes.`);
  checkEnums(input);
  checkRole(input.taskRoleArn);
  checkRole(input.executionRoleArn);
  const fargate = input.requiresCompatibilities?.includes('FARGATE') ?? false;
  if (fargate && input.networkMode !== 'awsvpc') {
    throw clientException("Fargate only supports network mode 'awsvpc'.");
  }
  checkSize(input, fargate);
  checkPlatform(input);

  checkNames(containers);
  for (const container of containers) checkContainer(container, input);
  if (!containers.some((container) => container.essential ?? true)) {
    throw clientException("Task definition doesn't have any essential container.");
  }
  checkContainerSums(containers, {
    cpu: input.cpu ? parseTaskCpu(input.cpu) : undefined,
    memory: input.memory ? parseTaskMemory(input.memory) : undefined,
  });
  checkPorts(containers, input.networkMode ?? 'bridge');
  checkVolumes(input);
  checkDependencies(containers);
  checkFirelens(containers, fargate);
  if (fargate) checkFargate(input, registryHost);
}

/** Whether a task definition keeps Fargate's rules, required or not: RunTask may then ask for Fargate. */
export function suitsFargate(input: Input, registryHost: string): boolean {
  if (input.networkMode !== 'awsvpc') return false;
  try {
    checkSize(input, true);
    checkFargate(input, registryHost);
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

function checkFamily(family: string | undefined): void {
  if (family === undefined || family === '') throw clientException('Family should not be null or empty.');
  if (!/^[a-zA-Z0-9_-]{1,255}$/.test(family)) throw clientException('Family contains invalid characters.');
}

const enums = {
  networkMode: ['bridge', 'host', 'awsvpc', 'none'],
  pidMode: ['task', 'host'],
  ipcMode: ['task', 'host', 'none'],
} as const;

const compatibilities: readonly string[] = ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES'];

function checkEnums(input: Input): void {
  for (const member of ['networkMode', 'pidMode', 'ipcMode'] as const) {
    const value = input[member];
    const allowed: readonly string[] = enums[member];
    if (value !== undefined && !allowed.includes(value)) throw notOneOf(value, member, allowed);
  }
  for (const value of input.requiresCompatibilities ?? []) {
    if (!compatibilities.includes(value)) throw notOneOf(value, 'requiresCompatibilities', compatibilities);
  }
  if (input.requiresCompatibilities?.includes('EXTERNAL') === true && input.networkMode === 'awsvpc') {
    throw clientException("Tasks using the EXTERNAL launch type do not support network mode 'awsvpc'.");
  }
}

/** A role is named by its ARN, or shortly by its name. Throws `ClientException`. */
export function checkRole(role: string | undefined): void {
  if (role === undefined || role === '') return;
  if (!/^(arn:[\w-]+:iam::\d{12}:role\/)?[\w+=,.@/-]+$/.test(role)) throw clientException('Role is not valid');
}

function checkSize(input: Input, fargate: boolean): void {
  if (fargate && !input.cpu) throw clientException("Fargate requires that 'cpu' be defined at the task level.");
  if (fargate && !input.memory) throw clientException("Fargate requires that 'memory' be defined at the task level.");
  const cpu = input.cpu ? parseTaskCpu(input.cpu) : undefined;
  const memory = input.memory ? parseTaskMemory(input.memory) : undefined;
  const hint = 'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.';
  // 0.125 to 192 vCPUs.
  if (input.cpu && (cpu === undefined || cpu < 128 || cpu > 196_608)) {
    throw clientException(`Invalid 'cpu' setting for task. ${hint}`);
  }
  if (input.memory && (memory === undefined || memory < 4)) {
    throw clientException(`Invalid 'memory' setting for task. ${hint}`);
  }
  if (fargate && cpu !== undefined && memory !== undefined) checkFargateSize(cpu, memory);
}

/** Whether Fargate has a size, in units and MiB. Throws `ClientException`. */
export function checkFargateSize(cpu: number, memory: number): void {
  if (isFargateSize(cpu, memory)) return;
  throw clientException(
    `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`,
  );
}

function checkNames(containers: readonly ContainerDefinition[]): void {
  for (const { name } of containers) {
    if (name === undefined || name === '') throw clientException('Container.name should not be null or empty.');
    if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name)) throw clientException('Container.name contains invalid characters.');
  }
  if (new Set(containers.map(({ name }) => name)).size < containers.length) {
    throw clientException('Container names must be unique within a task definition.');
  }
}

/** The containers fit into their task's size, in units and MiB, where it has one. Throws `ClientException`. */
export function checkContainerSums(
  containers: readonly ContainerDefinition[],
  { cpu: taskCpu, memory: taskMemory }: { readonly cpu: number | undefined; readonly memory: number | undefined },
): void {
  const sum = (of: (container: ContainerDefinition) => number | undefined): number =>
    containers.reduce((all, container) => all + (of(container) ?? 0), 0);
  if (taskCpu !== undefined && sum((c) => c.cpu) > taskCpu) {
    throw clientException("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.");
  }
  if (taskMemory === undefined) return;
  const over = containers.find((container) => (container.memory ?? 0) > taskMemory);
  if (over !== undefined) {
    throw clientException(`The 'memory' setting for container '${over.name}' is greater than for the task.`);
  }
  if (sum((c) => c.memoryReservation) > taskMemory) {
    throw clientException(
      "The sum of all container 'memoryReservation' values cannot be greater than the value of the task 'memory'.",
    );
  }
}
