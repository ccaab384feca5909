/** A container as its create call wants it: Docker's own structures, so that payloads pass through unchanged. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  /** Members of Docker's `Config` beyond the above (User, WorkingDir, Healthcheck, Hostname …). */
  readonly config: Readonly<Record<string, unknown>>;
  /** Docker's `HostConfig`. */
  readonly hostConfig: Readonly<Record<string, unknown>>;
}

/** A named volume as its create call wants it. */
export interface VolumeSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `local` unless given. */
  readonly driver?: string;
  readonly driverOptions?: Readonly<Record<string, string>>;
}

/** What the engine says of a container. */
export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** The process id on this machine, 0 unless running. */
  readonly pid: number;
  readonly exitCode?: number;
  readonly oomKilled: boolean;
  readonly error: string;
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly imageId: string;
}

/** What the engine knows of a container beyond its state: for whoever shows it in detail. */
export interface ContainerDetails {
  readonly createdAt: number;
  /** The id of the image it was made of: the digest of the image's configuration. */
  readonly imageId: string;
  readonly mounts: readonly {
    /** The volume's name; absent where a path of the machine is mounted. */
    readonly name?: string;
    /** Where it lies on the machine. */
    readonly source: string;
    readonly destination: string;
  }[];
  /** Where its own layer lies on the machine, where the engine's storage has such a place. */
  readonly layer?: string;
  /** Its addresses by the name of the engine's network; none in a network namespace that is not its own. */
  readonly networks: Readonly<Record<string, string>>;
  /** What the last health check answered. */
  readonly lastCheck?: { readonly exitCode: number; readonly output: string };
}

/** A change in a container's life as the engine tells it. */
export interface ContainerEvent {
  readonly action: 'create' | 'start' | 'die' | 'oom' | 'destroy' | 'health';
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly exitCode?: number;
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  /** Epoch milliseconds. */
  readonly at: number;
}

/** One line a container wrote. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as the engine stamped it: the position from which to go on. */
  readonly stamp: string;
  /** Epoch milliseconds of the same. */
  readonly at: number;
  readonly line: string;
}

/** How far a pull has come; bytes are over all layers known so far. */
export interface PullProgress {
  readonly status: string;
  readonly currentBytes: number;
  readonly totalBytes: number;
}

export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly serverAddress: string;
}

