import { timingSafeEqual } from 'node:crypto';
import type * as sdk from '@aws-sdk/client-kms';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { keySpecs, type KmsKey } from '../../model/kms/key.ts';
import { checkEnum, checkLength } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { endDryRun, kmsErrors, refuseForeign } from './errors.ts';
import { keyOf, usableKey } from './find.ts';

const algorithms = ['HMAC_SHA_384', 'HMAC_SHA_256', 'HMAC_SHA_224', 'HMAC_SHA_512'] as const;

/** Message authentication codes of HMAC keys. */
export function macHandlers(deps: KmsDeps) {
  return {
    GenerateMac(input, ctx) {
      const key = macKey(deps, input, ctx, 'GenerateMac');
      endDryRun(input);
      const Mac = deps.vault.mac(key, input.Message ?? new Uint8Array());
      return { Mac, MacAlgorithm: input.MacAlgorithm, KeyId: key.arn };
    },

    VerifyMac(input, ctx) {
      const key = macKey(deps, input, ctx, 'VerifyMac');
      checkLength('mac', input.Mac ?? [], 1, 6144, { sensitive: true });
      const expected = deps.vault.mac(key, input.Message ?? new Uint8Array());
      const mac = input.Mac ?? new Uint8Array();
      if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw kmsErrors.invalidMac();
      endDryRun(input);
      return { KeyId: key.arn, MacValid: true, MacAlgorithm: input.MacAlgorithm };
    },
  } satisfies Handlers<typeof sdk>;
}

function macKey(deps: KmsDeps, input: sdk.GenerateMacRequest, ctx: Ctx, operation: string): KmsKey {
  refuseForeign(input);
  checkLength('message', input.Message ?? [], 1, 4096, { sensitive: true });
  checkEnum('macAlgorithm', input.MacAlgorithm, algorithms);
  const key = usableKey(keyOf(deps, ctx, input.KeyId), 'GENERATE_VERIFY_MAC', operation);
  const spec = keySpecs[key.spec];
  if (!('mac' in spec) || spec.mac !== input.MacAlgorithm) {
    throw kmsErrors.usage(`Algorithm ${input.MacAlgorithm} is incompatible with key spec ${key.spec}.`);
  }
  return key;
}
