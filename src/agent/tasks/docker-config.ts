import type { PayloadContainer } from '../../wire/acs.ts';

/** How the engine treats a container's output. */
export interface LogConfig {
  readonly Type?: string;
  readonly Config?: Readonly<Record<string, string>>;
}

/** The members of Docker's `HostConfig` that the agent looks at, among all that a payload may hold. */
export interface HostConfig extends Readonly<Record<string, unknown>> {
  readonly LogConfig?: LogConfig;
  readonly ReadonlyRootfs?: boolean;
  readonly Dns?: readonly string[];
  readonly DnsSearch?: readonly string[];
  readonly ExtraHosts?: readonly string[];
}

/** The same of Docker's `Config`. */
export interface Config extends Readonly<Record<string, unknown>> {
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Hostname?: string;
}

export function hostConfigOf(container: PayloadContainer): HostConfig {
  return JSON.parse(container.dockerConfig.hostConfig) as HostConfig;
}

export function configOf(container: PayloadContainer): Config {
  return JSON.parse(container.dockerConfig.config) as Config;
}
