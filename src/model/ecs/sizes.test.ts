import { assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fargateSizes, isFargateSize, parseTaskCpu, parseTaskMemory } from './sizes.ts';

describe('task sizes', () => {
  it.each([
    ['256', 256],
    ['.5vCPU', 512],
    ['0.5 vCPU', 512],
    ['.25 vcpu', 256],
    ['1 vCPU', 1024],
    ['16vCPU', 16_384],
    [' 512 ', 512],
    ['1GB', undefined],
    ['half', undefined],
    ['', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['0.3', undefined],
    ['.', undefined],
  ])('cpu %j is %j', (text, units) => expect(parseTaskCpu(text)).toBe(units));

  it.each([
    ['512', 512],
    ['1GB', 1024],
    ['2 GB', 2048],
    ['.5gb', 512],
    ['30 GB', 30_720],
    ['1 vCPU', undefined],
    ['1024MB', undefined],
  ])('memory %j is %j', (text, mib) => expect(parseTaskMemory(text)).toBe(mib));

  it('reads every spelling of a Fargate size alike', () => {
    assert(
      property(constantFrom(...fargateSizes()), constantFrom('', ' '), ({ cpu, memory }, space) => {
        expect(parseTaskCpu(`${cpu / 1024}${space}vCPU`)).toBe(parseTaskCpu(String(cpu)));
        expect(parseTaskMemory(`${memory / 1024}${space}GB`)).toBe(parseTaskMemory(String(memory)));
        expect(isFargateSize(cpu, memory)).toBe(true);
      }),
    );
  });

  it.each([
    [256, 4096],
    [256, 256],
    [512, 512],
    [1024, 9216],
    [8192, 17_408],
    [3000, 8192],
  ])('Fargate has no size of %i units and %i MiB', (cpu, memory) => expect(isFargateSize(cpu, memory)).toBe(false));
});
