import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { isEcrImage } from '../../model/ecs/images.ts';
import { clientException } from './errors.ts';

const fargateLogDrivers: ReadonlySet<string> = new Set(['awslogs', 'splunk', 'awsfirelens']);

/**
 * What a task definition that requires Fargate cannot have ("Amazon ECS task definition differences for Fargate").
 * Throws `ClientException`.
 */
export function checkFargate(input: RegisterTaskDefinitionCommandInput, registryHost: string): void {
  if (input.pidMode === 'host') {
    throw clientException(
      "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    );
  }
  if (input.ipcMode !== undefined) without('ipcMode');
  if ((input.placementConstraints?.length ?? 0) > 0) without('constraints');
  for (const volume of input.volumes ?? []) {
    if (volume.host?.sourcePath) without('sourcePath');
    if (volume.dockerVolumeConfiguration !== undefined) without('dockerVolumeConfiguration');
  }
  for (const container of input.containerDefinitions ?? []) checkContainer(container, input, registryHost);
}

function checkContainer(
  container: ContainerDefinition,
  input: RegisterTaskDefinitionCommandInput,
  registryHost: string,
): void {
  if (container.privileged === true) {
    // The quotation marks are AWS's.
    throw clientException('Fargate requires that the ‘privileged’ setting be ‘false’ at the container level.');
  }
  const linux = container.linuxParameters;
  if ((linux?.devices?.length ?? 0) > 0) without('devices');
  if (linux?.maxSwap !== undefined) without('maxSwap');
  if (linux?.swappiness !== undefined) without('swappiness');
  if (linux?.sharedMemorySize !== undefined) without('sharedMemorySize');
  // The only capability that Fargate adds ("KernelCapabilities").
  const added = linux?.capabilities?.add?.find((capability) => capability !== 'SYS_PTRACE');
  if (added !== undefined) throw clientException(`${added} is not allowed on Fargate.`);
  if ((container.dockerSecurityOptions?.length ?? 0) > 0) without('dockerSecurityOptions');
  if (container.resourceRequirements?.some(({ type }) => type === 'GPU') === true) {
    throw clientException('Tasks using the Fargate launch type do not support GPU resource requirements.');
  }
  for (const [which, seconds = 0] of [
    ['start', container.startTimeout],
    ['stop', container.stopTimeout],
  ] as const) {
    if (seconds > 120) {
      throw clientException(
        `Tasks using the Fargate launch type must have a container ${which} timeout of less than 120 seconds.`,
      );
    }
    // "startTimeout", ContainerDefinition: 2 to 120 seconds on Fargate.
    if (which === 'start' && container.startTimeout !== undefined && container.startTimeout < 2) {
      throw clientException(
        `The 'startTimeout' setting for container '${container.name}' must be at least 2 on Fargate.`,
      );
    }
  }
  const log = container.logConfiguration;
  if (log?.logDriver !== undefined && !fargateLogDrivers.has(log.logDriver)) {
    throw clientException(
      `${log.logDriver} is not a valid log driver. Must be one of [${[...fargateLogDrivers].join(',')}]`,
    );
  }
  if (log?.logDriver === 'awslogs' && !log.options?.['awslogs-stream-prefix']) {
    throw clientException(
      'Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.',
    );
  }
  if (input.executionRoleArn) return;
  const needsRole = (why: string): never => {
    throw clientException(`Fargate requires task definition to have execution role ARN to support ${why}.`);
  };
  if (isEcrImage(container.image ?? '', registryHost)) needsRole('ECR images');
  if (log?.logDriver === 'awslogs') needsRole('log driver awslogs');
}

function without(member: string): never {
  throw clientException(`Fargate compatible task definitions do not support ${member}`);
}
