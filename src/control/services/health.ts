import type { TaskStop } from '../../model/ecs/task-end.ts';
import type { TaskDefinition } from '../../model/ecs/task-definition.ts';
import { failedChecks } from '../../model/elbv2/classic.ts';
import type { TaskTarget } from '../../store/task-targets.ts';
import type { ObservedServiceTask } from './observe.ts';

/** What the scheduler thinks of a task that is to run. */
export type Verdict =
  /** Not RUNNING yet, or its health is not known yet; look again at `lookAt` when nothing is committed before. */
  | {
      readonly kind: 'pending';
      readonly lookAt?: number;
      /** Nothing checks it, and it has run for long enough for its end to be no failure to start. */
      readonly ran?: true;
    }
  | { readonly kind: 'healthy' }
  /** It is to be replaced. `events` say why, in ECS's words without the service's name. */
  | { readonly kind: 'unhealthy'; readonly stop: TaskStop; readonly events: readonly string[] };

/** By what a service's tasks are judged. */
export interface HealthRules {
  /** Whether an essential container defines a health check. */
  readonly containerChecks: boolean;
  /** "Health check grace period", ECS Developer Guide: bad health counts only after it. */
  readonly graceMs: number;
  /** How long a task that nothing checks has to run before it counts as healthy. */
  readonly settleMs: number;
}

/** What `settleMs` is unless somebody says otherwise ("minimumHealthyPercent", DeploymentConfiguration, ECS API Reference). */
export const uncheckedSettleMs = 40_000;

/**
 * How long a task that nothing checks has to run for its end to be no failure to start: a container that ends at once failed to
 * start, though it was RUNNING for a moment.
 */
const ranMs = 2_000;

/** Whether an essential container of the definition has a health check. */
export function hasContainerChecks(definition: TaskDefinition | undefined): boolean {
  return (definition?.document.containerDefinitions ?? []).some(
    ({ essential, healthCheck }) =>
      essential !== false && healthCheck !== undefined && healthCheck.command?.[0] !== 'NONE',
  );
}

/** Judges a task whose desired status is RUNNING. */
export function judge({ task, targets }: ObservedServiceTask, rules: HealthRules, now: number): Verdict {
  if (task.lastStatus !== 'RUNNING' || task.startedAt === undefined) return { kind: 'pending' };
  const graceEnds = task.startedAt + rules.graceMs;

  if (rules.containerChecks && task.healthStatus === 'UNHEALTHY') {
    return afterGrace(graceEnds, now, 'Task failed container health checks', [
      `(task ${task.id}) failed container health checks.`,
    ]);
  }
  const bad = targets.find(
    ({ state, health }) => state === 'absent' || state === 'draining' || health?.state === 'unhealthy',
  );
  if (bad !== undefined) {
    const { where, what, reason } = wordsOf(bad, task.id);
    return afterGrace(graceEnds, now, `Task failed ELB health checks in ${where}`, [
      `${what} is unhealthy in ${where} due to (reason ${reason})`,
    ]);
  }
  if (rules.containerChecks && task.healthStatus !== 'HEALTHY') return { kind: 'pending' };
  const serving = targets.every(({ state, health }) => state === 'no-group' || passes(health?.state));
  if (!serving) return { kind: 'pending' };
  const checked = rules.containerChecks || targets.length > 0;
  const settled = task.startedAt + rules.settleMs;
  if (checked || now >= settled) return { kind: 'healthy' };
  const ran = task.startedAt + ranMs;
  return now >= ran
    ? { kind: 'pending', lookAt: settled, ran: true }
    : { kind: 'pending', lookAt: Math.min(ran, settled) };
}

/** What an event calls a target and why it is bad: for a Classic Load Balancer the instance is one. */
function wordsOf(
  { id, port, targetGroupArn, loadBalancerName, state, health }: TaskTarget,
  taskId: string,
): { readonly where: string; readonly what: string; readonly reason: string } {
  const isRegistered = state === 'registered';
  if (loadBalancerName !== undefined) {
    return {
      where: `(elb ${loadBalancerName})`,
      what: `(task ${taskId}) (instance ${id})`,
      reason: isRegistered ? failedChecks : 'Instance is not currently registered with the LoadBalancer.',
    };
  }
  return {
    where: `(target-group ${targetGroupArn})`,
    what: `${id.startsWith('i-') ? `(instance ${id}) ` : ''}(port ${port})`,
    reason: isRegistered ? (health?.description ?? 'Health checks failed') : 'Target is not registered',
  };
}

/** `unavailable`: the target group's health checks are disabled, so that nothing is known against the target. */
function passes(state: string | undefined): boolean {
  return state === 'healthy' || state === 'unavailable';
}

function afterGrace(graceEnds: number, now: number, reason: string, events: readonly string[]): Verdict {
  if (now < graceEnds) return { kind: 'pending', lookAt: graceEnds };
  return { kind: 'unhealthy', stop: { code: 'ServiceSchedulerInitiated', reason }, events };
}
