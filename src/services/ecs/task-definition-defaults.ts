import type {
  ContainerDefinition,
  ContainerRestartPolicy,
  RegisterTaskDefinitionCommandInput,
  Volume,
} from '@aws-sdk/client-ecs';
import { parseTaskCpu, parseTaskMemory } from '../../model/ecs/sizes.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';

type Document = TaskDefinition['document'];
type HealthCheck = NonNullable<ContainerDefinition['healthCheck']>;

/**
 * A checked task definition as ECS stores and shows it: sizes in units and MiB, and every default filled in, so that
 * nobody after this needs to know them.
 */
export function withDefaults(input: RegisterTaskDefinitionCommandInput): Document {
  const { family: _family, tags: _tags, cpu, memory, ...rest } = plain(input);
  const networkMode = rest.networkMode;
  return {
    ...rest,
    ...(cpu ? { cpu: String(parseTaskCpu(cpu)) } : {}),
    ...(memory ? { memory: String(parseTaskMemory(memory)) } : {}),
    volumes: (rest.volumes ?? []).map(volumeOf),
    placementConstraints: rest.placementConstraints ?? [],
    containerDefinitions: (rest.containerDefinitions ?? []).map((container) => ({
      ...container,
      cpu: container.cpu ?? 0,
      essential: container.essential ?? true,
      portMappings: (container.portMappings ?? []).map((mapping) => ({
        ...mapping,
        ...(mapping.containerPortRange === undefined
          ? { hostPort: hostPortOf(mapping.hostPort, mapping.containerPort, networkMode) }
          : {}),
        protocol: mapping.protocol ?? 'tcp',
      })),
      environment: container.environment ?? [],
      mountPoints: container.mountPoints ?? [],
      volumesFrom: container.volumesFrom ?? [],
      systemControls: container.systemControls ?? [],
      ...(container.restartPolicy?.enabled === true ? { restartPolicy: restartPolicy(container.restartPolicy) } : {}),
      ...(container.healthCheck === undefined ? {} : { healthCheck: healthCheck(container.healthCheck) }),
    })),
  };
}

/** A volume of no other kind is the host's, wherever the engine puts it; a Docker volume is the task's unless shared. */
function volumeOf(volume: Volume): Volume {
  const { dockerVolumeConfiguration: docker } = volume;
  if (docker === undefined) return { ...volume, host: volume.host ?? {} };
  const scope = docker.scope ?? 'task';
  return {
    ...volume,
    dockerVolumeConfiguration: {
      ...docker,
      scope,
      ...(scope === 'shared' ? { autoprovision: docker.autoprovision ?? false } : {}),
      driver: docker.driver ?? 'local',
    },
  };
}

/** In awsvpc and host mode the container's port is the host's; elsewhere 0 stands for one that the machine chooses. */
function hostPortOf(hostPort: number | undefined, containerPort: number | undefined, mode: string | undefined): number {
  if (mode === 'awsvpc' || mode === 'host') return containerPort ?? 0;
  return hostPort ?? 0;
}

/** Seconds, and the defaults of "HealthCheck" (ECS API Reference). */
function healthCheck(check: HealthCheck): HealthCheck {
  return { ...check, interval: check.interval ?? 30, timeout: check.timeout ?? 5, retries: check.retries ?? 3 };
}

/** Seconds, and the defaults of "ContainerRestartPolicy" (ECS API Reference). */
function restartPolicy(policy: ContainerRestartPolicy): ContainerRestartPolicy {
  return {
    ...policy,
    ignoredExitCodes: policy.ignoredExitCodes ?? [],
    restartAttemptPeriod: policy.restartAttemptPeriod ?? 300,
  };
}

/** A copy without members that are there but undefined, as the journal would give it back. */
function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
