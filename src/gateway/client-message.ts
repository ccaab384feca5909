import { createHash } from 'node:crypto';

/** The kinds of frame on a data channel. */
export type MessageType =
  | 'input_stream_data'
  | 'output_stream_data'
  | 'acknowledge'
  | 'channel_closed'
  | 'start_publication'
  | 'pause_publication';

/** What a frame's payload is. */
export const payloadTypes = {
  /** Bytes: of standard input upwards, of the terminal or the port downwards. */
  output: 1,
  error: 2,
  /** `{"cols":80,"rows":24}`. */
  size: 3,
  parameter: 4,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  encryptionChallengeRequest: 8,
  encryptionChallengeResponse: 9,
  /** A number of `flags`, four bytes big-endian. */
  flag: 10,
  standardError: 11,
  exitCode: 12,
} as const;

/** What a payload of type `flag` says. */
export const flags = { disconnectToPort: 1, terminateSession: 2, connectToPortError: 3 } as const;

/** One frame of a data channel. */
export interface ClientMessage {
  readonly type: MessageType;
  /** Epoch milliseconds; never 0. */
  readonly createdAt: number;
  readonly sequence: number;
  /** Bit 0: the first of a stream, bit 1: the last. */
  readonly flags: number;
  /** A UUID. */
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

/** Where the payload's length stands; the payload follows it. */
const headerLength = 116;
const payloadAt = headerLength + 4;

/**
 * A frame as it travels: big-endian, as the open-source session-manager-plugin reads and writes it
 * (`src/message/messageparser.go`).
 */
export function encodeMessage(message: ClientMessage): Uint8Array {
  const { payload } = message;
  const frame = Buffer.alloc(payloadAt + payload.length);
  frame.writeUInt32BE(headerLength, 0);
  frame.write(message.type.padEnd(32, ' '), 4, 'latin1');
  frame.writeUInt32BE(1, 36);
  frame.writeBigUInt64BE(BigInt(message.createdAt), 40);
  frame.writeBigInt64BE(BigInt(message.sequence), 48);
  frame.writeBigUInt64BE(BigInt(message.flags), 56);
  const uuid = Buffer.from(message.id.replaceAll('-', ''), 'hex');
  // The halves of the id are swapped: the less significant comes first.
  uuid.copy(frame, 64, 8, 16);
  uuid.copy(frame, 72, 0, 8);
  digestOf(payload).copy(frame, 80);
  frame.writeUInt32BE(message.payloadType, 112);
  frame.writeUInt32BE(payload.length, headerLength);
  frame.set(payload, payloadAt);
  return frame;
}

/** Reads a frame; `undefined` for what is none, or was damaged on its way: it is dropped and not acknowledged. */
export function decodeMessage(bytes: Uint8Array): ClientMessage | undefined {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.length < payloadAt) return undefined;
  const lengthAt = frame.readUInt32BE(0);
  if (lengthAt < headerLength || lengthAt + 4 > frame.length) return undefined;
  const length = frame.readUInt32BE(lengthAt);
  if (lengthAt + 4 + length !== frame.length) return undefined;
  const type = typeOf(frame);
  const createdAt = Number(frame.readBigUInt64BE(40));
  const sequence = Number(frame.readBigInt64BE(48));
  if (type === undefined || createdAt === 0 || !Number.isSafeInteger(sequence) || sequence < 0) return undefined;
  const payload = frame.subarray(lengthAt + 4);
  if (length > 0 && !digestOf(payload).equals(frame.subarray(80, 112))) return undefined;
  const uuid = Buffer.concat([frame.subarray(72, 80), frame.subarray(64, 72)]).toString('hex');
  return {
    type,
    createdAt,
    sequence,
    flags: Number(frame.readBigUInt64BE(56)),
    id: `${uuid.slice(0, 8)}-${uuid.slice(8, 12)}-${uuid.slice(12, 16)}-${uuid.slice(16, 20)}-${uuid.slice(20)}`,
    payloadType: frame.readUInt32BE(112),
    payload,
  };
}

const types: ReadonlySet<string> = new Set<MessageType>([
  'input_stream_data',
  'output_stream_data',
  'acknowledge',
  'channel_closed',
  'start_publication',
  'pause_publication',
]);

function typeOf(frame: Buffer): MessageType | undefined {
  const text = frame.toString('latin1', 4, 36).replaceAll('\0', '').trim();
  return types.has(text) ? (text as MessageType) : undefined;
}

function digestOf(payload: Uint8Array): Buffer {
  return createHash('sha256').update(payload).digest();
}

/** The value of a JSON payload; `undefined` when it is no JSON object. */
export function jsonOf(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A JSON payload. */
export function jsonPayload(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
