import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { endWhenSilent } from './liveness.ts';

/** A socket that writes down what is done to it. */
class Socket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly done: string[] = [];
  ping(): void {
    this.done.push('ping');
  }
  terminate(): void {
    this.done.push('terminate');
    this.emit('close');
  }
}

function watched(): { socket: Socket; clock: FakeClock } {
  const [socket, clock] = [new Socket(), new FakeClock()];
  endWhenSilent(socket as unknown as WebSocket, { clock, log: silentLog, silenceMs: 30_000 });
  return { socket, clock };
}

it('ends a connection over which nothing comes, in time and once', async () => {
  const { socket, clock } = watched();
  await clock.advance(29_999);
  expect(socket.done).toEqual(['ping', 'ping']);
  await clock.advance(100_000);
  expect(socket.done).toEqual(['ping', 'ping', 'terminate']);
});

it.each(['message', 'ping', 'pong'])('lets one live over which a %s came', async (sign) => {
  const { socket, clock } = watched();
  for (let round = 0; round < 10; round += 1) {
    await clock.advance(20_000);
    socket.emit(sign);
  }
  expect(socket.done).not.toContain('terminate');
});

it('gives up one that does not open, and leaves one alone that is closed', async () => {
  const opening = watched();
  opening.socket.readyState = 0;
  await opening.clock.advance(40_000);
  expect(opening.socket.done).toEqual(['terminate']);
  const closed = watched();
  closed.socket.emit('close');
  await closed.clock.advance(100_000);
  expect(closed.socket.done).toEqual([]);
});
