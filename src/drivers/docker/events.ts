import type { Clock } from '../../base/clock.ts';
import type { ContainerEvent } from './driver.ts';
import type { EngineHttp } from './engine-http.ts';
import { jsonLines } from './json-lines.ts';
import { eventOf, type EngineEvent } from './translate.ts';

const firstDelayMs = 50;
const longestDelayMs = 5_000;

/**
 * Follows `GET /events` for ever: when the stream ends or the engine is away it connects again, waiting from 50 ms,
 * doubling, to 5 s between attempts. Answers how to stop.
 */
export function followEvents(
  http: EngineHttp,
  clock: Clock,
  label: string,
  onEvent: (event: ContainerEvent) => void,
  onConnect: () => void,
): () => void {
  const stop = new AbortController();
  const filters = JSON.stringify({ type: ['container'], label: [label] });
  const run = async (): Promise<void> => {
    let delayMs = firstDelayMs;
    for (;;) {
      try {
        const body = await http.stream('GET', '/events', { query: { filters }, signal: stop.signal });
        delayMs = firstDelayMs;
        onConnect();
        for await (const raw of jsonLines<EngineEvent>(body)) {
          const event = eventOf(raw);
          if (event !== undefined && !stop.signal.aborted) onEvent(event);
        }
      } catch {
        // Whatever it was, the way on is the same: connect again.
      }
      if (stop.signal.aborted) return;
      await clock.sleep(delayMs, stop.signal);
      delayMs = Math.min(longestDelayMs, delayMs * 2);
    }
  };
  // The only rejection is that of a sleep that was ended by `stop`.
  run().catch(() => {});
  return () => stop.abort();
}
