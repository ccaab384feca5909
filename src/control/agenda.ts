/**
 * Subjects by the time at which they want to be looked at again: a binary heap, so that ten thousand waiting subjects
 * cost a tick nothing. Each subject has at most one time.
 */
export class Agenda {
  readonly #heap: { readonly at: number; readonly subject: string }[] = [];
  /** The time that counts for each subject; heap entries that disagree are leftovers and are dropped when they come up. */
  readonly #at = new Map<string, number>();

  /** Sets a subject's time, in epoch milliseconds; `undefined` takes it off. */
  set(subject: string, at: number | undefined): void {
    if (this.#at.get(subject) === at) return;
    if (at === undefined) {
      this.#at.delete(subject);
      return;
    }
    this.#at.set(subject, at);
    this.#push({ at, subject });
  }

  /** The earliest time of all. */
  next(): number | undefined {
    this.#drop();
    return this.#heap[0]?.at;
  }

  /** Takes off and answers every subject whose time has come. */
  due(now: number): string[] {
    const due: string[] = [];
    for (this.#drop(); (this.#heap[0]?.at ?? Infinity) <= now; this.#drop()) {
      const subject = this.#pop();
      this.#at.delete(subject);
      due.push(subject);
    }
    return due;
  }

  #drop(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#at.get(top.subject) !== top.at; top = this.#heap[0]) {
      this.#pop();
    }
  }

  #push(entry: { readonly at: number; readonly subject: string }): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= entry.at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): string {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) throw new Error('the agenda is empty');
    if (heap.length === 0) return top.subject;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (right !== undefined && below !== undefined && right.at < below.at) {
        child += 1;
        below = right;
      }
      if (below === undefined || below.at >= last.at) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return top.subject;
  }
}
