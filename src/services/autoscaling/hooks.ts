import type { Ctx } from '../../aws/handlers.ts';
import type { GroupInstance, LifecycleAction } from '../../model/autoscaling/group.ts';
import type { Transaction } from '../../store/store.ts';
import { groupInstances, hookKey, lifecycleHooks } from '../../store/tables/autoscaling.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalid } from './errors.ts';
import { needGroup } from './find.ts';
import type { AutoScalingHandlers } from './handler-types.ts';
import { readHook } from './hook-rules.ts';
import { hookOutput } from './output.ts';

/** What CompleteLifecycleAction and RecordLifecycleActionHeartbeat name an action by. */
interface ActionInput {
  readonly AutoScalingGroupName?: string | undefined;
  readonly LifecycleHookName?: string | undefined;
  readonly LifecycleActionToken?: string | undefined;
  readonly InstanceId?: string | undefined;
}

/** Lifecycle hooks, and what becomes of the instances that wait for them. */
export function hookHandlers({ store, clock }: ServiceDeps) {
  return {
    PutLifecycleHook(input, ctx) {
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const before = tx.get(lifecycleHooks, hookKey(group.arn, input.LifecycleHookName ?? ''));
        tx.put(lifecycleHooks, readHook(group.arn, input, before));
        if (tx.by(lifecycleHooks, 'group', group.arn).length > 50) {
          throw invalid('An Auto Scaling group can have at most 50 lifecycle hooks.');
        }
      });
      return {};
    },

    DescribeLifecycleHooks(input, ctx) {
      const group = needGroup(store, ctx, input.AutoScalingGroupName);
      const names = input.LifecycleHookNames ?? [];
      return {
        LifecycleHooks: store
          .by(lifecycleHooks, 'group', group.arn)
          .filter(({ name }) => names.length === 0 || names.includes(name))
          .map((row) => hookOutput(group.name, row)),
      };
    },

    DeleteLifecycleHook(input, ctx) {
      store.transact((tx) => {
        const group = needGroup(tx, ctx, input.AutoScalingGroupName);
        const name = input.LifecycleHookName ?? '';
        if (tx.get(lifecycleHooks, hookKey(group.arn, name)) === undefined) {
          throw invalid(`No Lifecycle Hook found with name: ${name}`);
        }
        tx.delete(lifecycleHooks, hookKey(group.arn, name));
        // Those that wait for it are let go on: launching ones are abandoned, terminating ones continue ("DeleteLifecycleHook").
        for (const row of tx.by(groupInstances, 'group', group.arn)) {
          const result = row.state === 'Pending:Wait' ? 'ABANDON' : 'CONTINUE';
          const actions = row.actions.map((each) => (each.hook === name ? { ...each, result } : each));
          if (row.actions.some(({ hook }) => hook === name))
            tx.put(groupInstances, { ...row, actions } as GroupInstance);
        }
      });
      return {};
    },

    CompleteLifecycleAction(input, ctx) {
      const result = input.LifecycleActionResult;
      if (result !== 'CONTINUE' && result !== 'ABANDON') {
        throw invalid(`LifecycleActionResult must be CONTINUE or ABANDON: ${String(result)}`);
      }
      store.transact((tx) => changeAction(tx, input, ctx, (action) => ({ ...action, result })));
      return {};
    },

    RecordLifecycleActionHeartbeat(input, ctx) {
      const now = clock.now();
      const later = (action: LifecycleAction): LifecycleAction => ({
        ...action,
        deadline: Math.min(action.lastDeadline, now + action.heartbeatMs),
      });
      store.transact((tx) => changeAction(tx, input, ctx, later));
      return {};
    },
  } satisfies AutoScalingHandlers;
}

/** Changes the action that a request names. */
function changeAction(
  tx: Transaction,
  input: ActionInput,
  ctx: Ctx,
  next: (action: LifecycleAction) => LifecycleAction,
): void {
  const { row, action } = findAction(tx, input, ctx);
  const actions = row.actions.map((each) => (each === action ? next(each) : each));
  tx.put(groupInstances, { ...row, actions });
}

/** The action of a hook that is named by its token, or by the instance that waits. Throws `ValidationError`. */
function findAction(tx: Transaction, input: ActionInput, ctx: Ctx): { row: GroupInstance; action: LifecycleAction } {
  const group = needGroup(tx, ctx, input.AutoScalingGroupName);
  const { LifecycleActionToken: token, InstanceId: id } = input;
  if (token === undefined && id === undefined) {
    throw invalid('Either LifecycleActionToken or InstanceId must be specified.');
  }
  for (const row of tx.by(groupInstances, 'group', group.arn)) {
    if (id !== undefined && row.instanceId !== id) continue;
    const action = row.actions.find(
      (each) =>
        each.hook === input.LifecycleHookName &&
        each.result === undefined &&
        (token === undefined || each.token === token),
    );
    if (action !== undefined) return { row, action };
  }
  throw invalid(
    token === undefined
      ? `No active Lifecycle Action found with instance ID ${id ?? ''}`
      : `No active Lifecycle Action found with token ${token}`,
  );
}
