import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Scoped } from '../tags.ts';

/** How long a password for the registry is good ("GetAuthorizationToken": 12 hours). */
export const TOKEN_LIFETIME_MS = 12 * 60 * 60_000;

/** The user name that goes with every password. */
export const REGISTRY_USER = 'AWS';

/**
 * A password for the registry. It says for which account and region it is, because the address `127.0.0.1:4566` does
 * not: whoever logs in with it sees that registry. It is signed with the installation's own secret.
 */
export function mintPassword(secret: string, scope: Scoped, expiresAt: number): string {
  const claims = Buffer.from(JSON.stringify([scope.account, scope.region, expiresAt])).toString('base64url');
  return `${claims}.${sign(secret, claims)}`;
}

/** Reads a password; `undefined` when it was not minted with `secret`, or is past its time. */
export function readPassword(secret: string, password: string, now: number): Scoped | undefined {
  const [claims = '', signature = ''] = password.split('.', 2);
  const given = Buffer.from(signature);
  const expected = Buffer.from(sign(secret, claims));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const [account, region, expiresAt] = JSON.parse(Buffer.from(claims, 'base64url').toString()) as [
    string,
    string,
    number,
  ];
  return expiresAt > now ? { account, region } : undefined;
}

function sign(secret: string, claims: string): string {
  return createHmac('sha256', secret).update(claims).digest('base64url');
}
