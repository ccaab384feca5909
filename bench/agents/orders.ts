import type { Keys } from './signed-calls.ts';

/** What a process of simulated agents is told. All of it is answered with a `Report` of the same kind. */
export type Order =
  /** Registers and connects so many agents, a few at a time. */
  | {
      readonly kind: 'join';
      readonly count: number;
      readonly endpoint: string;
      readonly cluster: string;
      readonly keys: Keys;
      readonly attributes: readonly string[];
    }
  /** Every agent publishes metrics as fast as they are acknowledged. */
  | { readonly kind: 'publish'; readonly untilMs: number }
  /** The floor: opens two bare connections for each. */
  | { readonly kind: 'join-bare'; readonly count: number; readonly port: number }
  /** The floor: every bare agent sends as many bytes, and awaits as many. */
  | { readonly kind: 'publish-bare'; readonly untilMs: number; readonly bytes: number };

/** What such a process tells. Times are milliseconds of the machine's monotonic clock, which all processes share. */
export type Report =
  | { readonly kind: 'join' | 'join-bare' }
  /** So many frames, each of so many bytes. */
  | { readonly kind: 'publish' | 'publish-bare'; readonly acknowledged: number; readonly bytes: number }
  /** Tasks that came over the wire. */
  | {
      readonly kind: 'payload';
      readonly atMs: number;
      readonly bytes: number;
      readonly tasks: readonly { readonly arn: string; readonly desiredStatus: string }[];
    }
  /** A frame of the floor. */
  | { readonly kind: 'frame'; readonly atMs: number };

/** What acknowledges a frame of metrics. */
export const acknowledgment = '{"type":"AckPublishMetric","message":{"message":"ACK"}}';
