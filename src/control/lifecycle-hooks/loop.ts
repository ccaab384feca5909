import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { HookRun } from '../../model/ecs/lifecycle.ts';
import { isOver, type ServiceDeployment } from '../../model/ecs/service-deployment.ts';
import type { Store } from '../../store/store.ts';
import { serviceDeployments } from '../../store/tables/ecs.ts';
import type { CallHook } from '../call-hook.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';
import { hookAnswer, hookEvent } from './plan.ts';

/** What the loop is made from. */
export interface HookLoopDeps {
  readonly store: Store;
  readonly log: Log;
  readonly callHook: CallHook;
}

/** How long after a control plane went away in the middle of a call the hook is called again. */
const rescanMs = 60_000;

/**
 * Calls the lifecycle hooks of service deployments, each until it says SUCCEEDED or FAILED. A hook may be called twice with one
 * `executionId`: when the control plane ended before it could note the answer.
 */
export function lifecycleHookLoop({ store, log, callHook }: HookLoopDeps): Loop {
  const underWay = new Set<string>();
  const call = (row: ServiceDeployment, hook: HookRun, now: number): void => {
    if (underWay.has(hook.id)) return;
    underWay.add(hook.id);
    callHook(hook.targetArn ?? '', hookEvent(row, hook))
      .then((answer) => hookAnswer(hook, answer, now))
      .catch((error: unknown): Partial<HookRun> => ({
        status: 'FAILED',
        reason: `ECS was unable to invoke hook target ${hook.targetArn ?? ''} due to ${messageOf(error)}`,
      }))
      .then((change) => note(row.arn, hook.id, change))
      .catch((error: unknown) => log.error('a hook was not noted', { arn: row.arn, error: messageOf(error) }))
      .finally(() => underWay.delete(hook.id));
  };
  /** The hook's stage may be over by now: then its word is worth nothing more. */
  const note = (arn: string, id: string, change: Partial<HookRun>): void => {
    store.transact((tx) => {
      tx.update(serviceDeployments, arn, (row) => {
        if (row.lifecycle === undefined) return row;
        const hooks = row.lifecycle.hooks.map((hook): HookRun => {
          if (hook.id !== id || hook.status !== 'IN_PROGRESS') return hook;
          const { callAt: _before, ...rest } = hook;
          return { ...rest, ...change };
        });
        return { ...row, lifecycle: { ...row.lifecycle, hooks } };
      });
    });
  };
  return subjectLoop(
    {
      name: 'lifecycle-hooks',
      sources: [source(serviceDeployments, (row) => (row.lifecycle === undefined ? [] : [row.arn]))],
      rescanMs,
      all: () => store.list(serviceDeployments).flatMap((row) => (row.lifecycle === undefined ? [] : [row.arn])),
      reconcile(arn, now) {
        const row = store.get(serviceDeployments, arn);
        if (row?.lifecycle === undefined || isOver(row)) return undefined;
        const due = row.lifecycle.hooks.filter(
          ({ status, callAt }) => status === 'IN_PROGRESS' && callAt !== undefined,
        );
        for (const hook of due) if ((hook.callAt ?? 0) <= now) call(row, hook, now);
        return due.flatMap(({ callAt = 0 }) => (callAt > now ? [callAt] : [])).toSorted((a, b) => a - b)[0];
      },
    },
    log,
  );
}
