import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** Where a name leads: its address where that is known, else who is to be asked. */
export type NameLookup =
  | { readonly address: string }
  /** Nobody in particular: the machine's own resolvers. */
  | { readonly nameServer: string | undefined };

/** How a process would find a host: by its own `/etc/hosts` and `/etc/resolv.conf`, which containers have of their own. */
export function lookUpAs(pid: number, host: string): NameLookup {
  if (isIP(host) !== 0) return { address: host };
  const read = (file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/root/etc/${file}`, 'utf8');
    } catch {
      // An image need not have one.
      return '';
    }
  };
  const address = addressIn(read('hosts'), host) ?? (host === 'localhost' ? '127.0.0.1' : undefined);
  return address === undefined ? { nameServer: nameServerIn(read('resolv.conf')) } : { address };
}

/** The IPv4 address of a name in a hosts file (hosts(5)). */
export function addressIn(hosts: string, name: string): string | undefined {
  for (const line of hosts.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    if (isIP(address) === 4 && names.includes(name.toLowerCase())) return address;
  }
  return undefined;
}

/** The first name server of a resolver's configuration (resolv.conf(5)). */
export function nameServerIn(configuration: string): string | undefined {
  return /^\s*nameserver\s+(\S+)/m.exec(configuration)?.[1];
}
