import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '../../base/command.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Cgroups } from './cgroups.ts';

/** How the engine makes groups: as systemd's slices, or by itself, in the first or second hierarchy. */
export type CgroupKind = 'v1' | 'v2' | 'systemd';

const root = '/sys/fs/cgroup';
/** Microseconds over which CPU time is counted ("CFS Bandwidth Control", kernel documentation). */
const period = 100_000;

/**
 * Groups by the kernel's file system, or systemd's slices where the engine uses those. Where a machine lets us make none, what
 * runs on an instance is not held to its size, and the log says so.
 */
export function linuxCgroups(options: { installationId: string; kind: () => Promise<CgroupKind>; log: Log }): Cgroups {
  const { installationId, log } = options;
  const slice = (name: string): string => `stowage-${installationId}-${name.replaceAll('-', '_')}.slice`;
  const path = (name: string): string => `stowage-${installationId}/${name}`;
  return {
    async ensure(name, { cpus, memoryMiB }) {
      const kind = await options.kind();
      const bytes = memoryMiB * 2 ** 20;
      try {
        switch (kind) {
          case 'v1':
            make('cpu', path(name), { 'cpu.cfs_period_us': period, 'cpu.cfs_quota_us': Math.round(cpus * period) });
            make('memory', path(name), { 'memory.limit_in_bytes': bytes });
            break;
          case 'v2':
            for (const parent of [root, join(root, dirname(path(name)))]) {
              mkdirSync(parent, { recursive: true });
              writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu +memory +pids');
            }
            make('', path(name), { 'cpu.max': `${Math.round(cpus * period)} ${period}`, 'memory.max': bytes });
            break;
          case 'systemd':
            await runCommand('systemctl', ['start', slice(name)]);
            await runCommand('systemctl', [
              'set-property',
              '--runtime',
              slice(name),
              `CPUQuota=${cpus * 100}%`,
              `MemoryMax=${bytes}`,
            ]);
            break;
          default:
            kind satisfies never;
        }
      } catch (error) {
        log.warn('an instance is not held to its size', { instance: name, error: messageOf(error) });
        return '';
      }
      return kind === 'systemd' ? slice(name) : `/${path(name)}`;
    },
    async remove(name) {
      if ((await options.kind()) === 'systemd') {
        await runCommand('systemctl', ['stop', slice(name)]).catch(() => {});
        return;
      }
      for (const tree of trees()) removeDirectory(join(root, tree, path(name)));
      for (const tree of trees()) removeDirectory(join(root, tree, dirname(path(name))));
    },
    async removeAll() {
      for (const tree of trees()) {
        const directory = join(root, tree, `stowage-${installationId}`);
        for (const name of childrenOf(directory)) removeDirectory(join(directory, name));
        removeDirectory(directory);
      }
      const slices = `stowage-${installationId}-*.slice`;
      if (childrenOf(join(root, 'stowage.slice')).length > 0) {
        await runCommand('systemctl', ['stop', slices]).catch(() => {});
      }
    },
  };
}

/** In the first hierarchy every controller has a tree, and the engine makes a group in all of them. */
function trees(): string[] {
  return ['', ...childrenOf(root)];
}

function childrenOf(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function removeDirectory(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // It is not there, or something is in it still.
  }
}

function make(tree: string, path: string, values: Readonly<Record<string, string | number>>): void {
  const directory = join(root, tree, path);
  mkdirSync(directory, { recursive: true });
  for (const [file, value] of Object.entries(values)) writeFileSync(join(directory, file), String(value));
}
