import { createHmac, timingSafeEqual } from 'node:crypto';

/** The longest that a session may last, seconds ("Use the Instance Metadata Service to access instance metadata", EC2 User Guide). */
export const longestSession = 21_600;

/**
 * A session's token: when it is over, and a code that only the instance's own key makes. Nothing is kept of it, so that it stays good when
 * the agent starts anew.
 */
export function makeToken(key: string, endsAt: number): string {
  const end = Buffer.alloc(8);
  end.writeBigUInt64BE(BigInt(endsAt));
  return Buffer.concat([end, codeOf(key, end)])
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/** Whether a token is one of this key's, and not over. */
export function isGood(key: string, token: string, now: number): boolean {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 40) return false;
  const end = bytes.subarray(0, 8);
  return timingSafeEqual(bytes.subarray(8), codeOf(key, end)) && Number(end.readBigUInt64BE()) > now;
}

function codeOf(key: string, end: Buffer): Buffer {
  return createHmac('sha256', key).update(end).digest();
}
