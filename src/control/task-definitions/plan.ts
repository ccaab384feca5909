import type { ObservedTaskDefinition } from './observe.ts';

/** How long a revision can be seen in DELETE_IN_PROGRESS at least, in milliseconds: who asked for it can look. */
export const deletingLifeMs = 60_000;

/** Whether the revision goes now, or when to look again (epoch milliseconds). */
export type TaskDefinitionPlan =
  | { readonly step: 'delete' }
  | { readonly step?: undefined; readonly lookAt: number | undefined };

/**
 * "Task definition states" (ECS Developer Guide): a revision stays in DELETE_IN_PROGRESS until the tasks and services
 * that use it are gone, and is then deleted for good.
 */
export function planTaskDefinition({ definition, inUse }: ObservedTaskDefinition, now: number): TaskDefinitionPlan {
  if (inUse) return { lookAt: undefined };
  const until = (definition.deleteRequestedAt ?? now) + deletingLifeMs;
  return now >= until ? { step: 'delete' } : { lookAt: until };
}
