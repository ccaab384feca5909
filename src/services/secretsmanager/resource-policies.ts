import type * as sdk from '@aws-sdk/client-secrets-manager';
import type { Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { secrets } from '../../store/tables/secretsmanager.ts';
import { checkLength } from '../constraints.ts';
import type { SecretsDeps } from './deps.ts';
import { secretErrors } from './errors.ts';
import { secretOf } from './find.ts';

/** Policies of secrets: they are kept; nobody's calls are judged by them yet. */
export function resourcePolicyHandlers({ store }: SecretsDeps) {
  return {
    GetResourcePolicy(input, ctx) {
      const { arn, name, resourcePolicy } = secretOf(store, ctx, input.SecretId);
      return { ARN: arn, Name: name, ...(resourcePolicy === undefined ? {} : { ResourcePolicy: resourcePolicy }) };
    },

    PutResourcePolicy(input, ctx) {
      const policy = input.ResourcePolicy ?? '';
      checkLength('resourcePolicy', policy, 1, 20_480);
      const [problem] = problemsOf(policy);
      if (problem !== undefined) throw secretErrors.malformedPolicy(problem);
      if (input.BlockPublicPolicy === true && isPublic(policy)) {
        throw new AwsError(
          'PublicPolicyException',
          'The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.',
        );
      }
      return store.transact((tx) => {
        const secret = secretOf(tx, ctx, input.SecretId);
        tx.put(secrets, { ...secret, resourcePolicy: policy });
        return { ARN: secret.arn, Name: secret.name };
      });
    },

    DeleteResourcePolicy(input, ctx) {
      return store.transact((tx) => {
        const { resourcePolicy: _, ...secret } = secretOf(tx, ctx, input.SecretId);
        tx.put(secrets, secret);
        return { ARN: secret.arn, Name: secret.name };
      });
    },

    ValidateResourcePolicy(input, ctx) {
      if (input.SecretId !== undefined) secretOf(store, ctx, input.SecretId);
      const policy = input.ResourcePolicy ?? '';
      checkLength('resourcePolicy', policy, 1, 20_480);
      const problems = problemsOf(policy);
      const open =
        problems.length === 0 && isPublic(policy) ? ['The resource policy grants broad access to the secret.'] : [];
      const errors = [...problems, ...open];
      return {
        PolicyValidationPassed: errors.length === 0,
        ValidationErrors: errors.map((ErrorMessage) => ({ CheckName: 'RESOURCE_POLICY', ErrorMessage })),
      };
    },
  } satisfies Handlers<typeof sdk>;
}

/** The statements of a policy; `undefined` when it is none. */
function statementsOf(policy: string): readonly Record<string, unknown>[] | undefined {
  try {
    const { Statement } = JSON.parse(policy) as { Statement?: unknown };
    const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    const read = statements.filter((each) => typeof each === 'object' && each !== null);
    return read.length === statements.length && read.length > 0 ? (read as Record<string, unknown>[]) : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with a policy, a sentence each. */
function problemsOf(policy: string): string[] {
  const statements = statementsOf(policy);
  if (statements === undefined) return ['This resource policy contains no statements, or is not valid JSON.'];
  return statements.flatMap((statement) =>
    ['Effect', 'Principal', 'Action', 'Resource']
      .filter((member) => statement[member] === undefined && statement[`Not${member}`] === undefined)
      .map((member) => `This resource policy contains a statement without ${member}.`),
  );
}

/** Whether a policy lets anybody in. */
function isPublic(policy: string): boolean {
  return (statementsOf(policy) ?? []).some(({ Effect, Principal, Condition }) => {
    const principals: readonly unknown[] =
      typeof Principal === 'object' && Principal !== null ? Object.values(Principal).flat() : [Principal];
    return Effect === 'Allow' && principals.includes('*') && Condition === undefined;
  });
}
