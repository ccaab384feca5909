import type * as sdk from '@aws-sdk/client-kms';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import type { KmsKey } from '../../model/kms/key.ts';
import type { EncryptionContext, Opened } from '../../store/keys/vault.ts';
import { checkEnum, checkLength, checkRange } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { endDryRun, kmsErrors, notHere, refuseForeign } from './errors.ts';
import { keyOf, usableKey } from './find.ts';

type Context = Readonly<Record<string, string>> | undefined;

/** What keys are for: encryption with AES-256-GCM, and the keys that others encrypt with ("Cryptographic details"). */
export function cryptographyHandlers(deps: KmsDeps) {
  const { vault } = deps;
  return {
    Encrypt(input, ctx) {
      refuseForeign(input);
      checkLength('plaintext', input.Plaintext ?? [], 1, 4096, { sensitive: true });
      onlySymmetric(input.EncryptionAlgorithm);
      const key = forEncryption(deps, ctx, input.KeyId, 'Encrypt');
      endDryRun(input);
      return {
        CiphertextBlob: vault.encrypt(key, input.Plaintext ?? new Uint8Array(), contextOf(input.EncryptionContext)),
        KeyId: key.arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
      };
    },

    Decrypt(input, ctx) {
      refuseForeign(input);
      onlySymmetric(input.EncryptionAlgorithm);
      if (input.DryRunModifiers !== undefined) throw notHere('DryRunModifiers');
      const { key, plaintext, materialId } = decrypt(
        deps,
        ctx,
        'Decrypt',
        input.CiphertextBlob,
        input.EncryptionContext,
        input.KeyId,
      );
      endDryRun(input);
      return {
        KeyId: key.arn,
        Plaintext: plaintext,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
        KeyMaterialId: materialId,
      };
    },

    ReEncrypt(input, ctx) {
      refuseForeign(input);
      onlySymmetric(input.SourceEncryptionAlgorithm);
      onlySymmetric(input.DestinationEncryptionAlgorithm);
      if (input.DryRunModifiers !== undefined) throw notHere('DryRunModifiers');
      const from = decrypt(
        deps,
        ctx,
        'ReEncrypt',
        input.CiphertextBlob,
        input.SourceEncryptionContext,
        input.SourceKeyId,
      );
      const to = forEncryption(deps, ctx, input.DestinationKeyId, 'ReEncrypt');
      endDryRun(input);
      return {
        CiphertextBlob: vault.encrypt(to, from.plaintext, contextOf(input.DestinationEncryptionContext)),
        SourceKeyId: from.key.arn,
        KeyId: to.arn,
        SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
        DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
        SourceKeyMaterialId: from.materialId,
        DestinationKeyMaterialId: materialOf(to),
      };
    },

    GenerateDataKey: (input, ctx) => dataKey(deps, input, ctx, 'GenerateDataKey'),

    GenerateDataKeyWithoutPlaintext(input, ctx) {
      const { Plaintext: _, ...rest } = dataKey(deps, input, ctx, 'GenerateDataKeyWithoutPlaintext');
      return rest;
    },

    GenerateRandom(input) {
      refuseForeign(input);
      if (input.CustomKeyStoreId !== undefined) throw notHere('CustomKeyStoreId');
      if (input.NumberOfBytes === undefined) throw kmsErrors.validation('NumberOfBytes is required.');
      checkRange('numberOfBytes', input.NumberOfBytes, 1, 1024);
      return { Plaintext: vault.random(input.NumberOfBytes) };
    },
  } satisfies Handlers<typeof sdk>;
}

function forEncryption(deps: KmsDeps, ctx: Ctx, identifier: string | undefined, operation: string): KmsKey {
  return usableKey(keyOf(deps, ctx, identifier), 'ENCRYPT_DECRYPT', operation);
}

function decrypt(
  deps: KmsDeps,
  ctx: Ctx,
  operation: string,
  blob: Uint8Array | undefined,
  context: Context,
  identifier: string | undefined,
): Exclude<Opened, string> {
  checkLength('ciphertextBlob', blob ?? [], 1, 6144, { sensitive: true });
  const named = identifier === undefined ? undefined : keyOf(deps, ctx, identifier);
  const opened = deps.vault.decrypt(deps.store, ctx, blob ?? new Uint8Array(), context ?? {});
  if (opened === 'invalid') throw kmsErrors.invalidCiphertext();
  if (opened === 'no-key') {
    throw kmsErrors.denied(
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    );
  }
  if (named !== undefined && named.arn !== opened.key.arn) throw kmsErrors.incorrectKey();
  usableKey(opened.key, 'ENCRYPT_DECRYPT', operation);
  return opened;
}

function dataKey(deps: KmsDeps, input: sdk.GenerateDataKeyRequest, ctx: Ctx, operation: string) {
  refuseForeign(input);
  const bytes = dataKeyBytes(input);
  const key = forEncryption(deps, ctx, input.KeyId, operation);
  endDryRun(input);
  const Plaintext = deps.vault.random(bytes);
  const CiphertextBlob = deps.vault.encrypt(key, Plaintext, contextOf(input.EncryptionContext));
  return { CiphertextBlob, Plaintext, KeyId: key.arn, KeyMaterialId: materialOf(key) };
}

function onlySymmetric(algorithm: string | undefined): void {
  checkEnum('encryptionAlgorithm', algorithm, [
    'SYMMETRIC_DEFAULT',
    'RSAES_OAEP_SHA_1',
    'RSAES_OAEP_SHA_256',
    'SM2PKE',
  ]);
  if (algorithm !== undefined && algorithm !== 'SYMMETRIC_DEFAULT') {
    throw kmsErrors.usage(`Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`);
  }
}

function contextOf(context: Context): EncryptionContext {
  return context ?? {};
}

function materialOf(key: KmsKey): string | undefined {
  return key.materials.at(-1)?.id;
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: sdk.GenerateDataKeyRequest): number {
  checkEnum('keySpec', KeySpec, ['AES_256', 'AES_128']);
  checkRange('numberOfBytes', NumberOfBytes, 1, 1024);
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw kmsErrors.validation('Please specify either number of bytes or key spec.');
  }
  return NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32);
}