/** What a container uses now. */
export interface ContainerStats {
  readonly at: number;
  readonly cpuTotalNanos: number;
  readonly systemCpuNanos: number;
  readonly onlineCpus: number;
  readonly memoryUsageBytes: number;
  readonly memoryLimitBytes: number;
  /** The engine's own document, for the metadata endpoint. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** What to run in a container. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
  /** The container's own unless given. */
  readonly user?: string;
  /** Beyond the container's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A process inside a container; `input` and `output` end when it does. */
export interface ExecSession {
  /** To be read: what is not holds the process up. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly data: Uint8Array }>;
  /** Resolves once the data is on its way to the process, or the process is no more; never rejects. */
  write(data: Uint8Array): Promise<void>;
  /** Ends standard input. A terminal's is never ended: type what its program takes for an end. */
  end(): void;
  resize(columns: number, rows: number): Promise<void>;
  /** Ends a terminal's program and all that it started there, willing or not. */
  terminate(): Promise<void>;
  /** Resolves with the exit code once it has ended. */
  readonly exited: Promise<number>;
}

/**
 * A container engine. Every call is idempotent where the engine allows it; failures are `DriverError`s: `gone` when the
 * container or image does not exist, `fatal` when trying again cannot help (bad configuration), `retryable` otherwise.
 */
export interface DockerDriver {
  /** The engine's identity and the API version in use. */
  version(): Promise<{ readonly engine: string; readonly api: string; readonly kernel: string }>;
  /** What the machine has. */
  capacity(): Promise<{
    readonly cpus: number;
    readonly memoryBytes: number;
    /** How the engine makes control groups, and so what a container's parent can be. */
    readonly cgroups: 'v1' | 'v2' | 'systemd';
    /** The directory in which it keeps images, layers and volumes. */
    readonly dataRoot: string;
    /** Whether it can bound a container's own layer (`StorageOpt` with `size`). */
    readonly boundsLayers: boolean;
  }>;
  /**
   * Follows container events whose label `label` (`key` or `key=value`) is set, reconnecting for ever. `onConnect` is
   * called whenever events begin to flow, the first time too: what happened before is unknown, so that whoever follows
   * must list then.
   */
  events(label: string, onEvent: (event: ContainerEvent) => void, onConnect: () => void): () => void;
  /** Pulls an image; calls with the same reference at the same time share one pull. */
  pull(
    image: string,
    options: { auth?: RegistryAuth; onProgress?: (progress: PullProgress) => void; signal?: AbortSignal },
  ): Promise<void>;
  /** The local image's id and repository digests; `gone` when absent. */
  image(reference: string): Promise<{
    readonly id: string;
    readonly repoDigests: readonly string[];
    readonly exposedPorts: readonly string[];
    /** All of its layers, unpacked. */
    readonly sizeBytes: number;
  }>;
  /** Makes an image of files given as a tar of its root file system, tagged `reference` (for the pause image). */
  importImage(
    reference: string,
    rootTar: Uint8Array,
    config: { readonly entryPoint: readonly string[] },
  ): Promise<void>;
  /** Tags an image. */
  tag(image: string, reference: string): Promise<void>;
  /**
   * Creates a container and answers its id. One of the same name that carries the same labels is answered instead of
   * made again, so that a call whose answer was lost can be repeated; any other of that name is `fatal`.
   */
  create(spec: ContainerSpec): Promise<string>;
  /** Starts a created or stopped container; running already is fine. */
  start(id: string): Promise<void>;
  /** Sends the stop signal, waits `timeoutSeconds`, kills. Resolves once it has stopped; stopped already is fine. */
  stop(id: string, timeoutSeconds: number): Promise<void>;
  /** Sends a signal; one that does not run is fine. */
  kill(id: string, signal: string): Promise<void>;
  /** Freezes its processes where they are (the cgroup freezer); frozen already, or not running, is fine. */
  pause(id: string): Promise<void>;
  /** Lets a frozen container go on; one that is not frozen is fine. */
  unpause(id: string): Promise<void>;
  /** Resolves with the exit code once it is not running. */
  wait(id: string, signal?: AbortSignal): Promise<number>;
  /** Gives it another name; one that does not exist is `gone`. */
  rename(id: string, name: string): Promise<void>;
  /** Removes it with its anonymous volumes, running or not; absent is fine. */
  remove(id: string): Promise<void>;
  /** Unpacks a tar archive into a directory of a container, running or not; the directory must exist in its file system. */
  putArchive(id: string, directory: string, tar: Uint8Array): Promise<void>;
  /**
   * Makes a named volume and answers where it lies on the machine. One that exists is answered as it is, whatever it was
   * made with.
   */
  createVolume(volume: VolumeSpec): Promise<{ readonly mountpoint: string }>;
  /** The names and labels of the volumes that carry every one of `labels` (`key` or `key=value`). */
  listVolumes(
    labels: readonly string[],
  ): Promise<{ readonly name: string; readonly labels: Readonly<Record<string, string>> }[]>;
  /** Whether there is a volume of this name. */
  hasVolume(name: string): Promise<boolean>;
  /** Removes a named volume; absent is fine. */
  removeVolume(name: string): Promise<void>;
  inspect(id: string): Promise<ContainerState>;
  details(id: string): Promise<ContainerDetails>;
  /** What a container's own layer holds by the lengths of its files: the engine looks through all of them. */
  layerBytes(id: string): Promise<number>;
  /** The containers that carry every one of `labels` (`key` or `key=value`), running or not. */
  list(labels: readonly string[]): Promise<ContainerState[]>;
  stats(id: string): Promise<ContainerStats>;
  /** The container's output from `since` (a `LogLine.stamp`, exclusive) on; ends when it ends, unless `follow` is false. */
  logs(id: string, options: { since?: string; follow: boolean; signal?: AbortSignal }): AsyncIterable<LogLine>;
  /** Runs a program in a running container; resolves once it runs, and is `fatal` when it cannot be run. */
  exec(id: string, options: ExecOptions): Promise<ExecSession>;
  /**
   * Ends the terminals that an earlier user of this driver opened in a container with `exec` and that nobody holds any
   * more: programs in a terminal outlive whoever opened it. Answers how many there were.
   */
  endAbandonedExecs(id: string): Promise<number>;
  /** Closes idle connections. */
  close(): Promise<void>;
}
