import { hasEnded, type ContainerView, type TaskView } from './view.ts';

type Condition = ContainerView['spec']['dependsOn'][number]['condition'];

/** How it stands with what a container waits for. */
export interface Resolution {
  /** All has come about. */
  readonly met: boolean;
  /** It never will: why, as the container's `reason` says it. */
  readonly broken?: string;
  /** When to look again though nothing happens (epoch milliseconds). */
  readonly lookAt?: number;
}

/**
 * Whether what a container's `dependsOn` names has come about, or never will ("Container dependency", ECS Developer Guide).
 * The words are those of the genuine agent (`agent/engine/dependencygraph`), which users search for.
 */
export function resolveDependencies(task: TaskView, container: ContainerView, now: number): Resolution {
  let met = true;
  let lookAt: number | undefined;
  // A link is to a container that runs, as the engine itself wants it.
  const links = container.spec.links.map((link) => ({
    containerName: link.split(':')[0] ?? '',
    condition: 'START' as const,
  }));
  for (const { containerName, condition } of [...container.spec.dependsOn, ...links]) {
    const on = task.containers.find(({ spec }) => spec.name === containerName);
    if (on === undefined) {
      return broken(
        `container ordering dependency [${containerName}] for target [${shown(container)}] does not exist.`,
      );
    }
    const what = `container ordering dependency [${shown(on)}] for target [${shown(container)}]`;
    if (on.failed) return broken(`failed to resolve ${what} because dependency will never start`);
    if (isMet(on, condition)) continue;
    if (hasEnded(on)) {
      const why = condition === 'HEALTHY' ? 'stopped before it was healthy.' : 'did not exit successfully.';
      return broken(`failed to resolve ${what} as dependency ${why}`);
    }
    met = false;
    // "startTimeout", ContainerDefinition, ECS API Reference: how long others wait for this one.
    if (condition === 'START' || on.startedAt === undefined || (on.spec.startTimeout ?? 0) === 0) continue;
    const until = on.startedAt + (on.spec.startTimeout ?? 0) * 1000;
    if (now >= until) return broken(`${what} has timed out.`);
    lookAt = Math.min(lookAt ?? Infinity, until);
  }
  return { met, ...(lookAt === undefined ? {} : { lookAt }) };
}

/** Why the volumes that a container takes over from others will never be there; `undefined` while they may. */
export function brokenVolumes(task: TaskView, container: ContainerView): string | undefined {
  const lost = task.containers.find(
    ({ spec, failed, id }) =>
      failed &&
      id === undefined &&
      container.spec.volumesFrom.some(({ sourceContainer }) => sourceContainer === spec.name),
  );
  if (lost === undefined) return undefined;
  const what = `container ordering dependency [${shown(lost)}] for target [${shown(container)}]`;
  return broken(`failed to resolve ${what} because dependency will never start`).broken;
}

function broken(why: string): Resolution {
  return { met: false, broken: `CannotStartContainerError: dependency graph: ${why}` };
}

function isMet(on: ContainerView, condition: Condition): boolean {
  switch (condition) {
    case 'START':
      return on.phase === 'running' || on.phase === 'exited';
    case 'COMPLETE':
      return hasEnded(on);
    case 'SUCCESS':
      return hasEnded(on) && on.exitCode === 0;
    case 'HEALTHY':
      return on.phase === 'running' && on.health === 'healthy';
    default:
      return condition satisfies never;
  }
}

/** A container as the genuine agent writes it: `name(image) (known->desired) - Exit: 1`. */
function shown({ spec, phase, exitCode }: ContainerView): string {
  const known = { none: 'NONE', created: 'CREATED', running: 'RUNNING', exited: 'STOPPED' }[phase];
  return `${spec.name}(${spec.image}) (${known}->RUNNING)${exitCode === undefined ? '' : ` - Exit: ${exitCode}`}`;
}
