import { randomBytes } from 'node:crypto';

/** The only source of randomness in the project, so that a scenario replays from its seed. */
export interface Ids {
  /** `digits` lower-case hexadecimal digits. */
  hex(digits: number): string;
  /** A random (version 4) UUID. */
  uuid(): string;
  /** A float in [0, 1). */
  random(): number;
}

function fromBytes(bytes: (count: number) => Uint8Array): Ids {
  const hex = (digits: number): string => {
    const text = Buffer.from(bytes(Math.ceil(digits / 2))).toString('hex');
    return text.slice(0, digits);
  };
  return {
    hex,
    uuid() {
      const h = hex(32);
      const variant = ((Number.parseInt(h[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
      return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20, 32)}`;
    },
    random() {
      return Buffer.from(bytes(6)).readUIntBE(0, 6) / 2 ** 48;
    },
  };
}

/** Unpredictable ids, from the operating system's generator. */
export const systemIds: Ids = fromBytes((count) => randomBytes(count));

/** Ids that repeat exactly for the same seed (mulberry32). For tests and simulations only. */
export function seededIds(seed: number): Ids {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return fromBytes((count) => Uint8Array.from({ length: count }, () => next() & 0xff));
}
