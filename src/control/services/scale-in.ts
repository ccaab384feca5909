import type { PlacementStrategy } from '@aws-sdk/client-ecs';
import type { ContainerInstance, InstanceResources } from '../../model/ecs/container-instance.ts';
import { attributeOf } from '../../model/ecs/instance-subjects.ts';
import type { Task } from '../../model/ecs/task.ts';
import type { ObservedService, Places } from './observe.ts';
import type { JudgedTask } from './scale.ts';

/** By what it is decided which task on an instance goes. */
export interface ScaleInRules {
  readonly strategy: readonly PlacementStrategy[];
  instanceOf(task: Task): ContainerInstance | undefined;
  /** What an instance has left now. */
  remainingOn(instance: ContainerInstance): Pick<InstanceResources, 'cpu' | 'memory'>;
  /** Draws from [0, 1). */
  random(): number;
}

/** The rules of a service for its tasks on instances, of which `places` tell what is left; none on Fargate. */
export function scaleInRules(
  observed: Pick<ObservedService, 'service' | 'instanceOf'>,
  places: Places | undefined,
  random: () => number,
): ScaleInRules | undefined {
  if (places === undefined) return undefined;
  return {
    strategy: observed.service.placementStrategy,
    instanceOf: (task) => observed.instanceOf(task),
    remainingOn: ({ arn }) =>
      places.candidates.find(({ instance }) => instance.arn === arn)?.remaining ?? { cpu: 0, memory: 0 },
    random,
  };
}

/** A point of view of who goes next: the one for whom it is highest. It follows as tasks are given up. */
interface View {
  of(task: Task): number;
  gone(task: Task): void;
}

const order = ['unhealthy', 'pending', 'healthy'] as const;

/**
 * The `count` tasks that are given up first: unhealthy before pending before healthy. Among equals as the placement strategy says ("Use
 * strategies to define Amazon ECS task placement": `spread` keeps what is left even, `binpack` takes from the instance that then has most
 * left, `random` any); without one from the zone that has most, and there from the instance that has most ("UpdateService", ECS API
 * Reference); then the newest. `all` are those by which it is counted who has most.
 */
export function victims(
  tasks: readonly JudgedTask[],
  count: number,
  rules?: ScaleInRules,
  all: readonly JudgedTask[] = tasks,
): JudgedTask[] {
  if (count <= 0) return [];
  const newestFirst = tasks.toSorted((a, b) => b.task.createdAt - a.task.createdAt);
  const pools = order.map((kind) => newestFirst.filter(({ verdict }) => verdict.kind === kind));
  if (count >= tasks.length) return pools.flat();
  const views = viewsOf(
    rules,
    all.map(({ task }) => task),
  );
  const chosen: JudgedTask[] = [];
  for (const pool of pools) {
    while (pool.length > 0 && chosen.length < count) {
      let best = 0;
      for (let index = 1; index < pool.length; index += 1) if (isBefore(views, pool, index, best)) best = index;
      const [one] = pool.splice(best, 1);
      if (one === undefined) break;
      for (const view of views) view.gone(one.task);
      chosen.push(one);
    }
  }
  return chosen;
}

function isBefore(views: readonly View[], pool: readonly JudgedTask[], a: number, b: number): boolean {
  const [one, other] = [pool[a], pool[b]];
  if (one === undefined || other === undefined) return false;
  for (const view of views) {
    const difference = view.of(one.task) - view.of(other.task);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function viewsOf(rules: ScaleInRules | undefined, all: readonly Task[]): View[] {
  const byZone = crowding(all, ({ availabilityZone = '' }) => availabilityZone);
  if (rules === undefined) return [byZone];
  const byInstance = crowding(all, ({ containerInstanceArn = '' }) => containerInstanceArn);
  if (rules.strategy.length === 0) return [byZone, byInstance];
  return rules.strategy.map(({ type, field = '' }): View => {
    if (type === 'random') return drawn(rules);
    if (type === 'binpack') return roominess(rules, field === 'CPU' ? 'cpu' : 'memory');
    if (field === 'instanceId') return byInstance;
    if (field === 'attribute:ecs.availability-zone') return byZone;
    return crowding(all, (task) => {
      const instance = rules.instanceOf(task);
      return (instance && attributeOf(instance, field)) ?? '';
    });
  });
}

/** How many tasks there are of a value. */
function crowding(all: readonly Task[], valueOf: (task: Task) => string): View {
  const values = new Map(all.map((task) => [task, valueOf(task)]));
  const counts = new Map<string, number>();
  for (const value of values.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
  const of = (task: Task): number => counts.get(values.get(task) ?? '') ?? 0;
  return { of, gone: (task) => counts.set(values.get(task) ?? '', of(task) - 1) };
}

/** What its instance would have left without the task. */
function roominess(rules: ScaleInRules, what: 'cpu' | 'memory'): View {
  const left = new Map<string, number>();
  const of = (task: Task): number => {
    const arn = task.containerInstanceArn ?? '';
    let remaining = left.get(arn);
    if (remaining === undefined) {
      const instance = rules.instanceOf(task);
      remaining = instance === undefined ? 0 : rules.remainingOn(instance)[what];
      left.set(arn, remaining);
    }
    return remaining + (task.reservation?.[what] ?? 0);
  };
  return { of, gone: (task) => left.set(task.containerInstanceArn ?? '', of(task)) };
}

function drawn(rules: ScaleInRules): View {
  const draws = new Map<Task, number>();
  return {
    of(task) {
      const draw = draws.get(task) ?? rules.random();
      draws.set(task, draw);
      return draw;
    },
    gone: () => {},
  };
}
