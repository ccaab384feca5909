import type { PlacementConstraint, PlacementStrategy, TaskOverride } from '@aws-sdk/client-ecs';
import { placementRules, type PlacementRules } from './placement-rules.ts';
import type { ContainerInstance, HostPort, InstanceAttribute, InstanceResources } from './container-instance.ts';
import type { Task } from './task.ts';
import type { TaskDefinition } from './task-definition.ts';

/** How tasks are to be placed beyond what their definition says. */
export interface PlacementRequest {
  readonly placementConstraints?: readonly PlacementConstraint[];
  readonly placementStrategy?: readonly PlacementStrategy[];
  /** The group of the tasks. */
  readonly group?: string;
}

/** What a task needs of the instance that runs it. */
export interface TaskNeeds {
  readonly cpu: number;
  /** MiB that are set aside for it. */
  readonly memory: number;
  /** Host ports of its choice; those that the agent chooses are always there. */
  readonly ports: readonly HostPort[];
  readonly attributes: readonly InstanceAttribute[];
  /** Whether any of its containers is to have a GPU. */
  readonly gpu: boolean;
  /** Whether it takes an interface of the instance's. */
  readonly ownInterface: boolean;
  /** The zones of its subnets; absent when any will do. */
  readonly zones?: readonly string[];
  /** How it is to be placed, where anybody said. */
  readonly rules?: PlacementRules;
}

/**
 * The needs of a definition's task: the task's own size where it has one, else the sum of its containers', of which a soft memory
 * limit is what is set aside ("memoryReservation", ContainerDefinition, ECS API Reference).
 */
export function needsOf(
  definition: TaskDefinition,
  overrides: TaskOverride,
  zones?: readonly string[],
  placement: PlacementRequest = {},
): TaskNeeds {
  const { document } = definition;
  const constraints = [...(document.placementConstraints ?? []), ...(placement.placementConstraints ?? [])];
  const strategy = placement.placementStrategy ?? [];
  const containers = (document.containerDefinitions ?? []).map((container) => ({
    ...container,
    override: overrides.containerOverrides?.find(({ name }) => name === container.name),
  }));
  const cpu = overrides.cpu ?? document.cpu;
  const memory = overrides.memory ?? document.memory;
  const sum = (values: readonly (number | undefined)[]): number => values.reduce<number>((a, b) => a + (b ?? 0), 0);
  return {
    cpu: cpu === undefined ? sum(containers.map((each) => each.override?.cpu ?? each.cpu)) : Number(cpu),
    memory:
      memory === undefined
        ? sum(
            containers.map(
              ({ override, ...each }) =>
                override?.memoryReservation ?? each.memoryReservation ?? override?.memory ?? each.memory,
            ),
          )
        : Number(memory),
    ports: document.networkMode === 'awsvpc' || document.networkMode === 'none' ? [] : fixedPorts(containers),
    attributes: definition.requiresAttributes,
    gpu: containers.some(
      ({ override, resourceRequirements }) =>
        (override?.resourceRequirements ?? resourceRequirements)?.some(({ type }) => type === 'GPU') === true,
    ),
    ownInterface: document.networkMode === 'awsvpc',
    ...(zones === undefined ? {} : { zones }),
    ...(constraints.length + strategy.length === 0
      ? {}
      : { rules: placementRules(constraints, strategy, placement.group) }),
  };
}

function fixedPorts(containers: readonly NonNullable<TaskDefinition['document']['containerDefinitions']>[number][]) {
  return containers.flatMap(({ portMappings }) =>
    (portMappings ?? []).flatMap(({ hostPort, protocol }): HostPort[] =>
      hostPort === undefined || hostPort === 0 ? [] : [{ port: hostPort, protocol: protocol ?? 'tcp' }],
    ),
  );
}

/** What a placed task takes: what was set aside for it, and the ports that its agent chose. */
export function takenBy(task: Task): InstanceResources {
  const { reservation } = task;
  const chosen = task.containers.flatMap(({ networkBindings }) =>
    networkBindings.flatMap(({ hostPort, hostPortRange, protocol = 'tcp' }): HostPort[] => {
      if (hostPort !== undefined) return [{ port: hostPort, protocol }];
      return portsIn(hostPortRange).map((port) => ({ port, protocol }));
    }),
  );
  return {
    cpu: reservation?.cpu ?? 0,
    memory: reservation?.memory ?? 0,
    ports: unique([...(reservation?.ports ?? []), ...chosen]),
  };
}

/** The ports of a range as ECS writes it, `8080-8085`. */
export function portsIn(range: string | undefined): number[] {
  const [from = 0, to = from] = (range ?? '').split('-').map(Number);
  return range === undefined || range === '' ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** What an instance has left while `tasks` (that are not STOPPED) are placed on it. */
export function remainingOf(instance: ContainerInstance, tasks: readonly Task[]): InstanceResources {
  const taken = tasks.map(takenBy);
  return {
    cpu: taken.reduce((left, { cpu }) => left - cpu, instance.resources.cpu),
    memory: taken.reduce((left, { memory }) => left - memory, instance.resources.memory),
    ports: unique([...instance.resources.ports, ...taken.flatMap(({ ports }) => ports)]),
  };
}

function unique(ports: readonly HostPort[]): HostPort[] {
  return [...new Map(ports.map((each) => [`${each.protocol} ${each.port}`, each])).values()];
}
