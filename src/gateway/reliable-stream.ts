import type { Ids } from '../base/ids.ts';
import { encodeMessage, jsonOf, jsonPayload, type ClientMessage } from './client-message.ts';

/** A message of the other end, in its turn. */
export interface Delivery {
  readonly sequence: number;
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

/** What an acknowledgement settled. */
export interface Settled {
  readonly payloadType: number;
  /** Bytes of its payload. */
  readonly length: number;
}

interface Unacknowledged extends Settled {
  readonly frame: Uint8Array;
  sentAt: number;
  /** Sent more than once: which of them was answered nobody can tell (Karn's algorithm, RFC 6298). */
  resent: boolean;
}

/** The retransmission time-out before anything was measured, and its bounds, milliseconds: those of the plugin. */
const firstTimeoutMs = 200;
const longestTimeoutMs = 1_000;
const granularityMs = 10;
/** How far ahead of what is expected a message may come. */
const reorderWindow = 10_000;

/**
 * One end of the reliable streams of a data channel, without a clock and without a socket: frames in, frames and
 * deliveries out. Messages are numbered from 0 in each direction, kept until they are acknowledged, and delivered once and
 * in order; numbers go on over a new connection. What is delivered is acknowledged by whoever took it, once it has: a
 * sender is slowed down by that, and by nothing else.
 */
export class ReliableStream {
  readonly #sends: 'input_stream_data' | 'output_stream_data';
  readonly #ids: Ids;
  #nextSequence = 0;
  readonly #unacknowledged = new Map<number, Unacknowledged>();
  #unacknowledgedBytes = 0;
  #expected = 0;
  readonly #early = new Map<number, ClientMessage>();
  /** The ids of messages that were delivered and are not acknowledged yet. */
  readonly #delivered = new Map<number, string>();
  #roundTripMs: number | undefined;
  #variationMs = 0;
  #timeoutMs = firstTimeoutMs;

  constructor(sends: 'input_stream_data' | 'output_stream_data', ids: Ids) {
    this.#sends = sends;
    this.#ids = ids;
  }

  /** Bytes that the other end has not acknowledged. */
  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  /** Whether everything sent was acknowledged. */
  get settled(): boolean {
    return this.#unacknowledged.size === 0;
  }

  /** Takes a message up and answers its frame, to be sent now. */
  send(payloadType: number, payload: Uint8Array, now: number): Uint8Array {
    const sequence = this.#nextSequence++;
    const frame = encodeMessage({
      type: this.#sends,
      createdAt: now,
      sequence,
      flags: sequence === 0 ? 1 : 0,
      id: this.#ids.uuid(),
      payloadType,
      payload,
    });
    this.#unacknowledged.set(sequence, { frame, sentAt: now, resent: false, payloadType, length: payload.length });
    this.#unacknowledgedBytes += payload.length;
    return frame;
  }

  /**
   * Takes a stream message of the other end: what can be delivered now, in order, and the acknowledgements of what was
   * delivered and acknowledged before and came again (its acknowledgement was lost).
   */
  receive(
    message: ClientMessage,
    now: number,
  ): { readonly deliveries: readonly Delivery[]; readonly again: Uint8Array[] } {
    const { sequence } = message;
    if (sequence < this.#expected) {
      const again = this.#delivered.has(sequence) ? [] : [this.#acknowledgement(sequence, message.id, now)];
      return { deliveries: [], again };
    }
    if (sequence - this.#expected < reorderWindow) this.#early.set(sequence, message);
    const deliveries: Delivery[] = [];
    for (let next = this.#early.get(this.#expected); next !== undefined; next = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected);
      this.#delivered.set(this.#expected, next.id);
      deliveries.push({ sequence: this.#expected, payloadType: next.payloadType, payload: next.payload });
      this.#expected += 1;
    }
    return { deliveries, again: [] };
  }

  /** The acknowledgement of a delivery that was dealt with. */
  acknowledge(sequence: number, now: number): Uint8Array | undefined {
    const id = this.#delivered.get(sequence);
    if (id === undefined) return undefined;
    this.#delivered.delete(sequence);
    return this.#acknowledgement(sequence, id, now);
  }

  /** Takes an acknowledgement; answers what it settled, `undefined` when that was settled before. */
  acknowledged(message: ClientMessage, now: number): Settled | undefined {
    const sequence = jsonOf(message.payload)?.['AcknowledgedMessageSequenceNumber'];
    const sent = typeof sequence === 'number' ? this.#unacknowledged.get(sequence) : undefined;
    if (sent === undefined) return undefined;
    this.#unacknowledged.delete(sequence as number);
    this.#unacknowledgedBytes -= sent.length;
    if (!sent.resent) this.#measure(now - sent.sentAt);
    return sent;
  }

  /** When the oldest message is to be sent again. */
  get dueAt(): number | undefined {
    const oldest = this.#oldest();
    return oldest === undefined ? undefined : oldest.sentAt + this.#timeoutMs;
  }

  /** The oldest message when it is to be sent again. */
  due(now: number): Uint8Array | undefined {
    const oldest = this.#oldest();
    if (oldest === undefined || now < oldest.sentAt + this.#timeoutMs) return undefined;
    oldest.sentAt = now;
    oldest.resent = true;
    return oldest.frame;
  }

  /** Everything that was not acknowledged, for a new connection. */
  resend(now: number): Uint8Array[] {
    return Array.from(this.#unacknowledged.values(), (sent) => {
      sent.sentAt = now;
      sent.resent = true;
      return sent.frame;
    });
  }

  #oldest(): Unacknowledged | undefined {
    // A map keeps the order in which its keys came, which is that of the numbers.
    return this.#unacknowledged.values().next().value;
  }

  #acknowledgement(sequence: number, id: string, now: number): Uint8Array {
    return encodeMessage({
      type: 'acknowledge',
      createdAt: now,
      sequence: 0,
      flags: 3,
      id: this.#ids.uuid(),
      payloadType: 0,
      payload: jsonPayload({
        AcknowledgedMessageType: this.#sends === 'output_stream_data' ? 'input_stream_data' : 'output_stream_data',
        AcknowledgedMessageId: id,
        AcknowledgedMessageSequenceNumber: sequence,
        IsSequentialMessage: true,
      }),
    });
  }

  /** "Computing TCP's Retransmission Timer", RFC 6298. */
  #measure(tripMs: number): void {
    if (this.#roundTripMs === undefined) {
      this.#roundTripMs = tripMs;
      this.#variationMs = tripMs / 2;
    } else {
      this.#variationMs += (Math.abs(this.#roundTripMs - tripMs) - this.#variationMs) / 4;
      this.#roundTripMs += (tripMs - this.#roundTripMs) / 8;
    }
    const timeout = this.#roundTripMs + Math.max(granularityMs, 4 * this.#variationMs);
    this.#timeoutMs = Math.min(longestTimeoutMs, Math.max(firstTimeoutMs, Math.ceil(timeout)));
  }
}
