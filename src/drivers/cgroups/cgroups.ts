/** What everything in a group may use together. */
export interface GroupLimits {
  /** CPU time, in CPUs; unlimited unless given. */
  readonly cpus?: number;
  /** Its weight against its neighbours where CPU time is short, in CPU units (1,024 for a CPU); the kernel's unless given. */
  readonly cpuUnits?: number;
  readonly memoryMiB?: number;
  /** Whether it may use swap beyond its memory. */
  readonly swap: boolean;
}

/** What everything in a group together uses. */
export interface GroupUse {
  /** CPU time since the group was made, in nanoseconds. */
  readonly cpuNs: number;
  /** Memory now, in bytes, without what files are cached: as the genuine agent counts it. */
  readonly memoryBytes: number;
}

/** Where a group is: the names of the groups around it and its own, outermost first; letters, digits and hyphens. */
export type GroupPath = readonly string[];

/**
 * Control groups of this machine, as containers' parents. Every call is idempotent; groups outlive this process. What a
 * machine refuses is logged and is no error: what runs is then not held to its size.
 */
export interface Cgroups {
  /** Makes a group with these limits, or changes them; answers the engine's `CgroupParent`, empty where there is none. */
  ensure(path: GroupPath, limits: GroupLimits): Promise<string>;
  /**
   * The most memory that everything in a group has used at once, in bytes and with what files are cached; `undefined` where
   * the kernel does not say, or there is no such group.
   */
  peak(path: GroupPath): Promise<number | undefined>;
  /** What everything in a group uses; `undefined` where the kernel does not say, or there is no such group. */
  use(path: GroupPath): Promise<GroupUse | undefined>;
  /** The names of the groups in a group that `ensure` made, and perhaps of others. */
  list(path: GroupPath): Promise<readonly string[]>;
  /** Removes a group in which nothing runs, with those in it; one that does not exist is fine. */
  remove(path: GroupPath): Promise<void>;
  /** Removes every group of this installation, whoever made it. */
  removeAll(): Promise<void>;
}
