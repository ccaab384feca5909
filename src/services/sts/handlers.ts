import type * as sdk from '@aws-sdk/client-sts';
import { parseArn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Handlers } from '../../aws/handlers.ts';
import type { Session } from '../../model/iam/identity.ts';
import { assumedRole, beginSession } from '../../store/role-sessions.ts';
import { nameKey, roles } from '../../store/tables/iam.ts';
import type { ServiceDeps } from '../deps.ts';

/** AWS Security Token Service: who one is, and real sessions of roles. */
export function stsHandlers({ store, ids, clock }: ServiceDeps): Handlers<typeof sdk> {
  const begin = (account: string, who: Pick<Session, 'arn' | 'userId'> & Partial<Session>, seconds: number) => {
    const session = store.transact((tx) => beginSession(tx, { ids, now: clock.now() }, account, who, seconds));
    return {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: dateOf(session.expiresAt),
    };
  };
  const checkDuration = (given: number | undefined, otherwise: number, least: number, most: number): number => {
    const seconds = given ?? otherwise;
    if (seconds >= least && seconds <= most) return seconds;
    const bound = seconds < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`,
    );
  };

  return {
    GetCallerIdentity: (_input, { caller }) => ({ UserId: caller.userId, Account: caller.account, Arn: caller.arn }),
    AssumeRole: (input) => {
      const named = parseArn(input.RoleArn ?? '');
      if (named === undefined || named.service !== 'iam' || !named.resource.startsWith('role/')) {
        throw new AwsError('ValidationError', `${input.RoleArn} is invalid`);
      }
      const sessionName = input.RoleSessionName ?? '';
      if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
        throw new AwsError(
          'ValidationError',
          `1 validation error detected: Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
        );
      }
      const role = store.get(roles, nameKey(named.account, named.resource.slice(named.resource.lastIndexOf('/') + 1)));
      if (role === undefined || role.arn !== input.RoleArn) {
        throw new AwsError(
          'AccessDenied',
          `User is not authorized to perform: sts:AssumeRole on resource: ${input.RoleArn} (there is no such role)`,
          { status: 403 },
        );
      }
      const seconds = checkDuration(input.DurationSeconds, 3600, 900, 43_200);
      if (seconds > role.maxSessionSeconds) {
        throw new AwsError(
          'ValidationError',
          'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
        );
      }
      refuseMfa(input);
      refuseUnsupported(input);
      const who = assumedRole(role, sessionName);
      return {
        Credentials: begin(named.account, { ...who, ...sessionScope(input) }, seconds),
        AssumedRoleUser: { Arn: who.arn, AssumedRoleId: who.userId },
        PackedPolicySize: 0,
        ...(input.SourceIdentity === undefined ? {} : { SourceIdentity: input.SourceIdentity }),
      };
    },
    GetSessionToken: (input, { account, caller }) => {
      refuseMfa(input);
      refuseUnsupported(input);
      const who = { arn: caller.arn, userId: caller.userId };
      return { Credentials: begin(account, who, checkDuration(input.DurationSeconds, 43_200, 900, 129_600)) };
    },
  };
}

/** There are no MFA devices, so no code is ever right. */
function refuseMfa(input: {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}): void {
  if (input.SerialNumber === undefined && input.TokenCode === undefined) return;
  throw new AwsError('AccessDenied', 'MultiFactorAuthentication failed with invalid MFA one time pass code.', {
    status: 403,
  });
}

/** What a session cannot have here is refused, and never taken silently. */
function refuseUnsupported(input: sdk.AssumeRoleRequest | sdk.GetSessionTokenRequest): void {
  const refused = {
    TransitiveTagKeys: 'TransitiveTagKeys' in input && (input.TransitiveTagKeys?.length ?? 0) > 0,
    ProvidedContexts: 'ProvidedContexts' in input && (input.ProvidedContexts?.length ?? 0) > 0,
    MinimumSessionTokenSize: (input.MinimumSessionTokenSize ?? 0) > 0,
  };
  for (const [member, asked] of Object.entries(refused)) {
    if (asked) throw new AwsError('ValidationError', `${member} is not supported by Stowage yet`);
  }
}

/** What narrows a session, kept with it. */
function sessionScope(
  input: sdk.AssumeRoleRequest,
): Pick<Session, 'sessionPolicy' | 'sessionPolicyArns' | 'tags' | 'sourceIdentity'> {
  if (input.Policy !== undefined) {
    try {
      JSON.parse(input.Policy);
    } catch {
      throw new AwsError('MalformedPolicyDocument', 'The policy is not in the valid JSON format.');
    }
  }
  return {
    ...(input.Policy === undefined ? {} : { sessionPolicy: input.Policy }),
    ...(input.PolicyArns === undefined ? {} : { sessionPolicyArns: input.PolicyArns.flatMap(({ arn }) => arn ?? []) }),
    ...(input.Tags === undefined
      ? {}
      : { tags: input.Tags.map(({ Key: key = '', Value: value = '' }) => ({ key, value })) }),
    ...(input.SourceIdentity === undefined ? {} : { sourceIdentity: input.SourceIdentity }),
  };
}
