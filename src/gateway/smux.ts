/**
 * One end of smux, version 1: streams multiplexed over one reliable stream of bytes, as the session-manager-plugin uses
 * xtaci/smux for port sessions. A frame is a version (1), a command, a length and a stream's number, both little-endian,
 * and that many bytes. Bytes in, events and frames out; no clock, no socket.
 */

const commands = { open: 0, finish: 1, data: 2, idle: 3 } as const;
/** The bytes of a frame before its data. */
export const headerBytes = 8;
/** The most bytes of one data frame (`MaxFrameSize` of its default configuration). */
const frameBytes = 32_768;

/** What the other end did. */
export type SmuxEvent =
  | { readonly kind: 'open'; readonly stream: number }
  | { readonly kind: 'data'; readonly stream: number; readonly data: Uint8Array }
  /** It writes no more, and mostly does not read either. */
  | { readonly kind: 'finish'; readonly stream: number };

/** Reads frames from bytes that come in any pieces. */
export class SmuxReader {
  #rest: Buffer = Buffer.alloc(0);

  /** What is new with these bytes. Throws for what is no smux of version 1: nothing after it can be understood. */
  read(bytes: Uint8Array): SmuxEvent[] {
    const all = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    const events: SmuxEvent[] = [];
    let at = 0;
    while (all.length - at >= headerBytes) {
      const length = all.readUInt16LE(at + 2);
      if (all[at] !== 1) throw new Error(`smux version ${all[at]} is not spoken here`);
      if (all.length - at < headerBytes + length) break;
      const event = eventOf(
        all[at + 1] ?? 0,
        all.readUInt32LE(at + 4),
        all.subarray(at + headerBytes, at + headerBytes + length),
      );
      if (event !== undefined) events.push(event);
      at += headerBytes + length;
    }
    this.#rest = Buffer.from(all.subarray(at));
    return events;
  }
}

function eventOf(command: number, stream: number, data: Uint8Array): SmuxEvent | undefined {
  switch (command) {
    case commands.open:
      return { kind: 'open', stream };
    case commands.data:
      return { kind: 'data', stream, data };
    case commands.finish:
      return { kind: 'finish', stream };
    case commands.idle:
      return undefined;
    default:
      throw new Error(`smux has no command ${command}`);
  }
}

/** The frame that opens a stream. */
export function smuxOpen(stream: number): Uint8Array {
  return frame(commands.open, stream, noData);
}

/** The frames of a stream's data. */
export function smuxData(stream: number, data: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += frameBytes) {
    frames.push(frame(commands.data, stream, data.subarray(at, at + frameBytes)));
  }
  return frames;
}

/** The frame after which nothing more comes of a stream. */
export function smuxFinish(stream: number): Uint8Array {
  return frame(commands.finish, stream, noData);
}

const noData = new Uint8Array();

function frame(command: number, stream: number, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(headerBytes + data.length);
  bytes[0] = 1;
  bytes[1] = command;
  bytes.writeUInt16LE(data.length, 2);
  bytes.writeUInt32LE(stream, 4);
  bytes.set(data, headerBytes);
  return bytes;
}
