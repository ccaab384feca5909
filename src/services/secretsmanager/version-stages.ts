import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import { movedTo } from '../../model/secretsmanager/stages.ts';
import { secrets, secretVersions } from '../../store/tables/secretsmanager.ts';
import { checkLength } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { secretErrors } from './errors.ts';
import { secretOf } from './find.ts';
import { versionOf } from './get-values.ts';

/** As many labels as a version can carry ("Secrets Manager quotas"). */
const mostStages = 20;

/** Moving the labels of versions. */
export function versionStageHandlers({ store, clock }: SecretsDeps) {
  return {
    UpdateSecretVersionStage(input, ctx) {
      const { RemoveFromVersionId: from, MoveToVersionId: to } = input;
      const label = input.VersionStage ?? '';
      checkLength('versionStage', label, 1, 256);
      checkLength('removeFromVersionId', from, 32, 64);
      checkLength('moveToVersionId', to, 32, 64);
      return store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        const versions = tx.by(secretVersions, 'secret', secret.arn);
        const holder = versions.find(({ stages }) => stages.includes(label));
        if (from === undefined && to === undefined) {
          throw secretErrors.parameter('You must specify RemoveFromVersionId, MoveToVersionId or both.');
        }
        if (to !== undefined && versionOf(tx, secret, to, undefined).stages.length >= mostStages) {
          throw secretErrors.limit(`A version can have no more than ${mostStages} staging labels.`);
        }
        if (label === 'AWSCURRENT' && to === undefined) {
          throw secretErrors.parameter(
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
          );
        }
        if (holder !== undefined && holder.id !== to && from === undefined) {
          throw secretErrors.parameter(
            `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
          );
        }
        if (from !== undefined && from !== holder?.id) {
          throw secretErrors.parameter(
            `The parameter RemoveFromVersionId is not right: staging label ${label} is not attached to version ${from}.`,
          );
        }
        for (const version of movedTo(versions, label, to)) tx.put(secretVersions, version);
        tx.put(secrets, { ...secret, changedAt: clock.now() });
        return { ARN: secret.arn, Name: secret.name };
      });
    },
  } satisfies Handlers<typeof sdk>;
}
