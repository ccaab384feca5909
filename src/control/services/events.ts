import type { Ids } from '../../base/ids.ts';
import { closest, type PlacementFailure, type PlacementReason } from '../../model/ecs/placement.ts';
import type { ServiceEvent } from '../../model/ecs/service.ts';
import type { Task } from '../../model/ecs/task.ts';

/** ECS keeps the newest hundred events of a service. */
const keptEvents = 100;

/** "Duplicate event messages are omitted until either the cause is resolved or six hours passes" ("Service event messages"). */
const repeatMs = 6 * 3_600_000;

const steady = 'has reached a steady state.';

/**
 * Collects what is to be told of a service in one plan, oldest first, in the words of "Amazon ECS service event
 * messages" (ECS Developer Guide).
 */
export class EventWriter {
  readonly #name: string;
  readonly #old: readonly ServiceEvent[];
  readonly #now: number;
  readonly #ids: Ids;
  readonly #fresh: ServiceEvent[] = [];

  constructor(name: string, old: readonly ServiceEvent[], now: number, ids: Ids) {
    this.#name = name;
    this.#old = old;
    this.#now = now;
    this.#ids = ids;
  }

  /** Tells `(service <name>) <text>`, or `(service <name>, taskSet <id>) <text>` of a task set. */
  tell(text: string, taskSet?: string): void {
    const subject = taskSet === undefined ? this.#name : `${this.#name}, taskSet ${taskSet}`;
    this.#fresh.push({ id: this.#ids.uuid(), createdAt: this.#now, message: `(service ${subject}) ${text}` });
  }

  /** Tells a cause for concern: not again until the service was steady in between, or six hours have passed. */
  tellOnce(text: string): void {
    const message = `(service ${this.#name}) ${text}`;
    if (this.#fresh.some((event) => event.message === message)) return;
    for (const event of this.#old) {
      if (this.#now - event.createdAt >= repeatMs || event.message.endsWith(steady)) break;
      if (event.message === message) return;
    }
    this.tell(text);
  }

  started(tasks: readonly Task[], taskSet?: string): void {
    if (tasks.length > 0) this.tell(`has started ${tasks.length} tasks: ${named(tasks)}.`, taskSet);
  }

  /** `tasks` were started in a zone to spread the service more evenly. */
  startedToRebalance(tasks: readonly Task[], zone: string): void {
    if (tasks.length > 0) this.tell(`has started ${tasks.length} tasks in ${zone} to AZ Rebalance: ${named(tasks)}.`);
  }

  /** Others stand in for `tasks` in other zones. */
  stoppedToRebalance(tasks: readonly Task[]): void {
    for (const [zone, its] of Map.groupBy(tasks, ({ availabilityZone = '' }) => availabilityZone)) {
      this.tell(`has stopped ${its.length} running tasks in ${zone} due to AZ rebalancing: ${named(its)}.`);
    }
  }

  stopped(tasks: readonly Task[], taskSet?: string): void {
    if (tasks.length > 0) this.tell(`has stopped ${tasks.length} running tasks: ${named(tasks)}.`, taskSet);
  }

  /** `tasks` have had their targets registered. */
  registered(tasks: readonly Task[]): void {
    for (const [where, count] of targetsOf(tasks)) this.tell(`registered ${count} ${where}`);
  }

  /** The targets of `tasks` are being taken out; of those that still run, connections drain. */
  deregistered(tasks: readonly Task[], draining: boolean, taskSet?: string): void {
    for (const [where, count] of targetsOf(tasks)) this.tell(`deregistered ${count} ${where}`);
    if (draining && tasks.length > 0) this.tell(`has begun draining connections on ${tasks.length} tasks.`, taskSet);
  }

  steady(): void {
    this.tell(steady);
  }

  /** Whether anything was told. */
  get any(): boolean {
    return this.#fresh.length > 0;
  }

  /** All events, newest first, as a service keeps them. */
  all(): readonly ServiceEvent[] {
    return this.any ? [...this.#fresh.toReversed(), ...this.#old].slice(0, keptEvents) : this.#old;
  }
}

function named(tasks: readonly Task[]): string {
  return tasks.map(({ id }) => `(task ${id})`).join(' ');
}

/** How many targets the tasks have in each target group, and instances in each Classic Load Balancer. */
function targetsOf(tasks: readonly Task[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { targetGroupArn, loadBalancerName } of tasks.flatMap((task) => task.loadBalancers)) {
    const where =
      targetGroupArn === undefined
        ? `instances in (elb ${loadBalancerName})`
        : `targets in (target-group ${targetGroupArn})`;
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  return counts;
}

const moreInformation = 'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.';

/** What the instance that came closest lacked, in ECS's words. */
const lacks: Readonly<Record<PlacementReason, string>> = {
  'RESOURCE:PORTS': 'is already using a port required by your task',
  'RESOURCE:CPU': 'has insufficient CPU units available',
  'RESOURCE:MEMORY': 'has insufficient memory available',
  'RESOURCE:GPU': 'encountered error "RESOURCE:GPU"',
  'RESOURCE:ENI': 'encountered error "RESOURCE:ENI"',
  ATTRIBUTE: 'is missing an attribute required by your task',
  LOCATION: 'encountered error "LOCATION"',
  'MemberOf placement constraint unsatisfied.': 'encountered error "MemberOf placement constraint unsatisfied."',
  'DistinctInstance placement constraint unsatisfied.':
    'encountered error "DistinctInstance placement constraint unsatisfied."',
  AGENT: 'encountered error "AGENT"',
  INACTIVE: 'encountered error "INACTIVE"',
};

/** Why no instance can take a task. */
export function unplacedEvent(failures: readonly PlacementFailure[]): string {
  const nearest = closest(failures);
  const why =
    nearest === undefined
      ? 'Reason: No Container Instances were found in your cluster.'
      : `The closest matching (container-instance ${nearest.instance.id}) ${lacks[nearest.reason]}.`;
  return `was unable to place a task because no container instance met all of its requirements. ${why} ${moreInformation}`;
}

/** Why a deployment or a task set keeps more tasks than it wants ("Protect your Amazon ECS tasks from being terminated by scale-in events"). */
export function protectedEvent(id: string, count: number): string {
  return `was unable to reach steady state because (taskSet ${id}) was unable to scale in due to (reason ${count} tasks under protection)`;
}
