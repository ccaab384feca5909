import type * as sdk from '@aws-sdk/client-kms';
import type { Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { defaultKeyPolicy, keySpecs, type KeySpec, type KmsKey } from '../../model/kms/key.ts';
import { scopeOf } from '../../model/tags.ts';
import { kmsKeys } from '../../store/tables/kms.ts';
import { checkEnum, checkLength, checkRange } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { kmsErrors, notHere, refuseForeign } from './errors.ts';
import { keyOf, notPending, ownKey } from './find.ts';
import { page } from './paging.ts';
import { readPolicy } from './policies.ts';
import { readTags } from './tags.ts';

const allSpecs =
  'RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 SYMMETRIC_DEFAULT HMAC_224 HMAC_256 HMAC_384 HMAC_512 SM2 ML_DSA_44 ML_DSA_65 ML_DSA_87 ECC_NIST_EDWARDS25519'.split(
    ' ',
  );
const allUsages = ['SIGN_VERIFY', 'ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'];
const dayMs = 24 * 3600 * 1000;

/** Keys and their lives. */
export function keyHandlers(deps: KmsDeps) {
  const { store, clock, vault } = deps;
  return {
    CreateKey(input, ctx) {
      const spec = specOf(input);
      if ((input.Origin ?? 'AWS_KMS') !== 'AWS_KMS') throw notHere(`Origin ${input.Origin}`);
      if (input.CustomKeyStoreId !== undefined) throw notHere('CustomKeyStoreId');
      if (input.XksKeyId !== undefined) throw notHere('XksKeyId');
      if (input.MultiRegion === true) throw notHere('MultiRegion');
      const description = input.Description ?? '';
      checkLength('description', description, 0, 8192);
      const tags = readTags(input.Tags);
      const policy =
        input.Policy === undefined
          ? defaultKeyPolicy(ctx.account)
          : readPolicy(input.Policy, input.BypassPolicyLockoutSafetyCheck);
      const settings = { description, spec, manager: 'CUSTOMER', policy, tags } as const;
      const key = store.transact((tx) => vault.create(tx, ctx, settings, clock.now()));
      return { KeyMetadata: metadataOf(key) };
    },

    DescribeKey(input, ctx) {
      refuseForeign(input);
      return { KeyMetadata: metadataOf(keyOf(deps, ctx, input.KeyId)) };
    },

    ListKeys(input, ctx) {
      const keys = store.by(kmsKeys, 'scope', scopeOf(ctx));
      const { rows, ...rest } = page(keys, ({ id }) => id, input, { otherwise: 100, most: 1000 });
      return { Keys: rows.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...rest };
    },

    UpdateKeyDescription(input, ctx) {
      checkLength('description', input.Description, 0, 8192);
      store.transact((tx) => {
        const key = notPending(ownKey(tx, ctx, input.KeyId, 'UpdateKeyDescription'));
        tx.put(kmsKeys, { ...key, description: input.Description ?? '' });
      });
      return {};
    },

    EnableKey(input, ctx) {
      store.transact((tx) => {
        tx.put(kmsKeys, { ...notPending(ownKey(tx, ctx, input.KeyId, 'EnableKey')), state: 'Enabled' });
      });
      return {};
    },

    DisableKey(input, ctx) {
      store.transact((tx) => {
        tx.put(kmsKeys, { ...notPending(ownKey(tx, ctx, input.KeyId, 'DisableKey')), state: 'Disabled' });
      });
      return {};
    },

    ScheduleKeyDeletion(input, ctx) {
      checkRange('pendingWindowInDays', input.PendingWindowInDays, 7, 30);
      const days = input.PendingWindowInDays ?? 30;
      const deletionAt = clock.now() + days * dayMs;
      const key = store.transact((tx) => {
        const found = notPending(ownKey(tx, ctx, input.KeyId, 'ScheduleKeyDeletion'));
        tx.put(kmsKeys, { ...found, state: 'PendingDeletion', deletionAt });
        return found;
      });
      return {
        KeyId: key.arn,
        DeletionDate: dateOf(deletionAt),
        KeyState: 'PendingDeletion' as const,
        PendingWindowInDays: days,
      };
    },

    CancelKeyDeletion(input, ctx) {
      const key = store.transact((tx) => {
        const found = ownKey(tx, ctx, input.KeyId, 'CancelKeyDeletion');
        if (found.state !== 'PendingDeletion') throw kmsErrors.state(`${found.arn} is not pending deletion.`);
        const { deletionAt: _, ...rest } = found;
        tx.put(kmsKeys, { ...rest, state: 'Disabled' });
        return found;
      });
      return { KeyId: key.arn };
    },
  } satisfies Handlers<typeof sdk>;
}

/** The specification that CreateKey asks for; asymmetric keys are refused by their name. */
function specOf(input: sdk.CreateKeyRequest): KeySpec {
  const named = input.KeySpec ?? input.CustomerMasterKeySpec;
  const spec = named ?? 'SYMMETRIC_DEFAULT';
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
    throw kmsErrors.validation('You cannot specify KeySpec and CustomerMasterKeySpec in the same request.');
  }
  checkEnum<string>('keySpec', spec, allSpecs);
  checkEnum<string>('keyUsage', input.KeyUsage, allUsages);
  if (!isKeySpec(spec)) throw notHere(`KeySpec ${spec}`);
  const { usage } = keySpecs[spec];
  if (input.KeyUsage === undefined && spec !== 'SYMMETRIC_DEFAULT') {
    throw kmsErrors.validation(
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    );
  }
  if (input.KeyUsage !== undefined && input.KeyUsage !== usage) {
    throw kmsErrors.validation(`KeyUsage ${input.KeyUsage} is not compatible with KeySpec ${spec}`);
  }
  return spec;
}

function isKeySpec(spec: string): spec is KeySpec {
  return Object.hasOwn(keySpecs, spec);
}

function metadataOf(key: KmsKey) {
  const spec = keySpecs[key.spec];
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: dateOf(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: spec.usage,
    KeyState: key.state,
    ...(key.deletionAt === undefined ? {} : { DeletionDate: dateOf(key.deletionAt) }),
    Origin: 'AWS_KMS' as const,
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...('mac' in spec
      ? { MacAlgorithms: [spec.mac] }
      : {
          EncryptionAlgorithms: ['SYMMETRIC_DEFAULT' as const],
          CurrentKeyMaterialId: key.materials.at(-1)?.id,
        }),
    MultiRegion: false,
  };
}
