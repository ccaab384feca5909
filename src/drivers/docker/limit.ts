/**
 * Runs at most `width` of the given works at a time; the others wait in the order they came. An engine asked for more
 * than about twice the cores at once only queues, and everything gets slower.
 */
export function limiter(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= width) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place passes straight on, so that nobody slips in between.
      if (next === undefined) running--;
      else next();
    }
  };
}
