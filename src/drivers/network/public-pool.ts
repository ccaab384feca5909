import { addressText, cidrText, overlaps, parseCidr } from '../../base/ipv4.ts';
import { DriverError } from '../../base/errors.ts';
import { digest } from './names.ts';

/** Where public addresses come from unless told otherwise: a corner of the shared range of RFC 6598 that VPNs rarely use. */
export const defaultPublicBase = '100.127.0.0/16';

/** The prefix length of one installation's share: 4,094 public addresses. */
const sliceLength = 20;

/**
 * Chooses the part of `from` that is this installation's: always the same one while it is free, else the next free one.
 * `taken` are the blocks that the machine has routes to. Throws `fatal` when nothing is free.
 */
export function choosePublicPool(installationId: string, taken: readonly string[], from = defaultPublicBase): string {
  const base = parseCidr(from);
  if (base === undefined) throw new DriverError('fatal', `${from} is no IPv4 block`);
  const length = Math.max(base.prefixLength, sliceLength);
  const size = 2 ** (32 - length);
  const count = base.size / size;
  const used = taken.flatMap((block) => parseCidr(block) ?? []).filter((block) => block.prefixLength > 0);
  const preferred = Number.parseInt(digest(installationId, 16).slice(0, 8), 16) % count;
  for (let tried = 0; tried < count; tried += 1) {
    const slice = { first: base.first + ((preferred + tried) % count) * size, size, prefixLength: length };
    if (!used.some((block) => overlaps(block, slice))) return cidrText(slice);
  }
  throw new DriverError(
    'fatal',
    `every part of ${cidrText(base)} is routed on this machine already: choose another range for public addresses`,
  );
}

/** The host's own address among public ones, which tasks see it come from: the last of the pool, never given out. */
export function hostAddressOf(publicPool: string): string {
  const pool = parseCidr(publicPool);
  if (pool === undefined) throw new DriverError('fatal', `${publicPool} is no IPv4 block`);
  return addressText(pool.first + pool.size - 1);
}
