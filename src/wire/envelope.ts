import { MalformedMessageError } from './shape.ts';

/** A message on its way through a websocket, both ways: its type, and what it says. */
export interface Envelope {
  readonly type: string;
  readonly message: unknown;
}

/** A message as the text of one frame. */
export function encode({ type, message }: Envelope): string {
  return JSON.stringify({ type, message });
}

/** The envelope that a frame holds. Throws MalformedMessageError. */
export function decode(frame: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    throw new MalformedMessageError('the frame is not JSON');
  }
  const { type, message } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Envelope>;
  if (typeof type !== 'string' || type === '') throw new MalformedMessageError('the frame has no type');
  return { type, message };
}
