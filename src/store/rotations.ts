import { given } from '../base/given.ts';
import { nextRotation, readSchedule } from '../model/secretsmanager/rotation-schedule.ts';
import type { RotationRules, RotationRun, RotationStep, Secret } from '../model/secretsmanager/secret.ts';
import { movedTo } from '../model/secretsmanager/stages.ts';
import type { Transaction } from './store.ts';
import { secrets, secretVersionKey, secretVersions } from './tables/secretsmanager.ts';

const steps: readonly RotationStep[] = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
/** How often, and how far apart, a rotation is tried as a whole before it waits for the next window. */
const mostAttempts = 5;
const retryMs = 60_000;
/** When a rotation without a schedule is tried once more. */
const unscheduledMs = 24 * 3_600_000;
const pending = 'AWSPENDING';

/** Begins a rotation: a version without a value gets the label AWSPENDING, and the function's steps are called. */
export function beginRotation(
  tx: Transaction,
  secret: Secret,
  begun: Pick<RotationRun, 'versionId' | 'token' | 'testOnly'>,
  now: number,
): void {
  const { rotation, arn } = secret;
  if (rotation === undefined) throw new Error(`${arn} has no rotation function`);
  const before = tx.by(secretVersions, 'secret', arn);
  const known = before.some(({ id }) => id === begun.versionId);
  const version = { secretArn: arn, id: begun.versionId, kind: 'string', stages: [], createdAt: now } as const;
  for (const each of movedTo(known ? before : [...before, version], pending, begun.versionId)) {
    tx.put(secretVersions, each);
  }
  const step = begun.testOnly ? 'testSecret' : 'createSecret';
  tx.put(secrets, { ...secret, rotation: { ...rotation, run: { ...begun, step, attempts: 0, callAt: now } } });
}

/** A step has succeeded: the next one is called, or the secret is rotated. */
export function rotationStepDone(tx: Transaction, arn: string, done: RotationRun, now: number): void {
  const secret = underWay(tx, arn, done);
  if (secret?.rotation === undefined) return;
  const next = done.testOnly ? undefined : steps[steps.indexOf(done.step) + 1];
  if (next !== undefined) {
    const run = { ...done, step: next, callAt: now };
    return tx.put(secrets, { ...secret, rotation: { ...secret.rotation, run } });
  }
  if (done.testOnly) return endTest(tx, secret, done);
  const version = tx.get(secretVersions, secretVersionKey(arn, done.versionId));
  // "finishSecret" is to make the new version the current one: until it has, the secret is not rotated.
  if (version?.stages.includes('AWSCURRENT') !== true) return rotationStepFailed(tx, arn, done, now);
  const { run: _over, nextAt: _before, ...rotation } = secret.rotation;
  tx.put(secrets, {
    ...secret,
    changedAt: now,
    rotation: { ...rotation, lastAt: now, ...given('nextAt', nextOf(rotation.rules, now)) },
  });
}

/** A step has failed: all of them are called again for the same version, after a pause or in the next window. */
export function rotationStepFailed(tx: Transaction, arn: string, failed: RotationRun, now: number): void {
  const secret = underWay(tx, arn, failed);
  if (secret?.rotation === undefined) return;
  if (failed.testOnly) return endTest(tx, secret, failed);
  const attempts = failed.attempts + 1;
  const isLast = attempts >= mostAttempts;
  const later = nextOf(secret.rotation.rules, now) ?? now + unscheduledMs;
  const run: RotationRun = {
    ...failed,
    step: 'createSecret',
    attempts: isLast ? 0 : attempts,
    callAt: isLast ? later : now + retryMs,
  };
  tx.put(secrets, { ...secret, rotation: { ...secret.rotation, run } });
}

/** When the next rotation is due; `undefined` without a schedule. */
export function nextOf(rules: RotationRules | undefined, after: number): number | undefined {
  const { scheduleExpression, automaticallyAfterDays: days } = rules ?? {};
  if (scheduleExpression !== undefined) {
    const schedule = readSchedule(scheduleExpression);
    return schedule && nextRotation(schedule, after);
  }
  return days === undefined ? undefined : nextRotation({ kind: 'days', every: days }, after);
}

/** The secret, if this is still what its rotation waits for: it may have been cancelled, or the secret deleted. */
function underWay(tx: Transaction, arn: string, { versionId, step, attempts }: RotationRun): Secret | undefined {
  const secret = tx.get(secrets, arn);
  const run = secret?.rotation?.run;
  return run?.versionId === versionId && run.step === step && run.attempts === attempts ? secret : undefined;
}

/** A test leaves nothing behind. */
function endTest(tx: Transaction, secret: Secret, { versionId }: RotationRun): void {
  const { run: _over, ...rotation } = secret.rotation ?? { functionArn: '', enabled: false };
  tx.put(secrets, { ...secret, rotation });
  const version = tx.get(secretVersions, secretVersionKey(secret.arn, versionId));
  if (version !== undefined && version.ciphertext === undefined) {
    tx.delete(secretVersions, secretVersionKey(secret.arn, versionId));
  }
}
