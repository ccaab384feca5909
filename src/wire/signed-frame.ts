import { MalformedMessageError } from './shape.ts';

/** A frame of the telemetry websocket: each carries a signature of its own, in headers in front of the message. */
export interface SignedFrame {
  /** By their lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;
}

/** Takes a frame apart. Throws MalformedMessageError. */
export function readSignedFrame(frame: string): SignedFrame {
  const end = frame.indexOf('\r\n\r\n');
  if (end < 0) throw new MalformedMessageError('the frame has no headers');
  const headers: Record<string, string> = {};
  for (const line of frame.slice(0, end).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new MalformedMessageError('a header of the frame has no name');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, content: frame.slice(end + 4) };
}
