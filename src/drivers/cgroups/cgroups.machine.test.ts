import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { createDocker } from '../docker/engine.ts';
import { cgroupsConformance } from './conformance.ts';
import { linuxCgroups, type CgroupKind } from './linux.ts';

const kindOfEngine = async (): Promise<CgroupKind> => {
  const docker = createDocker({ clock: systemClock, dockerHost: process.env['DOCKER_HOST'] });
  try {
    return (await docker.capacity()).cgroups;
  } finally {
    await docker.close();
  }
};
const groups = () => linuxCgroups({ installationId: systemIds.hex(8), kind: kindOfEngine, log: silentLog });

cgroupsConformance('this machine', () => Promise.resolve(groups()));

describe('what this kernel then says', () => {
  it('is the limits that were asked for', async () => {
    const own = groups();
    const kind = await kindOfEngine();
    const parent = await own.ensure(['task-1'], { cpus: 0.25, cpuUnits: 256, memoryMiB: 512, swap: false });
    const read = (tree: string, file: string): string =>
      readFileSync(`/sys/fs/cgroup/${tree}${parent}/${file}`, 'utf8').trim();
    try {
      expect(await own.peak(['task-1'])).toBe(kind === 'v1' ? 0 : expect.any(Number));
      if (kind === 'v1') {
        expect(read('cpu', 'cpu.cfs_quota_us')).toBe('25000');
        expect(read('cpu', 'cpu.shares')).toBe('256');
        expect(read('memory', 'memory.limit_in_bytes')).toBe(String(512 * 2 ** 20));
      } else if (kind === 'v2') {
        expect(read('', 'cpu.max')).toBe('25000 100000');
        expect(read('', 'memory.max')).toBe(String(512 * 2 ** 20));
      } else expect(parent).toMatch(/\.slice$/);
    } finally {
      await own.removeAll();
    }
  });
});
