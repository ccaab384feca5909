/** What everything in a group may use together. */
export interface GroupLimits {
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** Control groups of this machine, as containers' parents. Every call is idempotent; groups outlive this process. */
export interface Cgroups {
  /** Makes a group with these limits, or changes them; answers the engine's `CgroupParent`. */
  ensure(name: string, limits: GroupLimits): Promise<string>;
  /** Removes a group in which nothing runs; one that does not exist is fine. */
  remove(name: string): Promise<void>;
  /** Removes every group of this installation, whoever made it. */
  removeAll(): Promise<void>;
}

/** Groups that limit nothing. For tests, and where a machine lets nobody make any. */
export const noCgroups: Cgroups = {
  ensure: () => Promise.resolve(''),
  remove: () => Promise.resolve(),
  removeAll: () => Promise.resolve(),
};
