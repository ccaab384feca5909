import type * as sdk from '@aws-sdk/client-kms';
import type { Handlers } from '../../aws/handlers.ts';
import { kmsKeys } from '../../store/tables/kms.ts';
import { checkLength } from '../constraints.ts';
import type { KmsDeps } from './deps.ts';
import { kmsErrors } from './errors.ts';
import { keyById, notPending, ownKey } from './find.ts';
import { page } from './paging.ts';

/** Key policies: they are kept; nobody's calls are judged by them yet. */
export function policyHandlers({ store }: KmsDeps) {
  return {
    GetKeyPolicy(input, ctx) {
      const key = keyById(store, ctx, input.KeyId);
      checkName(input.PolicyName);
      return { Policy: key.policy, PolicyName: 'default' };
    },

    PutKeyPolicy(input, ctx) {
      checkName(input.PolicyName);
      const policy = readPolicy(input.Policy, input.BypassPolicyLockoutSafetyCheck);
      store.transact((tx) => tx.put(kmsKeys, { ...notPending(ownKey(tx, ctx, input.KeyId, 'PutKeyPolicy')), policy }));
      return {};
    },

    ListKeyPolicies(input, ctx) {
      keyById(store, ctx, input.KeyId);
      const { rows, ...rest } = page(['default'], (name) => name, input, { otherwise: 100, most: 1000 });
      return { PolicyNames: [...rows], ...rest };
    },
  } satisfies Handlers<typeof sdk>;
}

/** Every key has one policy, and that is its name. */
function checkName(name: string | undefined): void {
  if (name !== undefined && name !== 'default') throw kmsErrors.notFound('No such policy exists');
}

/** Checks a key policy: it must be one, and let somebody change it again unless the caller says otherwise. */
export function readPolicy(text: string | undefined, bypassLockoutCheck: boolean | undefined): string {
  const policy = text ?? '';
  checkLength('policy', policy, 1, 131_072);
  const malformed = (why: string): Error => kmsErrors.malformedPolicy(why);
  let parsed: unknown;
  try {
    parsed = JSON.parse(policy);
  } catch {
    throw malformed('The policy is not valid JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw malformed('The policy is no object.');
  const { Statement } = parsed as { readonly Statement?: unknown };
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  const read = statements.map((statement) => statement as Record<string, unknown> | undefined | null);
  for (const statement of read) {
    if (typeof statement !== 'object' || statement === null) throw malformed('The policy has no statements.');
    for (const member of ['Effect', 'Principal', 'Action', 'Resource']) {
      if (statement[member] === undefined && statement[`Not${member}`] === undefined) {
        throw malformed(`A statement of the policy has no ${member}.`);
      }
    }
  }
  const changeable = read.some(
    (statement) =>
      statement?.['Effect'] === 'Allow' &&
      [statement['Action']].flat().some((action) => /^(\*|kms:(\*|Put\*|PutKeyPolicy))$/.test(String(action))),
  );
  if (!changeable && bypassLockoutCheck !== true) {
    throw malformed('The new key policy will not allow you to update the key policy in the future.');
  }
  return policy;
}
