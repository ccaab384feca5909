import type { ContainerDefinition, ContainerOverride, Volume } from '@aws-sdk/client-ecs';
import { arn } from '../base/arn.ts';
import { given } from '../base/given.ts';
import { shortName } from '../model/ecs/arns.ts';
import { atDigest } from '../model/ecs/images.ts';
import type { Task } from '../model/ecs/task.ts';
import type { MachineResources } from '../model/fleet/machine.ts';
import type { TaskDefinition } from '../model/ecs/task-definition.ts';
import { gatewayOf, parseCidr } from '../model/ec2/addresses.ts';
import type { Subnet } from '../model/ec2/network.ts';
import type { Scoped } from '../model/tags.ts';
import type {
  IamRoleCredentials,
  PayloadContainer,
  PayloadNetworkInterface,
  PayloadTask,
  RegistryAuthentication,
} from '../wire/acs.ts';
import { interfaceNames } from './interface-names.ts';
import { environmentFilesOf, registryAuthenticationOf, secretsOf } from './translate-secrets.ts';
import { dockerConfigOf, dockerHostConfigOf, type ContainerLimits } from './docker-config.ts';

/** An image as the machine's engine is to pull it. */
export interface ResolvedImage {
  readonly image: string;
  readonly registryAuthentication?: RegistryAuthentication;
}

/** What a task's payload is made from. */
export interface TaskParts {
  readonly task: Task;
  /** Absent once it was deleted: enough is left to stop the task. */
  readonly definition: TaskDefinition | undefined;
  /** The subnet of the task's interface. */
  readonly subnet: Subnet | undefined;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  /** What the machine has: a container cannot be given more. */
  readonly machine: Pick<MachineResources, 'cpu' | 'openFiles'>;
  /** The account's way of delivering output where a container says nothing of it (`defaultLogDriverMode`). */
  readonly logMode: string;
  readonly resolveImage: (image: string, scope: Scoped) => ResolvedImage;
  /** Where the engine finds CloudWatch Logs, when it is the engine that delivers what `awslogs` containers write. */
  readonly logsEndpoint?: string | undefined;
  readonly roleCredentials?: IamRoleCredentials | undefined;
  readonly executionRoleCredentials?: IamRoleCredentials | undefined;
}

/** Seconds between SIGTERM and SIGKILL unless the definition says otherwise ("ContainerDefinition", ECS API Reference). */
const defaultStopTimeoutSeconds = 30;

/** A task as an agent is told it: overrides merged, everything Docker's already in Docker's words. */
export function translateTask(parts: TaskParts): PayloadTask {
  const { task, definition } = parts;
  const document = definition?.document;
  // Without a definition nothing is left to do but stop it: as what needs most.
  const networkMode = document === undefined ? 'awsvpc' : (document.networkMode ?? 'bridge');
  return {
    arn: task.arn,
    taskClusterArn: task.clusterArn,
    family: task.family,
    version: task.taskDefinitionArn.slice(task.taskDefinitionArn.lastIndexOf(':') + 1),
    desiredStatus: parts.desiredStatus,
    networkMode,
    ...given('pidMode', document?.pidMode),
    ...given('ipcMode', document?.ipcMode),
    launchType: task.launchType,
    serviceName: task.serviceArn === undefined ? '' : shortName(task.serviceArn),
    group: task.group,
    overrides: '{}',
    ...(document?.enableFaultInjection === true ? { enableFaultInjection: true } : {}),
    ...(task.cpu === undefined ? {} : { cpu: Number(task.cpu) / 1024 }),
    ...(task.memory === undefined ? {} : { memory: Number(task.memory) }),
    ...given('ephemeralStorageGiB', task.ephemeralStorageGiB),
    ...given('roleCredentials', parts.roleCredentials),
    ...given('executionRoleCredentials', parts.executionRoleCredentials),
    volumes: (document?.volumes ?? []).map(volumeOf),
    elasticNetworkInterfaces: interfacesOf(task, parts.subnet),
    containers: (document?.containerDefinitions ?? []).map((container) => containerOf(parts, container, networkMode)),
  };
}

