import type { Cgroups, GroupLimits, GroupPath, GroupUse } from './cgroups.ts';

/** Groups in memory, which hold nothing. */
export class FakeCgroups implements Cgroups {
  readonly #groups = new Map<string, GroupLimits>();
  /** What `use` says of groups, by their paths. */
  readonly uses = new Map<string, GroupUse>();
  /** What `peak` says of every group. */
  used: number | undefined;

  /** The groups that there are, by their paths. */
  get groups(): ReadonlyMap<string, GroupLimits> {
    return this.#groups;
  }

  ensure(path: GroupPath, limits: GroupLimits): Promise<string> {
    const key = path.join('/');
    this.#groups.set(key, limits);
    return Promise.resolve(`/fake/${key}`);
  }

  peak(path: GroupPath): Promise<number | undefined> {
    return Promise.resolve(this.#groups.has(path.join('/')) ? this.used : undefined);
  }

  use(path: GroupPath): Promise<GroupUse | undefined> {
    const key = path.join('/');
    return Promise.resolve(this.#groups.has(key) ? (this.uses.get(key) ?? { cpuNs: 0, memoryBytes: 0 }) : undefined);
  }

  list(path: GroupPath): Promise<readonly string[]> {
    const within = [...this.#groups.keys()].map((key) => key.split('/')).filter((each) => isIn(each, path));
    return Promise.resolve([...new Set(within.map((each) => each[path.length] ?? ''))]);
  }

  remove(path: GroupPath): Promise<void> {
    for (const key of this.#groups.keys()) {
      const each = key.split('/');
      if (key === path.join('/') || isIn(each, path)) this.#groups.delete(key);
    }
    return Promise.resolve();
  }

  removeAll(): Promise<void> {
    this.#groups.clear();
    return Promise.resolve();
  }
}

function isIn(group: GroupPath, path: GroupPath): boolean {
  return group.length > path.length && path.every((name, at) => group[at] === name);
}
