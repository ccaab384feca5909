import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import { longestWindow, readSchedule } from '../../model/secretsmanager/rotation-schedule.ts';
import type { RotationRules, Secret } from '../../model/secretsmanager/secret.ts';
import { beginRotation, nextOf } from '../../store/rotations.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import { checkLength, checkRange } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { notHere, secretErrors } from './errors.ts';
import { secretOf } from './find.ts';
import { readToken } from './values.ts';

/** Rotation by functions that are URLs (docs/decisions/0029); the loop `rotations` calls them. */
export function rotationHandlers({ store, clock, ids }: SecretsDeps) {
  return {
    RotateSecret(input, ctx) {
      if (input.ExternalSecretRotationMetadata !== undefined) throw notHere('ExternalSecretRotationMetadata');
      if (input.ExternalSecretRotationRoleArn !== undefined) throw notHere('ExternalSecretRotationRoleArn');
      checkLength('rotationLambdaARN', input.RotationLambdaARN, 0, 2048);
      if (input.RotationLambdaARN !== undefined) checkFunction(input.RotationLambdaARN);
      const versionId = readToken(input.ClientRequestToken);
      const given_ = readRules(input.RotationRules);
      const testOnly = input.RotateImmediately === false;
      const now = clock.now();
      return store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        const functionArn = input.RotationLambdaARN ?? secret.rotation?.functionArn;
        if (functionArn === undefined) throw secretErrors.noFunction();
        const { run } = secret.rotation ?? {};
        const answer = { ARN: secret.arn, Name: secret.name, ...(testOnly ? {} : { VersionId: versionId }) };
        // The same request again.
        if (run?.versionId === versionId) return answer;
        if (run !== undefined) {
          throw secretErrors.request("A previous rotation isn't complete. That rotation will be reattempted.");
        }
        const rules = given_ ?? secret.rotation?.rules;
        const rotation = {
          functionArn,
          enabled: true,
          ...given('rules', rules),
          ...given('lastAt', secret.rotation?.lastAt),
          ...given('nextAt', nextOf(rules, now)),
        };
        beginRotation(tx, { ...secret, rotation }, { versionId, token: ids.uuid(), testOnly }, now);
        return answer;
      });
    },

    CancelRotateSecret(input, ctx) {
      return store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        if (secret.rotation === undefined) throw secretErrors.noFunction();
        // What labels a rotation has moved by then stay where they are, as on AWS.
        const { run, nextAt: _none, ...rest } = secret.rotation;
        tx.put(secrets, { ...secret, rotation: { ...rest, enabled: false } });
        return { ARN: secret.arn, Name: secret.name, ...given('VersionId', run?.versionId) };
      });
    },
  } satisfies Handlers<typeof sdk>;
}

function checkFunction(target: string): void {
  if (target.startsWith('arn:')) throw secretErrors.noLambda();
  if (/^https?:$/.test(URL.parse(target)?.protocol ?? '')) return;
  throw secretErrors.parameter('RotationLambdaARN is to be the http or https URL of what rotates the secret.');
}

/** The rules of a rotation ("RotationRulesType", Secrets Manager API Reference). */
function readRules(rules: sdk.RotationRulesType | undefined): RotationRules | undefined {
  if (rules === undefined) return undefined;
  const { AutomaticallyAfterDays: days, Duration: duration, ScheduleExpression: expression } = rules;
  if (days !== undefined && expression !== undefined) {
    throw secretErrors.parameter("You can't specify both AutomaticallyAfterDays and ScheduleExpression.");
  }
  checkRange('rotationRules.automaticallyAfterDays', days, 1, 1000);
  checkLength('rotationRules.scheduleExpression', expression, 1, 256);
  const schedule = expression === undefined ? undefined : readSchedule(expression);
  if (expression !== undefined && schedule === undefined) {
    throw secretErrors.parameter(`The rotation schedule expression ${expression} is not valid.`);
  }
  if (duration !== undefined) {
    const hours = Number(/^(\d{1,2})h$/.exec(duration)?.[1] ?? Number.NaN);
    if (!(hours >= 1 && hours <= (schedule === undefined ? 24 : longestWindow(schedule)))) {
      throw secretErrors.parameter(`The rotation window duration ${duration} is not valid for this schedule.`);
    }
  }
  return {
    ...given('automaticallyAfterDays', days),
    ...given('duration', duration),
    ...given('scheduleExpression', expression),
  };
}

/** The secret whose value somebody changed: "a valid rotation" for a schedule in days (`AutomaticallyAfterDays`). */
export function rotatedByHand(secret: Secret, now: number): Secret {
  const { rotation } = secret;
  if (rotation?.enabled !== true || rotation.run !== undefined) return secret;
  if (rotation.rules?.automaticallyAfterDays === undefined) return secret;
  return { ...secret, rotation: { ...rotation, ...given('nextAt', nextOf(rotation.rules, now)) } };
}
