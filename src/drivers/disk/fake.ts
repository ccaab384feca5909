import type { Disk } from './disk.ts';

/** A disk in memory, on which everything lies in one file system. */
export class FakeDisk implements Disk {
  /** The bytes below each path. */
  readonly content = new Map<string, number>();
  /** Each question after what directories take. */
  readonly asked: string[][] = [];

  used(paths: readonly string[]): Promise<number> {
    this.asked.push([...paths]);
    return Promise.resolve(new Set(paths).values().reduce((sum, path) => sum + (this.content.get(path) ?? 0), 0));
  }

  taken(): Promise<number> {
    return Promise.resolve(this.content.values().reduce((sum, bytes) => sum + bytes, 0));
  }
}
