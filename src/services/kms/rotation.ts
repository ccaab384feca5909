import type * as sdk from '@aws-sdk/client-kms';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import type { KmsKey } from '../../model/kms/key.ts';
import type { Reader } from '../../store/store.ts';
import { kmsKeys } from '../../store/tables/kms.ts';
import { checkEnum, checkRange } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { kmsErrors } from './errors.ts';
import { keyById, notPending, ownKey, usableKey } from './find.ts';
import { page } from './paging.ts';

const dayMs = 24 * 3600 * 1000;
/** A year, and how often a customer may rotate a key by hand ("Rotate AWS KMS keys", KMS Developer Guide). */
const defaultPeriodDays = 365;
const mostOnDemand = 25;

/** Rotation of key material, by time and on demand. */
export function rotationHandlers({ store, clock, vault }: KmsDeps) {
  return {
    EnableKeyRotation(input, ctx) {
      checkRange('rotationPeriodInDays', input.RotationPeriodInDays, 90, 2560);
      store.transact((tx) => {
        const key = rotatable(tx, ctx, input.KeyId, 'EnableKeyRotation');
        const periodDays = input.RotationPeriodInDays ?? key.rotation?.periodDays ?? defaultPeriodDays;
        const same = key.rotation?.periodDays === periodDays;
        const nextAt = same && key.rotation !== undefined ? key.rotation.nextAt : clock.now() + periodDays * dayMs;
        tx.put(kmsKeys, { ...key, rotation: { periodDays, nextAt } });
      });
      return {};
    },

    DisableKeyRotation(input, ctx) {
      store.transact((tx) => {
        const { rotation: _, ...key } = rotatable(tx, ctx, input.KeyId, 'DisableKeyRotation');
        tx.put(kmsKeys, key);
      });
      return {};
    },

    GetKeyRotationStatus(input, ctx) {
      const { rotation, arn } = symmetric(notPending(keyById(store, ctx, input.KeyId)));
      return {
        KeyRotationEnabled: rotation !== undefined,
        KeyId: arn,
        ...(rotation === undefined
          ? {}
          : { RotationPeriodInDays: rotation.periodDays, NextRotationDate: dateOf(rotation.nextAt) }),
      };
    },

    RotateKeyOnDemand(input, ctx) {
      const key = store.transact((tx) => {
        const found = rotatable(tx, ctx, input.KeyId, 'RotateKeyOnDemand');
        if (found.materials.filter(({ rotation }) => rotation === 'ON_DEMAND').length >= mostOnDemand) {
          throw kmsErrors.limit(
            `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${found.arn}`,
          );
        }
        tx.put(kmsKeys, vault.rotated(found, 'ON_DEMAND', clock.now()));
        return found;
      });
      return { KeyId: key.id };
    },

    ListKeyRotations(input, ctx) {
      checkEnum('includeKeyMaterial', input.IncludeKeyMaterial, ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']);
      const key = symmetric(notPending(keyById(store, ctx, input.KeyId)));
      const wanted = key.materials.filter(
        ({ rotation }) => rotation !== undefined || input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL',
      );
      const order = (createdAt: number): string => String(createdAt).padStart(16, '0');
      const { rows, ...rest } = page(wanted, ({ createdAt, id }) => `${order(createdAt)} ${id}`, input, {
        otherwise: 100,
        most: 1000,
      });
      return {
        Rotations: rows.map(({ id, createdAt, rotation }) => ({
          KeyId: key.id,
          KeyMaterialId: id,
          KeyMaterialState: id === key.materials.at(-1)?.id ? ('CURRENT' as const) : ('NON_CURRENT' as const),
          ...(rotation === undefined ? {} : { RotationDate: dateOf(createdAt), RotationType: rotation }),
        })),
        ...rest,
      };
    },
  } satisfies Handlers<typeof sdk>;
}

function rotatable(reader: Reader, ctx: Ctx, identifier: string | undefined, operation: string): KmsKey {
  return usableKey(symmetric(ownKey(reader, ctx, identifier, operation)), 'ENCRYPT_DECRYPT', operation);
}

function symmetric(key: KmsKey): KmsKey {
  if (key.spec !== 'SYMMETRIC_DEFAULT') throw kmsErrors.unsupported('');
  return key;
}