function containerOf(parts: TaskParts, definition: ContainerDefinition, networkMode: string): PayloadContainer {
  const { task } = parts;
  const override = task.overrides.containerOverrides?.find(({ name }) => name === definition.name);
  const limits = limitsOf(parts, definition, override);
  const resolved = parts.resolveImage(imageOf(task, definition), task);
  const fargate = task.launchType === 'FARGATE';
  const secrets = secretsOf(definition, task.region);
  const environmentFiles = environmentFilesOf(definition, override);
  const byEngine = parts.logsEndpoint !== undefined && definition.logConfiguration?.logDriver === 'awslogs';
  return {
    name: definition.name ?? '',
    containerArn: task.containers.find(({ name }) => name === definition.name)?.arn ?? '',
    image: resolved.image,
    essential: definition.essential ?? true,
    cpu: limits.cpuUnits,
    memory: override?.memory ?? definition.memory ?? 0,
    ...given('command', override?.command ?? definition.command),
    ...given('entryPoint', definition.entryPoint),
    environment: environmentOf(definition, override),
    overrides: '{}',
    // An awsvpc container has every port of its own address; agents refuse mappings then.
    portMappings: networkMode === 'awsvpc' ? [] : portsOf(definition),
    mountPoints: (definition.mountPoints ?? []).map(({ sourceVolume, containerPath, readOnly }) => ({
      sourceVolume: sourceVolume ?? '',
      containerPath: containerPath ?? '',
      readOnly: readOnly ?? false,
    })),
    volumesFrom: (definition.volumesFrom ?? []).map(({ sourceContainer, readOnly }) => ({
      sourceContainer: sourceContainer ?? '',
      readOnly: readOnly ?? false,
    })),
    links: definition.links ?? [],
    dependsOn: (definition.dependsOn ?? []).map(({ containerName, condition }) => ({
      containerName: containerName ?? '',
      condition: condition ?? 'START',
    })),
    ...given('startTimeout', definition.startTimeout),
    // Of those that name none the agent of an instance may have its own idea.
    ...given('stopTimeout', definition.stopTimeout ?? (fargate ? defaultStopTimeoutSeconds : undefined)),
    ...given('restartPolicy', restartPolicyOf(definition)),
    ...(definition.healthCheck === undefined ? {} : { healthCheckType: 'docker' as const }),
    ...given(
      'registryAuthentication',
      pullsAs(parts, resolved.registryAuthentication) ?? registryAuthenticationOf(definition, task.region),
    ),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(environmentFiles.length === 0 ? {} : { environmentFiles }),
    ...given('firelensConfiguration', firelensOf(definition)),
    ...(task.enableExecuteCommand ? { managedAgents: [{ name: 'ExecuteCommandAgent', properties: {} }] } : {}),
    ...(byEngine && parts.executionRoleCredentials !== undefined ? { logsAuthStrategy: 'ExecutionRole' as const } : {}),
    dockerConfig: {
      version: '1.18',
      config: JSON.stringify(dockerConfigOf(definition)),
      hostConfig: JSON.stringify(
        dockerHostConfigOf(definition, {
          limits,
          fargate,
          logMode: parts.logMode,
          logOptions: byEngine ? engineLogOptions(parts, definition) : {},
        }),
      ),
    },
  };
}

/**
 * What the engine's own driver needs beyond what the definition says: ECS composes the stream's name for it ("Using the
 * awslogs log driver", ECS Developer Guide).
 */
function engineLogOptions(
  { task, logsEndpoint = '' }: TaskParts,
  { name = '', logConfiguration }: ContainerDefinition,
): Record<string, string | undefined> {
  const prefix = logConfiguration?.options?.['awslogs-stream-prefix'];
  return {
    'awslogs-endpoint': logsEndpoint,
    'awslogs-region': logConfiguration?.options?.['awslogs-region'] ?? task.region,
    'awslogs-stream-prefix': undefined,
    ...(prefix === undefined ? {} : { 'awslogs-stream': `${prefix}/${name}/${task.id}` }),
  };
}

/** A task without an execution role is pulled in the name of its instance, else an agent waits for that role's credentials. */
function pullsAs(
  { executionRoleCredentials }: TaskParts,
  authentication: RegistryAuthentication | undefined,
): RegistryAuthentication | undefined {
  if (authentication?.type !== 'ecr') return authentication;
  const useExecutionRole = executionRoleCredentials !== undefined;
  return { ...authentication, ecrAuthData: { ...authentication.ecrAuthData, useExecutionRole } };
}

