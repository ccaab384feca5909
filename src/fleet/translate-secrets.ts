import type { ContainerDefinition, ContainerOverride, Secret } from '@aws-sdk/client-ecs';
import { parseArn } from '../base/arn.ts';
import type { PayloadContainer, PayloadSecret, PayloadTask, RegistryAuthentication } from '../wire/acs.ts';

/** The secrets of a container and of its log driver, as an agent is to fetch them ("Secret", ECS API Reference). */
export function secretsOf(definition: ContainerDefinition, taskRegion: string): PayloadSecret[] {
  const each = (target: PayloadSecret['target'], secrets: readonly Secret[] = []): PayloadSecret[] =>
    secrets.map(({ name = '', valueFrom = '' }) => ({
      name,
      ...placeOf(valueFrom, taskRegion),
      type: 'ENVIRONMENT_VARIABLE',
      target,
    }));
  return [...each('CONTAINER', definition.secrets), ...each('LOG_DRIVER', definition.logConfiguration?.secretOptions)];
}

/** The files of a container's environment; those of an override take the place of its own ("ContainerOverride"). */
export function environmentFilesOf(
  definition: ContainerDefinition,
  override: ContainerOverride | undefined,
): NonNullable<PayloadContainer['environmentFiles']> {
  const files = override?.environmentFiles ?? definition.environmentFiles ?? [];
  return files.map(({ value = '' }) => ({ value, type: 's3' }));
}

/** How a container's private registry is to know who pulls. */
export function registryAuthenticationOf(
  definition: ContainerDefinition,
  taskRegion: string,
): RegistryAuthentication | undefined {
  const credentialsParameter = definition.repositoryCredentials?.credentialsParameter;
  if (credentialsParameter === undefined || credentialsParameter === '') return undefined;
  const region = parseArn(credentialsParameter)?.region || taskRegion;
  return { type: 'asm', asmAuthData: { credentialsParameter, region } };
}

/** An ARN says of which service and region the value is; all else is the name of a parameter beside the task. */
function placeOf(valueFrom: string, taskRegion: string): Pick<PayloadSecret, 'valueFrom' | 'provider' | 'region'> {
  const arn = parseArn(valueFrom);
  if (arn === undefined) return { valueFrom, provider: 'ssm', region: taskRegion };
  const region = arn.region || taskRegion;
  if (arn.service === 'secretsmanager') return { valueFrom, provider: 'asm', region };
  // `parameter/a` is the parameter `a`, `parameter/a/b` is `/a/b`: its name, by which agents find it in the answer.
  const path = arn.resource.replace(/^parameter/, '');
  return { valueFrom: path.lastIndexOf('/') === 0 ? path.slice(1) : path, provider: 'ssm', region };
}

/** Whether an agent must act as the execution role before it can make a task's containers. */
export function needsExecutionRole(task: PayloadTask): boolean {
  return task.containers.some(
    ({ secrets = [], environmentFiles = [], registryAuthentication }) =>
      secrets.length > 0 || environmentFiles.length > 0 || registryAuthentication?.type === 'asm',
  );
}

/** A role that a task needs and nobody can be: ECS's words ("Stopped tasks error messages", ECS Developer Guide). */
export class UnassumableRoleError extends Error {
  override readonly name = 'UnassumableRoleError';

  constructor(roleArn: string) {
    super(
      `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being ` +
        'passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.',
    );
  }
}
