import { machineSession } from '../../model/iam/machine-session.ts';
import type { Session } from '../../model/iam/identity.ts';
import { judge } from '../../model/iam/policy.ts';
import type { Reader } from '../../store/store.ts';
import { nameKey, roles } from '../../store/tables/iam.ts';
import { policyOf } from './find-policy.ts';

/** What nobody needs a permission for ("GetCallerIdentity", "GetSessionToken", STS API Reference). */
const free: ReadonlySet<string> = new Set(['sts:GetCallerIdentity', 'sts:GetSessionToken']);

/**
 * What a session of a machine may do: what its role's policies allow, within its boundary and the session's own policies. `undefined`
 * for sessions that are not a machine's: those may do everything until policies are enforced for everybody.
 */
export function machinePermissions(reader: Reader, session: Session): ((action: string) => boolean) | undefined {
  const machine = machineSession(session.arn);
  if (machine === undefined) return undefined;
  const { account, sessionPolicy, sessionPolicyArns = [] } = session;
  return (action) => {
    if (free.has(action)) return true;
    const role = reader.get(roles, nameKey(account, machine.role));
    if (role === undefined) return false;
    const managed = (arns: readonly string[]): string[] => arns.flatMap((arn) => documentOf(reader, account, arn));
    const own = [...managed(role.attachedPolicies), ...Object.values(role.inlinePolicies)];
    const boundary = role.permissionsBoundary === undefined ? [] : [managed([role.permissionsBoundary])];
    const narrower = [...(sessionPolicy === undefined ? [] : [sessionPolicy]), ...managed(sessionPolicyArns)];
    const layers = [own, ...boundary, ...(narrower.length === 0 ? [] : [narrower])];
    return layers.every((documents) => judge(documents, action) === 'allowed');
  };
}

function documentOf(reader: Reader, account: string, arn: string): string[] {
  const { versions, defaultVersion } = policyOf(reader, account, arn);
  return versions.filter(({ id }) => id === defaultVersion).map(({ document }) => document);
}
