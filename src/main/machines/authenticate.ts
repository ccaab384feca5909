import type { IncomingMessage } from 'node:http';
import { requestHead } from '../../aws/request-head.ts';
import { parseSignature, verifySignature } from '../../aws/sigv4.ts';
import type { Clock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import type { Member } from '../../model/fleet/member.ts';
import { retireKeys } from '../../store/membership.ts';
import type { Store } from '../../store/store.ts';
import { machineKeys, members } from '../../store/tables/fleet.ts';

/** A machine that signed a request. */
export interface KnownMachine {
  readonly member: Member;
  /** The key that it signed with. */
  readonly accessKeyId: string;
}

/**
 * The machine that signed a request with a key of its own, wherever the request comes from. A key that is used ends those that came before it. Throws
 * what others are told.
 */
export function authenticateMachine(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  request: IncomingMessage,
  body: Buffer,
): KnownMachine {
  const head = requestHead(request, false);
  const signed = parseSignature(head);
  if (typeof signed === 'string') throw refused('the request is not signed with the key of a machine');
  const key = store.get(machineKeys, signed.accessKeyId);
  const member = key && store.get(members, key.machineId);
  if (key === undefined || member === undefined) {
    throw refused('the key is not (or no longer) that of a machine that joined');
  }
  const fault = verifySignature(clock, { ...head, body }, signed, key.secretAccessKey);
  if (fault === 'expired') throw refused("the request was signed too long ago, or this machine's clock is wrong");
  if (fault !== undefined) throw refused('the signature is not right');
  if (store.countBy(machineKeys, 'machine', key.machineId) > 1) store.transact((tx) => retireKeys(tx, key));
  return { member, accessKeyId: key.accessKeyId };
}

function refused(message: string): AwsError {
  return new AwsError('AccessDenied', message, { status: 403 });
}
