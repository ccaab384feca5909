import type { WebSocket } from 'ws';
import type { Cancel, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Channel } from './messages.ts';

/** The largest message that either end takes: the whole state of a VPC may be long. */
export const largestMessage = 64 * 2 ** 20;

/**
 * An open WebSocket as a channel: each message is one text frame of JSON. Who hears nothing for `silenceMs`, not even an answer to a
 * ping, takes the connection to be lost: a cable that was pulled tells nobody. A frame that is no JSON ends it.
 */
export function websocketChannel<Out, In extends object>(
  socket: WebSocket,
  { clock, log, silenceMs }: { readonly clock: Clock; readonly log: Log; readonly silenceMs: number },
): Channel<Out, In> {
  let waiting: In[] = [];
  let receiver: ((message: In) => void) | undefined;
  let isClosed = false;
  const closers: (() => void)[] = [];
  let heardAt = clock.now();
  let cancelLook: Cancel = () => {};

  const end = (): void => {
    if (isClosed) return;
    isClosed = true;
    waiting = [];
    cancelLook();
    for (const tell of closers) queueMicrotask(tell);
  };
  const look = (): void => {
    if (clock.now() - heardAt >= silenceMs) {
      log.warn('nothing was heard over a connection for too long', { silenceMs });
      // Nobody is there to say goodbye to.
      socket.terminate();
      return end();
    }
    socket.ping();
    cancelLook = clock.after(silenceMs / 3, look);
  };
  cancelLook = clock.after(silenceMs / 3, look);

  socket.on('message', (data: Buffer) => {
    if (isClosed) return;
    heardAt = clock.now();
    let message: In;
    try {
      message = JSON.parse(data.toString('utf8')) as In;
    } catch (error) {
      log.warn('a message makes no sense', { error: messageOf(error) });
      return socket.close(1007);
    }
    if (receiver === undefined) waiting.push(message);
    else receiver(message);
  });
  for (const sign of ['ping', 'pong'] as const) socket.on(sign, () => (heardAt = clock.now()));
  socket.on('error', (error) => log.debug('a connection failed', { error: messageOf(error) }));
  socket.on('close', end);

  return {
    send(message) {
      if (!isClosed) socket.send(JSON.stringify(message));
    },
    onMessage(receive) {
      receiver = receive;
      const held = waiting;
      waiting = [];
      for (const message of held) receive(message);
    },
    onClose(tell) {
      if (isClosed) queueMicrotask(tell);
      else closers.push(tell);
    },
    close() {
      if (isClosed) return;
      end();
      socket.close(1000);
      // The other end may not be there to answer.
      clock.after(closeMs, () => socket.terminate());
    },
  };
}

/** How long the other end has to answer the closing of a connection. */
const closeMs = 5_000;
