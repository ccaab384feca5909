import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import type { Ids } from '../../base/ids.ts';
import { checkLength, checkRange } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { secretErrors } from './errors.ts';

const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** GetRandomPassword. */
export function randomPasswordHandlers({ ids }: SecretsDeps) {
  return {
    GetRandomPassword(input) {
      const length = input.PasswordLength ?? 32;
      checkRange('passwordLength', length, 1, 4096);
      checkLength('excludeCharacters', input.ExcludeCharacters, 0, 4096);
      const excluded = new Set(input.ExcludeCharacters ?? '');
      const types = [
        input.ExcludeLowercase === true ? '' : 'abcdefghijklmnopqrstuvwxyz',
        input.ExcludeUppercase === true ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
        input.ExcludeNumbers === true ? '' : '0123456789',
        input.ExcludePunctuation === true ? '' : punctuation,
        input.IncludeSpace === true ? ' ' : '',
      ]
        .map((type) => type.split('').filter((character) => !excluded.has(character)))
        .filter((type) => type.length > 0);
      if (types.length === 0) {
        throw secretErrors.parameter('No characters are left to make a password of: fewer must be excluded.');
      }
      const required = input.RequireEachIncludedType === false ? [] : types;
      if (length < required.length) {
        throw secretErrors.parameter(`Password length ${length} is too short based on the required types.`);
      }
      const all = types.flat();
      const fill = Array.from({ length: length - required.length }, () => all);
      const characters = [...required, ...fill].map((from) => pick(ids, from));
      return { RandomPassword: shuffled(ids, characters).join('') };
    },
  } satisfies Handlers<typeof sdk>;
}

function pick(ids: Ids, from: readonly string[]): string {
  return from[Math.floor(ids.random() * from.length)] ?? '';
}

/** Every order is as likely as any other (Fisher and Yates). */
function shuffled(ids: Ids, items: readonly string[]): string[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(ids.random() * (last + 1));
    [result[last], result[other]] = [result[other] ?? '', result[last] ?? ''];
  }
  return result;
}
