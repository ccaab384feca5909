import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

/**
 * Ends a WebSocket over which nothing comes for `silenceMs`, not even the answer to a ping: a cable that was pulled tells
 * nobody. To be called while it opens, or later.
 */
export function endWhenSilent(
  socket: WebSocket,
  { clock, log, silenceMs }: { readonly clock: Clock; readonly log: Log; readonly silenceMs: number },
): void {
  let heardAt = clock.now();
  const look = (): void => {
    if (clock.now() - heardAt >= silenceMs) {
      log.warn('nothing was heard over a connection for too long', { silenceMs });
      // Nobody is there to say goodbye to.
      return socket.terminate();
    }
    if (socket.readyState === socket.OPEN) socket.ping();
    cancel = clock.after(silenceMs / 3, look);
  };
  let cancel = clock.after(silenceMs / 3, look);
  for (const sign of ['open', 'message', 'ping', 'pong'] as const) socket.on(sign, () => (heardAt = clock.now()));
  socket.on('close', () => cancel());
}
