import type { ContainerDefinition, PortMapping, Secret } from '@aws-sdk/client-ecs';
import { isEcrImage } from '../../model/ecs/images.ts';
import { isSecretArn } from './secret-rules.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';

type Document = TaskDefinition['document'];

const capability = 'com.amazonaws.ecs.capability.';
const dockerApi = (version: string): string => `${capability}docker-remote-api.${version}`;

/**
 * The capabilities that an instance must have to run a task definition, as ECS derives them from it: each feature names
 * its capability, or the Docker API that brought it ("Amazon ECS container agent capabilities").
 */
export function requiredAttributes(document: Document, registryHost: string): { name: string; value?: string }[] {
  const containers = document.containerDefinitions ?? [];
  const any = (has: (container: ContainerDefinition) => boolean): boolean => containers.some(has);
  const logs = any((c) => c.logConfiguration?.logDriver === 'awslogs');
  const ecr = any((c) => isEcrImage(c.image ?? '', registryHost));
  const awsvpc = document.networkMode === 'awsvpc';
  const role = Boolean(document.executionRoleArn);
  const drivers = new Set(
    containers.map((c) => c.logConfiguration?.logDriver).filter((driver) => driver !== undefined),
  );
  const routers = new Set(containers.map((c) => c.firelensConfiguration?.type).filter((type) => type !== undefined));
  const rules: readonly (readonly [boolean, string])[] = [
    ...[...drivers].map((driver) => [true, `${capability}logging-driver.${driver}`] as const),
    [logs && role, 'ecs.capability.execution-role-awslogs'],
    [ecr, `${capability}ecr-auth`],
    [logs || ecr, dockerApi('1.19')],
    [any((c) => c.readonlyRootFilesystem === true), dockerApi('1.17')],
    [any((c) => c.privileged === true), `${capability}privileged-container`],
    [any((c) => c.memoryReservation !== undefined), dockerApi('1.21')],
    ...[...routers].map((type) => [true, `ecs.capability.firelens.${type}`] as const),
    [any((c) => c.healthCheck !== undefined), 'ecs.capability.container-health-check'],
    [any((c) => c.healthCheck !== undefined), dockerApi('1.24')],
    [any((c) => c.linuxParameters?.initProcessEnabled === true), dockerApi('1.25')],
    [any((c) => (c.dependsOn?.length ?? 0) > 0), 'ecs.capability.container-ordering'],
    [any((c) => c.restartPolicy?.enabled === true), 'ecs.capability.container-restart-policy'],
    [any((c) => (c.portMappings ?? []).some(hasRange)), 'ecs.capability.network.container-port-range'],
    [Boolean(document.pidMode ?? document.ipcMode), 'ecs.capability.pid-ipc-namespace-sharing'],
    ...volumeDrivers(document).map((driver) => [true, `ecs.capability.docker-plugin.${driver}`] as const),
    [Boolean(document.taskRoleArn), taskRoleCapability(document.networkMode)],
    [ecr && role, 'ecs.capability.execution-role-ecr-pull'],
    [awsvpc || any((c) => usesDocker118(c)), dockerApi('1.18')],
    [awsvpc, 'ecs.capability.task-eni'],
    [any((c) => hasSecret(c.secrets, 'ssm')), 'ecs.capability.secrets.ssm.environment-variables'],
    [any((c) => hasSecret(c.secrets, 'asm')), 'ecs.capability.secrets.asm.environment-variables'],
    [
      any((c) => hasSecret(c.logConfiguration?.secretOptions, 'ssm')),
      'ecs.capability.secrets.ssm.bootstrap.log-driver',
    ],
    [
      any((c) => hasSecret(c.logConfiguration?.secretOptions, 'asm')),
      'ecs.capability.secrets.asm.bootstrap.log-driver',
    ],
    [any((c) => (c.environmentFiles?.length ?? 0) > 0), 'ecs.capability.env-files.s3'],
    [
      any((c) => Boolean(c.repositoryCredentials?.credentialsParameter)),
      'ecs.capability.private-registry-authentication.secretsmanager',
    ],
  ];
  return [...rules.filter(([applies]) => applies).map(([, name]) => ({ name })), ...platformAttributes(document)];
}

/** What a platform that the definition names comes to ("Amazon ECS container instance attributes"). */
function platformAttributes({ runtimePlatform }: Document): { name: string; value: string }[] {
  const { cpuArchitecture, operatingSystemFamily } = runtimePlatform ?? {};
  return [
    ...(cpuArchitecture === undefined ? [] : [{ name: 'ecs.cpu-architecture', value: cpuArchitecture.toLowerCase() }]),
    ...(operatingSystemFamily === undefined ? [] : [{ name: 'ecs.os-family', value: operatingSystemFamily }]),
  ];
}

function hasRange({ containerPortRange }: PortMapping): boolean {
  return containerPortRange !== undefined;
}

/** The drivers of a definition's Docker volumes: plugins that the instance must have. */
function volumeDrivers({ volumes = [] }: Document): string[] {
  const drivers = volumes.flatMap(({ dockerVolumeConfiguration: docker }) => docker?.driver ?? []);
  return [...new Set(drivers)];
}

function taskRoleCapability(networkMode: string | undefined): string {
  return `${capability}task-iam-role${networkMode === 'host' ? '-network-host' : ''}`;
}

function hasSecret(secrets: readonly Secret[] | undefined, provider: 'ssm' | 'asm'): boolean {
  return secrets?.some(({ valueFrom = '' }) => isSecretArn(valueFrom) === (provider === 'asm')) === true;
}

function usesDocker118(container: ContainerDefinition): boolean {
  return (
    container.logConfiguration !== undefined ||
    (container.ulimits?.length ?? 0) > 0 ||
    Object.keys(container.dockerLabels ?? {}).length > 0
  );
}

/**
 * What a task definition could run on: what it requires, and what it happens to be fit for (`fargate` says whether it
 * keeps all of Fargate's rules); awsvpc keeps it from external instances.
 */
export function compatibilities(document: Document, fargate: boolean): TaskDefinition['compatibilities'] {
  const awsvpc = document.networkMode === 'awsvpc';
  return ['EC2', ...(fargate ? (['FARGATE'] as const) : []), ...(awsvpc ? [] : (['EXTERNAL'] as const))];
}
