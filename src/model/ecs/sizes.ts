/**
 * Task sizes as ECS spells them ("Task size", Amazon ECS task definition parameters): CPU in units (1024 = one vCPU),
 * memory in MiB, both also as `.5vCPU`, `0.5 vCPU`, `1GB`, `2 GB`.
 */

/** CPU units of a task-level `cpu`; `undefined` when it is no size. */
export function parseTaskCpu(text: string): number | undefined {
  return parse(text, 'vcpu');
}

/** MiB of a task-level `memory`; `undefined` when it is no size. */
export function parseTaskMemory(text: string): number | undefined {
  return parse(text, 'gb');
}

function parse(text: string, unit: string): number | undefined {
  const match = /^(\d*\.?\d+)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const value = suffix === '' ? Number(digits) : suffix.toLowerCase() === unit ? Number(digits) * 1024 : NaN;
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

/** The memory sizes, in MiB, that Fargate offers for each CPU size. */
const fargateMemory: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1024, 2048]],
  [512, range(1024, 4096, 1024)],
  [1024, range(2048, 8192, 1024)],
  [2048, range(4096, 16_384, 1024)],
  [4096, range(8192, 30_720, 1024)],
  [8192, range(16_384, 61_440, 4096)],
  [16_384, range(32_768, 122_880, 8192)],
]);

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}

/** Whether Fargate has a size of `cpu` units and `memory` MiB. */
export function isFargateSize(cpu: number, memory: number): boolean {
  return fargateMemory.get(cpu)?.includes(memory) ?? false;
}

/** Every pair that Fargate offers, in units and MiB. */
export function fargateSizes(): { readonly cpu: number; readonly memory: number }[] {
  return [...fargateMemory].flatMap(([cpu, sizes]) => sizes.map((memory) => ({ cpu, memory })));
}
