import type { Channel } from './messages.ts';

/**
 * The two ends of a connection inside one process. It behaves as a websocket would: what is sent arrives later, in order,
 * as a copy; what was not received when either end closes is lost; both ends are told of the close, once.
 */
export function loopback<Left, Right>(): { left: Channel<Left, Right>; right: Channel<Right, Left> } {
  const toRight = mailbox<Left>();
  const toLeft = mailbox<Right>();
  const closers: (() => void)[] = [];
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    toRight.shut();
    toLeft.shut();
    for (const tell of closers) queueMicrotask(tell);
  };
  const onClose = (tell: () => void): void => {
    if (closed) queueMicrotask(tell);
    else closers.push(tell);
  };
  return {
    left: { send: toRight.put, onMessage: toLeft.open, onClose, close },
    right: { send: toLeft.put, onMessage: toRight.open, onClose, close },
  };
}

/** Holds messages until somebody receives, then hands each over in a turn of its own. */
function mailbox<T>(): { put: (message: T) => void; open: (receive: (message: T) => void) => void; shut: () => void } {
  let waiting: T[] = [];
  let receiver: ((message: T) => void) | undefined;
  let shut = false;
  let scheduled = false;
  const deliver = (): void => {
    scheduled = false;
    const batch = waiting;
    waiting = [];
    for (const message of batch) if (!shut) receiver?.(message);
  };
  const schedule = (): void => {
    if (scheduled || receiver === undefined || waiting.length === 0) return;
    scheduled = true;
    setImmediate(deliver);
  };
  return {
    put(message) {
      if (shut) return;
      waiting.push(structuredClone(message));
      schedule();
    },
    open(receive) {
      receiver = receive;
      schedule();
    },
    shut() {
      shut = true;
      waiting = [];
    },
  };
}
