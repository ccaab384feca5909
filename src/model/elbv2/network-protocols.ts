import type { Listener, TargetGroup } from './load-balancing.ts';

/** The protocols of target groups that a listener forwards to ("Listeners for your Network Load Balancers"). */
const forwards: Readonly<Partial<Record<Listener['protocol'], readonly TargetGroup['protocol'][]>>> = {
  TCP: ['TCP', 'TCP_UDP'],
  TLS: ['TLS', 'TCP'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
};

/** Whether a target group takes what a network load balancer's listener of a protocol passes on. */
export function takesFrom(listener: Listener['protocol'], group: TargetGroup['protocol']): boolean {
  return forwards[listener]?.includes(group) === true;
}
