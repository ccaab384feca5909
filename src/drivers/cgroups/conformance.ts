import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cgroups } from './cgroups.ts';

/** What every implementation of `Cgroups` does, on whatever machine. */
export function cgroupsConformance(name: string, make: () => Promise<Cgroups>): void {
  describe(`control groups: ${name}`, () => {
    const half = { cpus: 0.5, cpuUnits: 512, memoryMiB: 64, swap: false };
    let groups: Cgroups;
    beforeAll(async () => {
      groups = await make();
    });
    afterAll(() => groups.removeAll());

    it('makes a group, again if asked, and in it another', async () => {
      const outer = await groups.ensure(['i-0'], { ...half, cpus: 1, memoryMiB: 128 });
      expect(outer).not.toBe('');
      const inner = await groups.ensure(['i-0', 'task-1'], half);
      expect(inner).not.toBe(outer);
      expect(await groups.ensure(['i-0', 'task-1'], { ...half, memoryMiB: 32 })).toBe(inner);
      await groups.ensure(['task-2'], { swap: true });
      expect([...(await groups.list([]))].sort()).toEqual(['i-0', 'task-2']);
      expect(await groups.list(['i-0'])).toEqual(['task-1']);
    });

    it('says nothing of the memory of a group that is not there', async () => {
      expect(await groups.peak(['nobody'])).toBeUndefined();
    });

    it('says what a group uses, and nothing of one that is not there', async () => {
      expect(await groups.use(['nobody'])).toBeUndefined();
      const use = await groups.use(['i-0', 'task-1']);
      // In the first hierarchy the engine makes the tree in which time is counted.
      if (use !== undefined) expect([use.cpuNs >= 0, use.memoryBytes >= 0]).toEqual([true, true]);
    });

    it('removes a group with those in it, and none that is not there', async () => {
      await groups.remove(['i-0']);
      await groups.remove(['i-0']);
      await groups.remove(['nobody', 'task-1']);
      expect(await groups.list(['i-0'])).toEqual([]);
      expect(await groups.list([])).toEqual(['task-2']);
      await groups.removeAll();
      expect(await groups.list([])).toEqual([]);
    });
  });
}
