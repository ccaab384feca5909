import type { Clock } from '../base/clock.ts';
import type { Cgroups } from '../drivers/cgroups/cgroups.ts';
import type { DockerDriver } from '../drivers/docker/driver.ts';
import type { NetworkDriver } from '../drivers/network/driver.ts';

/**
 * Drivers of a process that dies at its `at`-th call to them: before or after the call had its effect, or so that the
 * effect comes late, when another process has already looked around (the engine finishes what it was asked).
 */
export function mortal(
  drivers: {
    readonly docker: DockerDriver;
    readonly network: NetworkDriver;
    readonly cgroups: Cgroups;
    readonly clock: Clock;
  },
  at: number,
  when: 'before' | 'after' | 'late',
): {
  readonly docker: DockerDriver;
  readonly network: NetworkDriver;
  readonly cgroups: Cgroups;
  readonly dead: () => boolean;
} {
  const { docker, network, cgroups, clock } = drivers;
  let calls = 0;
  let dead = false;
  const never = new Promise<never>(() => {});
  const wrap = <T extends object>(driver: T): T =>
    new Proxy(driver, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        if (name === 'events') {
          return (on: string, onEvent: (event: unknown) => void, onConnect: () => void) =>
            method.call(
              target,
              on,
              (event: unknown) => dead || onEvent(event),
              () => dead || onConnect(),
            );
        }
        if (name === 'logs') {
          return async function* (...args: unknown[]) {
            for await (const line of method.apply(target, args) as AsyncIterable<unknown>) {
              if (dead) await never;
              yield line;
            }
          };
        }
        return async (...args: unknown[]) => {
          if (dead) return never;
          const dying = ++calls === at;
          if (dying && when !== 'after') {
            dead = true;
            const effect = (): Promise<unknown> => method.apply(target, args) as Promise<unknown>;
            // Nobody is left to hear of a failure.
            if (when === 'late')
              void clock
                .sleep(150)
                .then(effect)
                .catch(() => {});
            return never;
          }
          try {
            return await (method.apply(target, args) as Promise<unknown>);
          } finally {
            if (dying) dead = true;
            if (dead) await never;
          }
        };
      },
    });
  return { docker: wrap(docker), network: wrap(network), cgroups: wrap(cgroups), dead: () => dead };
}
