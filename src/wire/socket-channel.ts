import type { Envelope } from './envelope.ts';
import { encode } from './envelope.ts';
import type { Channel } from './messages.ts';
import { MalformedMessageError } from './shape.ts';

/** What a channel needs of a WebSocket (that of the `ws` library). */
export interface MessageSocket {
  readonly readyState: number;
  readonly OPEN: number;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** How much may wait for an end that reads slowly before it is taken to be gone. */
const maxWaitingBytes = 64 * 1_048_576;

/** The largest frame that either end takes: a batch of log events, a payload of many tasks. */
export const maxFrameBytes = 16 * 1_048_576;

/** "Normal closure" (RFC 6455, section 7.4.1): the other end connects again at once. */
const normalClosure = 1000;
/** "Protocol error". */
const protocolError = 1002;

/**
 * One end of a connection over a WebSocket, each message a text frame. A frame that cannot be read ends the connection,
 * after an ErrorMessage that says why; `read` answers `undefined` for what is to be passed over.
 */
export function socketChannel<Out extends Envelope, In>(
  socket: MessageSocket,
  read: (frame: string) => In | undefined,
): Channel<Out, In> {
  let waiting: string[] | undefined = [];
  let receive: (message: In) => void = () => {};
  const closers: (() => void)[] = [];
  let closed = false;
  const end = (): void => {
    if (closed) return;
    closed = true;
    waiting = undefined;
    for (const tell of closers) queueMicrotask(tell);
  };
  const take = (frame: string): void => {
    try {
      const message = read(frame);
      if (message !== undefined) receive(message);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      if (socket.readyState === socket.OPEN) {
        socket.send(encode({ type: 'ErrorMessage', message: { message: error.message } }));
      }
      socket.close(protocolError, 'malformed message');
      end();
    }
  };
  socket.on('message', (data) => {
    if (closed) return;
    const frame = data.toString('utf8');
    if (waiting === undefined) take(frame);
    else waiting.push(frame);
  });
  socket.on('close', end);
  // What is wrong is told by the close that follows.
  socket.on('error', () => {});
  return {
    send(message) {
      if (closed || socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > maxWaitingBytes) return socket.terminate();
      socket.send(encode(message));
    },
    onMessage(next) {
      receive = next;
      const frames = waiting ?? [];
      waiting = undefined;
      for (const frame of frames) if (!closed) take(frame);
    },
    onClose(tell) {
      if (closed) queueMicrotask(tell);
      else closers.push(tell);
    },
    close() {
      if (closed) return;
      end();
      socket.close(normalClosure);
    },
  };
}
