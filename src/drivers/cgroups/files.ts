import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroups, GroupLimits, GroupPath, GroupUse } from './cgroups.ts';

/** Microseconds over which CPU time is counted ("CFS Bandwidth Control", kernel documentation; the genuine agent's too). */
const period = 100_000;
/** The least and the most that the kernel takes for CPU shares. */
const shares = { least: 2, most: 262_144 };

/** Groups as directories of the kernel's file system, in the first or the second hierarchy. */
export function filesOf(installationId: string, root: string, kind: 'v1' | 'v2'): Cgroups {
  const top = `stowage-${installationId}`;
  const pathOf = (path: GroupPath): string => [top, ...path].join('/');
  return {
    ensure(path, limits) {
      if (kind === 'v1') ensureFirst(root, pathOf(path), limits);
      else ensureSecond(root, [top, ...path], limits);
      return Promise.resolve(`/${pathOf(path)}`);
    },
    peak: (path) => Promise.resolve(peakIn(root, pathOf(path))),
    use: (path) => Promise.resolve(useIn(root, pathOf(path))),
    list: (path) => Promise.resolve([...new Set(trees(root).flatMap((tree) => childrenOf(join(tree, pathOf(path)))))]),
    remove(path) {
      for (const tree of trees(root)) removeTree(join(tree, pathOf(path)));
      return Promise.resolve();
    },
    removeAll() {
      for (const tree of trees(root)) removeTree(join(tree, top));
      return Promise.resolve();
    },
  };
}

/** "Memory Resource Controller" and "CFS Bandwidth Control", kernel documentation of the first version. */
function ensureFirst(root: string, path: string, limits: GroupLimits): void {
  const { cpus, cpuUnits, memoryMiB } = limits;
  const cpu = join(root, 'cpu', path);
  mkdirSync(cpu, { recursive: true });
  write(cpu, 'cpu.cfs_period_us', period);
  write(cpu, 'cpu.cfs_quota_us', cpus === undefined ? -1 : quotaOf(cpus));
  if (cpuUnits !== undefined) write(cpu, 'cpu.shares', sharesOf(cpuUnits));
  const memory = join(root, 'memory', path);
  mkdirSync(memory, { recursive: true });
  // Kernels before 5.11 count what is in a group's children only if told to.
  if (existsSync(join(memory, 'memory.use_hierarchy'))) write(memory, 'memory.use_hierarchy', 1);
  const bytes = memoryMiB === undefined ? -1 : memoryMiB * 2 ** 20;
  write(memory, 'memory.limit_in_bytes', bytes);
  const both = 'memory.memsw.limit_in_bytes';
  if (!limits.swap && existsSync(join(memory, both))) write(memory, both, bytes);
}

/** "Control Group v2", kernel documentation. */
function ensureSecond(root: string, path: GroupPath, limits: GroupLimits): void {
  const { cpus, cpuUnits, memoryMiB } = limits;
  let directory = root;
  for (const name of path) {
    write(directory, 'cgroup.subtree_control', '+cpu +memory +pids');
    directory = join(directory, name);
    mkdirSync(directory, { recursive: true });
  }
  write(directory, 'cpu.max', cpus === undefined ? `max ${period}` : `${quotaOf(cpus)} ${period}`);
  if (cpuUnits !== undefined) write(directory, 'cpu.weight', weightOf(cpuUnits));
  write(directory, 'memory.max', memoryMiB === undefined ? 'max' : memoryMiB * 2 ** 20);
  if (!limits.swap && existsSync(join(directory, 'memory.swap.max'))) write(directory, 'memory.swap.max', 0);
}

/** The most memory used at once in a group of the first or the second hierarchy (from Linux 5.19 on). */
export function peakIn(root: string, path: string): number | undefined {
  for (const file of [join('memory', path, 'memory.max_usage_in_bytes'), join(path, 'memory.peak')]) {
    try {
      return Number(readFileSync(join(root, file), 'utf8'));
    } catch {
      // Not a group of this hierarchy.
    }
  }
  return undefined;
}

/**
 * What a group of the first or the second hierarchy uses. What files are cached is none of it: `cache` there, `inactive_file` here, as
 * the genuine agent has it (`agent/stats/utils_unix.go`).
 */
export function useIn(root: string, path: string): GroupUse | undefined {
  const first = (): GroupUse => ({
    cpuNs: Number(readFileSync(join(root, 'cpuacct', path, 'cpuacct.usage'), 'utf8')),
    memoryBytes:
      Number(readFileSync(join(root, 'memory', path, 'memory.usage_in_bytes'), 'utf8')) -
      figureIn(join(root, 'memory', path, 'memory.stat'), 'total_cache'),
  });
  const second = (): GroupUse => ({
    cpuNs: figureIn(join(root, path, 'cpu.stat'), 'usage_usec') * 1_000,
    memoryBytes:
      Number(readFileSync(join(root, path, 'memory.current'), 'utf8')) -
      figureIn(join(root, path, 'memory.stat'), 'inactive_file'),
  });
  for (const read of [first, second]) {
    try {
      const { cpuNs, memoryBytes } = read();
      return { cpuNs, memoryBytes: Math.max(0, memoryBytes) };
    } catch {
      // Not a group of this hierarchy.
    }
  }
  return undefined;
}

/** A figure of a file that has a name and a number on each line. */
function figureIn(file: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
}

/** The kernel takes no less than a millisecond. */
function quotaOf(cpus: number): number {
  return Math.max(1_000, Math.round(cpus * period));
}

function sharesOf(cpuUnits: number): number {
  return Math.min(shares.most, Math.max(shares.least, Math.round(cpuUnits)));
}

/** The second version's weight for the first one's shares, as runc converts them. */
export function weightOf(cpuUnits: number): number {
  return 1 + Math.floor(((sharesOf(cpuUnits) - shares.least) * 9_999) / (shares.most - shares.least));
}

/** In the first hierarchy every controller has a tree, and the engine makes a group in all of them. */
function trees(root: string): string[] {
  return [root, ...childrenOf(root).map((name) => join(root, name))];
}

/** The names of the directories in a directory; none when it is not there. */
export function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function removeTree(directory: string): void {
  for (const name of childrenOf(directory)) removeTree(join(directory, name));
  try {
    rmdirSync(directory);
  } catch {
    // It is not there, or something is in it still.
  }
}

function write(directory: string, file: string, value: string | number): void {
  writeFileSync(join(directory, file), String(value));
}
