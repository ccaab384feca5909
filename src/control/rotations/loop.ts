import { messageOf } from '../../base/errors.ts';
import type { Ids } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Secret } from '../../model/secretsmanager/secret.ts';
import { beginRotation, rotationStepDone, rotationStepFailed } from '../../store/rotations.ts';
import type { Store } from '../../store/store.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import type { CallHook } from '../call-hook.ts';
import type { Loop } from '../loop.ts';
import { source, subjectLoop } from '../subject-loop.ts';

/** What the loop is made from. */
export interface RotationLoopDeps {
  readonly store: Store;
  readonly ids: Ids;
  readonly log: Log;
  /** Calls a rotation function (docs/decisions/0029). */
  readonly callHook: CallHook;
}

/** How long after a control plane went away in the middle of a call the step is called again. */
const rescanMs = 60_000;

/**
 * Rotates secrets: begins when their schedule says so, and calls the steps of their rotation functions one after another. A step may
 * be called twice for one version, as on AWS: when it failed, or the control plane ended before it could note its end.
 */
export function rotationLoop({ store, ids, log, callHook }: RotationLoopDeps): Loop {
  const underWay = new Set<string>();
  const call = (secret: Secret, now: number): void => {
    const { arn, rotation } = secret;
    const run = rotation?.run;
    if (rotation === undefined || run === undefined || underWay.has(arn)) return;
    underWay.add(arn);
    const event = {
      Step: run.step,
      SecretId: arn,
      ClientRequestToken: run.versionId,
      RotationToken: run.token,
    };
    callHook(rotation.functionArn, event)
      .then(
        () => rotationStepDone,
        (error: unknown) => {
          const why = { secret: arn, step: run.step, attempt: run.attempts + 1, error: messageOf(error) };
          log.warn('a secret could not be rotated', why);
          return rotationStepFailed;
        },
      )
      // What is noted wakes this loop, for the next step.
      .finally(() => underWay.delete(arn))
      .then((note) => store.transact((tx) => note(tx, arn, run, now)))
      .catch((error: unknown) => log.error('a rotation was not noted', { secret: arn, error: messageOf(error) }));
  };
  return subjectLoop(
    {
      name: 'rotations',
      sources: [source(secrets, (row) => (row.rotation === undefined ? [] : [row.arn]))],
      rescanMs,
      all: () => store.by(secrets, 'rotation', 'on').map(({ arn }) => arn),
      reconcile(arn, now) {
        const secret = store.get(secrets, arn);
        if (secret?.rotation === undefined || secret.deletion !== undefined) return undefined;
        const { run, enabled, nextAt } = secret.rotation;
        if (run !== undefined) {
          if (run.callAt > now) return run.callAt;
          call(secret, now);
          return undefined;
        }
        if (!enabled || nextAt === undefined) return undefined;
        if (nextAt > now) return nextAt;
        store.transact((tx) => {
          const due = tx.get(secrets, arn);
          if (due?.rotation?.run === undefined && due?.rotation?.nextAt === nextAt) {
            beginRotation(tx, due, { versionId: ids.uuid(), token: ids.uuid(), testOnly: false }, now);
          }
        });
        return undefined;
      },
    },
    log,
  );
}
