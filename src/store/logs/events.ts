import type { EventKey } from './event-cipher.ts';

/** An event on its way into the store. */
export interface NewEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** Where an event stands: events are in the order of their time, those of one moment in the order of their arrival. */
export interface Position {
  readonly at: number;
  readonly id: number;
}

/** A stored event. */
export interface StoredEvent extends Position {
  /** The `eventsId` of its stream. */
  readonly stream: number;
  /** When it was stored, epoch milliseconds. */
  readonly ingestedAt: number;
  readonly message: string;
}

/** Events of one stream, to be stored together or not at all. */
export interface Append {
  readonly group: number;
  readonly stream: number;
  readonly at: number;
  readonly events: readonly NewEvent[];
  /** Encrypts them, where their group has a key. */
  readonly key?: EventKey | undefined;
  /** Where a machine sends a container's output: what is not above the sequence taken before is dropped. */
  readonly source?: { readonly runtimeId: string; readonly sequence: number };
}

/** What became of an append. */
export interface Appended {
  /** False when its source had sent it before. */
  readonly stored: boolean;
  /** The highest sequence ever taken of its source; 0 without one. */
  readonly sequence: number;
}

/** Which events of one stream to read, and from which end. Times: `from` included, `until` excluded. */
export interface StreamQuery {
  readonly stream: number;
  readonly from: number;
  readonly until: number;
  readonly direction: 'forward' | 'backward';
  /** Reads on after (forward) or before (backward) this position. */
  readonly beyond?: Position;
  readonly limit: number;
}

/** Which events of a group to search. Times: `from` included, `until` excluded. */
export interface GroupQuery {
  readonly group: number;
  /** Only these streams; all when absent. */
  readonly streams?: readonly number[];
  readonly from: number;
  readonly until: number;
  readonly after?: Position;
  readonly pattern: string;
  readonly limit: number;
}

/** A query as the thread of the file is asked it: with the keys that the group's events may be encrypted with. */
export type Unsealing<Query> = Query & { readonly keys: readonly EventKey[] };

/** One page of a search. `more` is where to go on, when there may be more. */
export interface GroupPage {
  readonly events: readonly StoredEvent[];
  readonly more?: Position;
}

/** What is known of a stream's events. Times are epoch milliseconds. */
export interface StreamStats {
  readonly stream: number;
  readonly group: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly ingestedAt: number;
  /** UTF-8 bytes of the messages and 26 for each event, as AWS counts. */
  readonly bytes: number;
}

/** The size that AWS counts for an event ("PutLogEvents", CloudWatch Logs API Reference). */
export function sizeOf(message: string): number {
  return Buffer.byteLength(message) + 26;
}

/** The most that one page holds, in bytes as `sizeOf` counts them. */
export const pageBytes = 1_048_576;
