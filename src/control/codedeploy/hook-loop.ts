import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { isOver, type CodeDeployment } from '../../model/codedeploy/deployment.ts';
import type { HookExecution, LifecycleEvent } from '../../model/codedeploy/lifecycle-event.ts';
import type { Store } from '../../store/store.ts';
import { codeDeployments } from '../../store/tables/codedeploy.ts';
import type { CallHook } from '../call-hook.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';

/** How long after a control plane went away in the middle of a call the hook is called again. */
const rescanMs = 60_000;

/**
 * Calls the hooks of CodeDeploy's deployments, each until it has taken the call; how it went it reports by itself, with
 * PutLifecycleEventHookExecutionStatus. A hook may be called twice with one id: when the control plane ended before it could note
 * that it was called. One that cannot be called has failed.
 */
export function codeDeployHookLoop(deps: {
  readonly store: Store;
  readonly log: Log;
  readonly callHook: CallHook;
}): Loop {
  const { store, log, callHook } = deps;
  const underWay = new Set<string>();
  const call = (id: string, hook: HookExecution): void => {
    if (underWay.has(hook.id)) return;
    underWay.add(hook.id);
    callHook(hook.target, { DeploymentId: id, LifecycleEventHookExecutionId: hook.id })
      .then(() => note(id, hook.id, { called: true }))
      .catch((error: unknown) => {
        log.warn('a hook could not be called', { deployment: id, target: hook.target, error: messageOf(error) });
        note(id, hook.id, { called: true, outcome: 'Failed' });
      })
      .catch((error: unknown) => log.error('a hook was not noted', { deployment: id, error: messageOf(error) }))
      .finally(() => underWay.delete(hook.id));
  };
  /** What it reported itself stands. */
  const note = (id: string, executionId: string, change: Partial<HookExecution>): void => {
    store.transact((tx) => {
      tx.update(codeDeployments, id, (row): CodeDeployment => ({
        ...row,
        events: row.events.map((event): LifecycleEvent =>
          event.hook?.id === executionId ? { ...event, hook: { ...change, ...event.hook } } : event,
        ),
      }));
    });
  };
  return subjectLoop(
    {
      name: 'codedeploy-hooks',
      sources: [source(codeDeployments, (row) => (isOver(row) ? [] : [row.id]))],
      rescanMs,
      all: () => store.by(codeDeployments, 'life', 'open').map(({ id }) => id),
      reconcile(id) {
        const row = store.get(codeDeployments, id);
        if (row === undefined || isOver(row)) return undefined;
        for (const { status, hook } of row.events) {
          if (status === 'InProgress' && hook !== undefined && hook.called !== true) call(id, hook);
        }
        return undefined;
      },
    },
    log,
  );
}
