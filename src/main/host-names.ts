import type { Log } from '../base/log.ts';
import { messageOf } from '../base/errors.ts';
import type { HostNames } from '../drivers/names/hosts-file.ts';
import { isForApplications } from '../model/elbv2/attributes-of.ts';
import type { Target, TargetGroup } from '../model/elbv2/load-balancing.ts';
import { namedInterfaces } from '../store/balancer-addresses.ts';
import type { Reader, Store } from '../store/store.ts';
import { networkInterfaces } from '../store/tables/ec2.ts';
import { loadBalancers, rules, targetGroups, targets } from '../store/tables/elbv2.ts';

/** The names that this machine should resolve: internet-facing load balancers, to their public addresses. */
export function hostNamesOf(reader: Reader): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  for (const balancer of reader.list(loadBalancers)) {
    const addresses = namedInterfaces(reader, balancer).flatMap((row) => row.publicIp ?? []);
    if (addresses.length > 0) names[balancer.dnsName.toLowerCase()] = addresses.sort();
  }
  return names;
}

/** Keeps the machine's names as the store has it, until the returned function is called. */
export function keepHostNames(store: Store, names: HostNames, log: Log): () => void {
  const apply = (): void => {
    try {
      names.apply(hostNamesOf(store));
    } catch (error) {
      log.warn('names of load balancers do not resolve on this machine', { error: messageOf(error) });
    }
  };
  apply();
  // The names of application load balancers do not depend on targets.
  const leads = (group: TargetGroup | undefined): boolean => group !== undefined && !isForApplications(group);
  return store.watch([loadBalancers, networkInterfaces, rules, targetGroups, targets], ({ changes }) => {
    const concerned = changes.some(({ table, before, after }) => {
      const row = after ?? before;
      if (table === targetGroups.name) return leads(row as TargetGroup);
      if (table === targets.name) return leads(store.get(targetGroups, (row as Target).targetGroupArn));
      if (table !== networkInterfaces.name) return true;
      return (row as { owner: { kind: string } }).owner.kind === 'load-balancer';
    });
    if (concerned) apply();
  });
}
