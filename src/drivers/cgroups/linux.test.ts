import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog, textLog } from '../../base/log.ts';
import type { Cgroups } from './cgroups.ts';
import { linuxCgroups, type CgroupKind } from './linux.ts';

// A folder stands in for the kernel's file system: what would be written, and what would be run.

let root: string;
let ran: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stowage-cgroups-'));
  ran = [];
});
afterEach(() => rmSync(root, { recursive: true }));

function groups(kind: CgroupKind, log = silentLog): Cgroups {
  const run = (program: string, args: readonly string[]): Promise<void> => {
    ran.push([program, ...args].join(' '));
    return Promise.resolve();
  };
  return linuxCgroups({ installationId: '0a', kind: () => Promise.resolve(kind), log, root, run });
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const task = { cpus: 0.25, cpuUnits: 256, memoryMiB: 512, swap: false };

describe('the first hierarchy', () => {
  it('limits time and memory in their own trees', async () => {
    expect(await groups('v1').ensure(['task-1'], task)).toBe('/stowage-0a/task-1');
    expect(read('cpu/stowage-0a/task-1/cpu.cfs_period_us')).toBe('100000');
    expect(read('cpu/stowage-0a/task-1/cpu.cfs_quota_us')).toBe('25000');
    expect(read('cpu/stowage-0a/task-1/cpu.shares')).toBe('256');
    expect(read('memory/stowage-0a/task-1/memory.limit_in_bytes')).toBe(String(2 ** 29));
    // A kernel that does not count swap has no such file, and one since 5.11 counts children always.
    expect(existsSync(join(root, 'memory/stowage-0a/task-1/memory.memsw.limit_in_bytes'))).toBe(false);
  });

  it('keeps swap from what may have none, where swap is counted', async () => {
    const memory = join(root, 'memory/stowage-0a/task-1');
    for (const file of ['memory.memsw.limit_in_bytes', 'memory.use_hierarchy']) {
      mkdirSync(dirname(join(memory, file)), { recursive: true });
      writeFileSync(join(memory, file), '');
    }
    await groups('v1').ensure(['task-1'], task);
    expect(read('memory/stowage-0a/task-1/memory.memsw.limit_in_bytes')).toBe(String(2 ** 29));
    expect(read('memory/stowage-0a/task-1/memory.use_hierarchy')).toBe('1');
  });

  it('limits nothing that is not given', async () => {
    await groups('v1').ensure(['task-1'], { cpuUnits: 1, swap: true });
    expect(read('cpu/stowage-0a/task-1/cpu.cfs_quota_us')).toBe('-1');
    expect(read('cpu/stowage-0a/task-1/cpu.shares')).toBe('2');
    expect(read('memory/stowage-0a/task-1/memory.limit_in_bytes')).toBe('-1');
  });
});

describe('the second hierarchy', () => {
  it('hands the controllers down and limits in one place', async () => {
    expect(await groups('v2').ensure(['i-0', 'task-1'], task)).toBe('/stowage-0a/i-0/task-1');
    for (const parent of ['', 'stowage-0a/', 'stowage-0a/i-0/']) {
      expect(read(`${parent}cgroup.subtree_control`)).toBe('+cpu +memory +pids');
    }
    expect(read('stowage-0a/i-0/task-1/cpu.max')).toBe('25000 100000');
    expect(read('stowage-0a/i-0/task-1/cpu.weight')).toBe('10');
    expect(read('stowage-0a/i-0/task-1/memory.max')).toBe(String(2 ** 29));
    await groups('v2').ensure(['task-2'], { swap: true });
    expect(read('stowage-0a/task-2/cpu.max')).toBe('max 100000');
    expect(read('stowage-0a/task-2/memory.max')).toBe('max');
  });
});

describe("systemd's slices", () => {
  const outer = 'stowage-0a-i_0.slice';
  const inner = 'stowage-0a-i_0-task_1.slice';

  it('are nested by their names', async () => {
    expect(await groups('systemd').ensure(['i-0', 'task-1'], { ...task, cpus: 1 / 3 })).toBe(inner);
    expect(ran).toEqual([
      `systemctl start ${inner}`,
      `systemctl set-property --runtime ${inner} CPUQuota=33.33% CPUWeight=10 MemoryMax=${2 ** 29} MemorySwapMax=0`,
    ]);
    ran = [];
    await groups('systemd').ensure(['task-2'], { swap: true });
    expect(ran.at(-1)).toBe('systemctl set-property --runtime stowage-0a-task_2.slice CPUQuota= MemoryMax=infinity');
  });

  it('are found where systemd puts them, and leave no settings behind', async () => {
    mkdirSync(join(root, 'stowage.slice', 'stowage-0a.slice', outer, inner), { recursive: true });
    expect(await groups('systemd').list(['i-0'])).toEqual(['task-1']);
    expect(await groups('systemd').list([])).toEqual(['i-0']);
    await groups('systemd').remove(['i-0']);
    const gone = (slice: string): string[] => [`systemctl stop ${slice}`, `systemctl revert ${slice}`];
    expect(ran).toEqual([...gone(inner), ...gone(outer)]);
    ran = [];
    // Whatever the engine uses by now.
    await groups('v1').removeAll();
    expect(ran).toEqual([...gone(inner), ...gone(outer), ...gone('stowage-0a.slice')]);
  });
});

describe('the most memory used at once', () => {
  it.each<[CgroupKind, string]>([
    ['v1', 'memory/stowage-0a/task-1/memory.max_usage_in_bytes'],
    ['v2', 'stowage-0a/task-1/memory.peak'],
    ['systemd', 'memory/stowage.slice/stowage-0a.slice/stowage-0a-task_1.slice/memory.max_usage_in_bytes'],
    ['systemd', 'stowage.slice/stowage-0a.slice/stowage-0a-task_1.slice/memory.peak'],
  ])('is where %s has it', async (kind, path) => {
    expect(await groups(kind).peak(['task-1'])).toBeUndefined();
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '4096\n');
    expect(await groups(kind).peak(['task-1'])).toBe(4096);
  });
});

describe('a machine that lets nobody make groups', () => {
  it('is said to hold nothing to its size', async () => {
    let text = '';
    const log = textLog(new FakeClock(), (line) => (text += line));
    writeFileSync(join(root, 'cpu'), 'not a folder');
    expect(await groups('v1', log).ensure(['task-1'], task)).toBe('');
    expect(text).toContain('not held to its size');
  });

  it('is asked again for its kind when it did not answer', async () => {
    let asked = 0;
    const kind = (): Promise<CgroupKind> => (++asked === 1 ? Promise.reject(new Error('away')) : Promise.resolve('v1'));
    const own = linuxCgroups({ installationId: '0a', kind, log: silentLog, root });
    await expect(own.ensure(['task-1'], task)).rejects.toThrow('away');
    expect(await own.ensure(['task-1'], task)).toBe('/stowage-0a/task-1');
    await own.ensure(['task-2'], task);
    expect(asked).toBe(2);
  });
});
