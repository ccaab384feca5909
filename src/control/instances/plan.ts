import type { ObservedInstance } from './observe.ts';

/** How long a terminated instance can still be described ("Terminate Amazon EC2 instances", EC2 User Guide). */
export const terminatedLifeMs = 3_600_000;

export type InstanceStep =
  /** Let it stand on a machine. */
  | { readonly kind: 'host'; readonly machineId: string }
  | { readonly kind: 'running' }
  /** It could not be started: it goes again, and says why. */
  | { readonly kind: 'fail'; readonly message: string }
  /** It is stopped: its public address goes, unless it is an Elastic IP. */
  | { readonly kind: 'stopped' }
  /** It is terminated: its interface goes, and so does its registration. */
  | { readonly kind: 'terminated' }
  | { readonly kind: 'forget' };

/** The next step of an instance, or when to look again. */
export interface InstancePlan {
  readonly step?: InstanceStep;
  readonly lookAt?: number;
}

/** The life of an instance ("Amazon EC2 instance state changes"): each state is reached once its machine says so. */
export function planInstance({ instance, said, hosts }: ObservedInstance, now: number): InstancePlan {
  switch (instance.state) {
    case 'pending': {
      if (instance.hostId === undefined) {
        const host = hosts.toSorted((a, b) => a.instances - b.instances)[0];
        return host === undefined ? {} : { step: { kind: 'host', machineId: host.machineId } };
      }
      if (said?.boot !== instance.boot) return {};
      if (said.state === 'failed') return { step: { kind: 'fail', message: said.error ?? '' } };
      return said.state === 'running' ? { step: { kind: 'running' } } : {};
    }
    case 'stopping':
      return instance.hostId === undefined || said?.state === 'stopped' ? { step: { kind: 'stopped' } } : {};
    case 'shutting-down':
      return instance.hostId === undefined || said?.state === 'terminated' ? { step: { kind: 'terminated' } } : {};
    case 'terminated': {
      const until = (instance.endedAt ?? now) + terminatedLifeMs;
      return now >= until ? { step: { kind: 'forget' } } : { lookAt: until };
    }
    case 'running':
    case 'stopped':
      return {};
    default:
      return instance.state satisfies never;
  }
}
