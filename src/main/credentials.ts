import type { Authentication, Credential } from '../aws/authenticate.ts';
import { arn } from '../base/arn.ts';
import { given } from '../base/given.ts';
import { machinePermissions } from '../services/iam/machine-permissions.ts';
import type { Reader } from '../store/store.ts';
import { sessions } from '../store/tables/iam.ts';
import { managedNodes } from '../store/tables/ssm.ts';

/** What agents of managed nodes ask for with the node's own key: credentials of its role, and that another key be known. */
const nodeActions: ReadonlySet<string> = new Set([
  'ssm:RequestManagedInstanceRoleToken',
  'ssm:UpdateManagedInstancePublicKey',
]);

/** The keys that were issued here, or made known: sessions of STS, and the keys of managed nodes. */
export function issuedCredentials(store: Reader): Authentication['credential'] {
  return (accessKeyId): Credential | undefined => {
    const session = store.get(sessions, accessKeyId);
    if (session !== undefined) {
      const { account, arn: own, userId, secretAccessKey, sessionToken, expiresAt } = session;
      return {
        caller: { accessKeyId, account, arn: own, userId },
        secretAccessKey,
        sessionToken,
        expiresAt,
        ...given('permits', machinePermissions(store, session)),
      };
    }
    const node = accessKeyId.startsWith('mi-') ? store.get(managedNodes, accessKeyId) : undefined;
    if (node === undefined) return undefined;
    const { account, region, id, publicKey } = node;
    const own = arn('ssm', region, account, `managed-instance/${id}`);
    return {
      caller: { accessKeyId, account, arn: own, userId: id },
      publicKey,
      permits: (action) => nodeActions.has(action),
    };
  };
}
