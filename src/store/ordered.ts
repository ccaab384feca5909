/** A row in its place: `order` is given at insertion and stays for the row's life. One without a row rests in the journal. */
export interface Entry {
  row: unknown;
  readonly order: number;
}

/**
 * Entries by key, listed in their order. Nearly everything is added in order, so a Map already lists right; what is
 * added late (a row that came under an index value after its insertion, a delete that was undone) costs one sort at the
 * next listing.
 */
export class Ordered {
  #entries = new Map<string, Entry>();
  #highest = -1;
  #sorted = true;
  /** Set anew whenever a row in it is added, changed or taken away. */
  stamp = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  add(key: string, entry: Entry): void {
    if (entry.order > this.#highest) this.#highest = entry.order;
    else this.#sorted = false;
    this.#entries.set(key, entry);
  }

  remove(key: string): void {
    this.#entries.delete(key);
  }

  /** The keys, in order. */
  keys(): string[] {
    this.#sort();
    return [...this.#entries.keys()];
  }

  /** The rows, in order; `read` answers those that rest. */
  rows(read: (entry: Entry) => unknown): unknown[] {
    this.#sort();
    return Array.from(this.#entries.values(), (entry) => entry.row ?? read(entry));
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#entries = new Map([...this.#entries].sort(([, a], [, b]) => a.order - b.order));
    this.#sorted = true;
  }
}
