import type { ContainerDefinition, LinuxParameters, LogConfiguration } from '@aws-sdk/client-ecs';

/** What a container may use, after overrides and the limits of its task. */
export interface ContainerLimits {
  /** CPU shares relative to others: CPU units. */
  readonly cpuUnits: number;
  /** A hard limit in CPUs; absent: none. */
  readonly cpus?: number;
  /** Hard and soft memory limits in MiB. */
  readonly memoryMiB?: number;
  readonly memoryReservationMiB?: number;
  /** The most open files that the machine can allow a process. */
  readonly machineOpenFiles: number;
}

interface DockerUlimit {
  readonly Name: string | undefined;
  readonly Soft: number | undefined;
  readonly Hard: number | undefined;
}

const mebibyte = 1024 * 1024;
const nanosecondsPerSecond = 1e9;

/** Fargate's default for open files, soft and hard ("Ulimit", ECS API Reference). */
const fargateOpenFiles = 65_535;

/** Docker's `Config` members that a container definition asks for, beyond image, command and environment. */
export function dockerConfigOf(definition: ContainerDefinition): Record<string, unknown> {
  const { healthCheck } = definition;
  return defined({
    User: definition.user,
    WorkingDir: definition.workingDirectory,
    Labels: definition.dockerLabels,
    Hostname: definition.hostname,
    NetworkDisabled: definition.disableNetworking,
    Tty: definition.pseudoTerminal,
    OpenStdin: definition.interactive,
    Healthcheck: healthCheck && {
      Test: healthCheck.command,
      // The defaults are those of "HealthCheck", ECS API Reference.
      Interval: (healthCheck.interval ?? 30) * nanosecondsPerSecond,
      Timeout: (healthCheck.timeout ?? 5) * nanosecondsPerSecond,
      Retries: healthCheck.retries ?? 3,
      StartPeriod: (healthCheck.startPeriod ?? 0) * nanosecondsPerSecond,
    },
  });
}

/** Docker's `HostConfig` that a container definition asks for. */
export function dockerHostConfigOf(
  definition: ContainerDefinition,
  surroundings: {
    readonly limits: ContainerLimits;
    readonly fargate: boolean;
    /** How output is delivered where the definition says nothing of it. */
    readonly logMode: string;
    /** Options of the log driver in place of the definition's; `undefined` takes one away. */
    readonly logOptions?: Readonly<Record<string, string | undefined>>;
  },
): Record<string, unknown> {
  const { limits, fargate, logMode, logOptions = {} } = surroundings;
  const ulimits = (definition.ulimits ?? []).map((one): DockerUlimit => ({
    Name: one.name,
    Soft: one.softLimit,
    Hard: one.hardLimit,
  }));
  if (fargate && !ulimits.some(({ Name }) => Name === 'nofile')) {
    const files = Math.min(fargateOpenFiles, limits.machineOpenFiles);
    ulimits.push({ Name: 'nofile', Soft: files, Hard: files });
  }
  const { memoryMiB, memoryReservationMiB, cpus } = limits;
  return defined({
    CpuShares: Math.max(2, limits.cpuUnits),
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    Memory: memoryMiB === undefined ? undefined : memoryMiB * mebibyte,
    MemoryReservation: memoryReservationMiB === undefined ? undefined : memoryReservationMiB * mebibyte,
    ...swapOf(definition.linuxParameters, memoryMiB, fargate),
    LogConfig: definition.logConfiguration && logConfigOf(definition.logConfiguration, logMode, logOptions),
    Ulimits: ulimits.length > 0 ? ulimits : undefined,
    Privileged: definition.privileged,
    ReadonlyRootfs: definition.readonlyRootFilesystem,
    SecurityOpt: definition.dockerSecurityOptions,
    Dns: definition.dnsServers,
    DnsSearch: definition.dnsSearchDomains,
    ExtraHosts: definition.extraHosts?.map(({ hostname, ipAddress }) => `${hostname}:${ipAddress}`),
    Sysctls: definition.systemControls && sysctlsOf(definition.systemControls),
    ...linuxOf(definition.linuxParameters),
  });
}

function logConfigOf(
  { logDriver, options = {} }: LogConfiguration,
  logMode: string,
  instead: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  // What a router is told are options of its output plugin, not of a log driver.
  const mode = logDriver === 'awsfirelens' ? {} : { mode: logMode };
  return { Type: logDriver, Config: defined({ ...mode, ...options, ...instead }) };
}

function linuxOf(linux: LinuxParameters | undefined): Record<string, unknown> {
  if (linux === undefined) return {};
  return {
    CapAdd: linux.capabilities?.add,
    CapDrop: linux.capabilities?.drop,
    Init: linux.initProcessEnabled,
    ShmSize: linux.sharedMemorySize === undefined ? undefined : linux.sharedMemorySize * mebibyte,
    Tmpfs:
      linux.tmpfs &&
      Object.fromEntries(
        linux.tmpfs.map(({ containerPath, size, mountOptions }) => [
          containerPath ?? '',
          [`size=${size}m`, ...(mountOptions ?? [])].join(','),
        ]),
      ),
    Devices: linux.devices?.map(({ hostPath, containerPath, permissions }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath ?? hostPath,
      CgroupPermissions: (permissions ?? ['read', 'write', 'mknod']).map((one) => one[0]).join(''),
    })),
  };
}

/**
 * `maxSwap` comes on top of the memory. Without it a container has what its instance's engine gives, and on Fargate none
 * ("LinuxParameters", ECS API Reference).
 */
function swapOf(
  linux: LinuxParameters | undefined,
  memoryMiB: number | undefined,
  fargate: boolean,
): Record<string, unknown> {
  if (memoryMiB === undefined) return {};
  const { maxSwap } = linux ?? {};
  if (maxSwap === undefined) return fargate ? { MemorySwap: memoryMiB * mebibyte } : {};
  return { MemorySwap: (memoryMiB + maxSwap) * mebibyte, MemorySwappiness: linux?.swappiness };
}

function sysctlsOf(controls: readonly { namespace?: string | undefined; value?: string | undefined }[]) {
  return Object.fromEntries(controls.map(({ namespace, value }) => [namespace ?? '', value ?? '']));
}

/** The members that have a value; empty lists count as none. */
function defined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}
