import type { InterfaceNames } from './acs.ts';
import type { UpcomingChange, UpcomingInterfaces } from './messages.ts';

/** What makes `after` of `before`: of subnets that stayed the same nothing, of one that is gone that all of its list is. */
export function upcomingChangeOf(
  before: readonly UpcomingInterfaces[],
  after: readonly UpcomingInterfaces[],
): UpcomingChange[] {
  const known = new Map(before.map(({ subnetId, interfaces }) => [subnetId, interfaces]));
  const next = new Map(after.map(({ subnetId, interfaces }) => [subnetId, interfaces]));
  return [...new Set([...known.keys(), ...next.keys()])].flatMap((subnetId) => {
    const change = listChange(known.get(subnetId) ?? [], next.get(subnetId) ?? []);
    return change.gone === 0 && change.more.length === 0 ? [] : [{ subnetId, ...change }];
  });
}

/** The lists that changes make of `before`; a subnet of which nothing is left is not among them. */
export function withUpcoming(
  before: readonly UpcomingInterfaces[],
  changes: readonly UpcomingChange[],
): UpcomingInterfaces[] {
  const lists = new Map(before.map(({ subnetId, interfaces }) => [subnetId, interfaces]));
  for (const { subnetId, gone, more } of changes) {
    lists.set(subnetId, [...(lists.get(subnetId) ?? []).slice(gone), ...more]);
  }
  return Array.from(lists, ([subnetId, interfaces]) => ({ subnetId, interfaces })).filter(
    ({ interfaces }) => interfaces.length > 0,
  );
}

/** Addresses are given out from the beginning, and as many come into sight at the end. */
function listChange(
  before: readonly InterfaceNames[],
  after: readonly InterfaceNames[],
): Pick<UpcomingChange, 'gone' | 'more'> {
  const nameOf = (each: InterfaceNames | undefined): string => each?.privateDnsName ?? '';
  const at = before.findIndex((each) => nameOf(each) === nameOf(after[0]));
  const kept = at === -1 ? [] : before.slice(at);
  if (at !== -1 && kept.length <= after.length && kept.every((each, index) => nameOf(each) === nameOf(after[index]))) {
    return { gone: at, more: after.slice(kept.length) };
  }
  return { gone: before.length, more: after };
}
