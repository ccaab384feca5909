import type { Log } from '../base/log.ts';
import { messageOf } from '../base/errors.ts';
import type { HostNames } from '../drivers/names/hosts-file.ts';
import type { Reader, Store } from '../store/store.ts';
import { networkInterfaces } from '../store/tables/ec2.ts';
import { loadBalancers } from '../store/tables/elbv2.ts';

/** The names that this machine should resolve: internet-facing load balancers, to their public addresses. */
export function hostNamesOf(reader: Reader): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  for (const balancer of reader.list(loadBalancers)) {
    const addresses = reader.by(networkInterfaces, 'owner', balancer.arn).flatMap((row) => row.publicIp ?? []);
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
  return store.watch([loadBalancers, networkInterfaces], ({ changes }) => {
    const concerned = changes.some(({ table, before, after }) => {
      if (table === loadBalancers.name) return true;
      const row = (after ?? before) as { owner: { kind: string } };
      return row.owner.kind === 'load-balancer';
    });
    if (concerned) apply();
  });
}
