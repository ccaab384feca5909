import { createHash } from 'node:crypto';

/** An account's canonical user id: 64 hexadecimal digits that say nothing of the account ("Finding the canonical user ID"). */
export function canonicalId(account: string): string {
  return createHash('sha256').update(`canonical user of ${account}`).digest('hex');
}

/** The only access list there is: the owner may do everything ("Access control list (ACL) overview"). */
export function privateAcl(account: string) {
  const ID = canonicalId(account);
  return {
    Owner: { ID },
    Grants: [{ Grantee: { ID, Type: 'CanonicalUser' as const }, Permission: 'FULL_CONTROL' as const }],
  };
}
