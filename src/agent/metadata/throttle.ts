import type { Clock } from '../../base/clock.ts';
import type { Answer } from './answer.ts';

/** How many requests are taken: `perSecond` for ever, and `burst` at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** How many callers are remembered before those that need not be are forgotten. */
const bucketsKept = 1_000;

/** A bucket of tokens for each caller (RFC 2697's idea): full at first, refilled steadily. */
export class Throttle {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes a token of a caller's; answers whether there was one. */
  take(caller: string): boolean {
    const { perSecond, burst } = this.#rate;
    const now = this.#clock.now();
    const fullAfterMs = (burst / perSecond) * 1000;
    if (this.#buckets.size > bucketsKept) {
      // Whoever has not asked for so long has a full bucket, and is a stranger again.
      for (const [each, { at }] of this.#buckets) if (now - at >= fullAfterMs) this.#buckets.delete(each);
    }
    const { tokens, at } = this.#buckets.get(caller) ?? { tokens: burst, at: now };
    const left = Math.min(burst, tokens + ((now - at) / 1000) * perSecond);
    this.#buckets.set(caller, { tokens: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }
}

/** What the agent says to whoever asks too often. */
export const tooMany: Answer = { status: 429, body: 'You have reached maximum request limit.', text: true };
