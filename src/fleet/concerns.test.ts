import { describe, expect, it } from 'vitest';
import { addConcernsOf, concernsAll, noConcerns } from './concerns.ts';

describe('what concerns one machine', () => {
  const all = {
    tasks: new Map([
      ['a', new Set(['task 1', 'task 2'])],
      ['b', new Set(['task 3'])],
    ]),
    vpcs: new Set(['vpc-1']),
    balancers: new Set(['lb']),
    instances: new Set(['i-1']),
  };

  it('is its own tasks, and networks, balancers and instances of all', () => {
    const own = noConcerns();
    own.tasks.set('a', new Set(['task 0']));
    addConcernsOf('a', all, own);
    expect(own).toEqual({ ...all, tasks: new Map([['a', new Set(['task 0', 'task 1', 'task 2'])]]) });
    // What is shared by all machines is not changed by one of them.
    expect(all.tasks.get('a')?.size).toBe(2);
  });

  it('is nothing of what only others run', () => {
    const own = noConcerns();
    const tasks = { ...noConcerns(), tasks: all.tasks };
    addConcernsOf('c', tasks, own);
    expect(own).toEqual(noConcerns());
    expect(concernsAll(tasks)).toBe(false);
    for (const part of ['vpcs', 'balancers', 'instances'] as const) {
      expect(concernsAll({ ...tasks, [part]: all[part] })).toBe(true);
    }
  });
});