function firelensOf({ firelensConfiguration }: ContainerDefinition): PayloadContainer['firelensConfiguration'] {
  if (firelensConfiguration?.type === undefined) return undefined;
  return { type: firelensConfiguration.type, options: firelensConfiguration.options ?? {} };
}

/** The image of the definition, or what its tag stood for when the task's deployment began. */
function imageOf(task: Task, { name, image = '' }: ContainerDefinition): string {
  const digest = task.containers.find((container) => container.name === name)?.pinnedDigest;
  return digest === undefined ? image : atDigest(image, digest);
}

/**
 * A container has its own limits; the agent holds all of a task to the task's. On Fargate these are a wall for each container
 * as well: there a program sees a machine of that size, and here it sizes itself by what it may use.
 */
function limitsOf(
  { task, definition: whole, machine }: TaskParts,
  definition: ContainerDefinition,
  override: ContainerOverride | undefined,
): ContainerLimits {
  const wall = task.launchType === 'FARGATE';
  const taskCpu = wall ? numberOf(task.overrides.cpu ?? whole?.document.cpu) : undefined;
  const taskMemory = wall ? numberOf(task.overrides.memory ?? whole?.document.memory) : undefined;
  return {
    cpuUnits: override?.cpu ?? definition.cpu ?? 0,
    // Docker refuses a limit above what the machine has, and it would mean nothing.
    ...(taskCpu === undefined || taskCpu >= machine.cpu ? {} : { cpus: taskCpu / 1024 }),
    ...given('memoryMiB', override?.memory ?? definition.memory ?? taskMemory),
    ...given('memoryReservationMiB', override?.memoryReservation ?? definition.memoryReservation),
    machineOpenFiles: machine.openFiles ?? Infinity,
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function environmentOf(
  definition: ContainerDefinition,
  override: ContainerOverride | undefined,
): Record<string, string> {
  const pairs = [...(definition.environment ?? []), ...(override?.environment ?? [])];
  return Object.fromEntries(pairs.map(({ name, value }) => [name ?? '', value ?? '']));
}

function restartPolicyOf({ restartPolicy }: ContainerDefinition): PayloadContainer['restartPolicy'] {
  if (restartPolicy?.enabled !== true) return undefined;
  return {
    enabled: true,
    ignoredExitCodes: restartPolicy.ignoredExitCodes ?? [],
    // Registered definitions carry it.
    restartAttemptPeriod: restartPolicy.restartAttemptPeriod ?? 300,
  };
}

function portsOf(definition: ContainerDefinition): PayloadContainer['portMappings'] {
  return (definition.portMappings ?? []).map(({ containerPort, hostPort, protocol, containerPortRange }) => ({
    containerPort: containerPort ?? 0,
    hostPort: hostPort ?? 0,
    protocol: protocol ?? 'tcp',
    ...given('containerPortRange', containerPortRange),
  }));
}

/** A volume without a path on the host lives and dies with its task. */
function volumeOf(volume: Volume): PayloadTask['volumes'][number] {
  const name = volume.name ?? '';
  const sourcePath = volume.host?.sourcePath;
  if (sourcePath) return { name, type: 'host', host: { sourcePath } };
  const docker = volume.dockerVolumeConfiguration;
  return {
    name,
    type: 'docker',
    dockerVolumeConfiguration: {
      scope: docker?.scope ?? 'task',
      autoprovision: docker?.autoprovision ?? false,
      driver: docker?.driver ?? 'local',
      driverOpts: docker?.driverOpts ?? {},
      labels: docker?.labels ?? {},
    },
  };
}

function interfacesOf(task: Task, subnet: Subnet | undefined): PayloadNetworkInterface[] {
  const eni = task.networkInterface;
  const block = subnet && parseCidr(subnet.cidr);
  if (eni === undefined || block === undefined) return [];
  return [
    {
      name: 'eth0',
      ec2Id: eni.networkInterfaceId,
      macAddress: eni.macAddress,
      attachmentArn: arn('ecs', task.region, task.account, `attachment/${eni.attachmentId}`),
      index: 0,
      interfaceAssociationProtocol: 'default',
      ...interfaceNames(eni.privateIp, task.region),
      subnetGatewayIpv4Address: `${gatewayOf(block)}/${block.prefixLength}`,
    },
  ];
}
