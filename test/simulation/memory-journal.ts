import type { Journal, JournalEntry } from '../../src/store/journal/journal.ts';

/**
 * A disk in memory, for simulations: what is flushed survives `crash`, what is not is lost, as with kill -9. Each process
 * opens it anew; what an earlier one still wants to write is ignored.
 */
export class MemoryDisk {
  readonly #rows = new Map<number, JournalEntry>();
  #current: { readonly pending: JournalEntry[] } = { pending: [] };

  /** The journal of a new process. */
  open(): Journal {
    const own = { pending: [] as JournalEntry[] };
    this.#current = own;
    return {
      load: () => [...this.#rows.values()].toSorted((a, b) => a.order - b.order),
      append: (entries) => void own.pending.push(...entries),
      flushed: async () => {
        await new Promise<void>((resolve) => void setImmediate(resolve));
        if (this.#current !== own) return;
        for (const entry of own.pending.splice(0)) {
          if (entry.row === undefined) this.#rows.delete(entry.order);
          else this.#rows.set(entry.order, entry);
        }
      },
      failure: undefined,
      close: () => Promise.resolve(),
    };
  }
}
