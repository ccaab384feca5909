import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededIds, type Ids } from '../base/ids.ts';
import { DataChannelClient } from './client.ts';
import { decodeMessage, encodeMessage, jsonPayload, payloadTypes } from './client-message.ts';
import { DataChannel, type Conversation, type Speaker } from './data-channel.ts';

/**
 * A browser's WebSocket over a line that loses, repeats and reorders frames, or breaks, as `ids` draws it. Lines that break before
 * anything came over them are counted: after five in a row a client gives up.
 */
class BadLine extends EventTarget {
  binaryType = 'blob';
  readyState = 0;
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #broken: () => void;
  readonly #clock: FakeClock;
  readonly #ids: Ids;
  readonly #badness: number;
  readonly #fate: { brokenUnheard: number };
  #opened = false;
  #heard = false;

  constructor(
    clock: FakeClock,
    ids: Ids,
    badness: number,
    fate: { brokenUnheard: number },
    server: {
      open: (line: BadLine) => void;
      message: (line: BadLine, bytes: Uint8Array) => void;
      close: (line: BadLine) => void;
    },
  ) {
    super();
    this.#clock = clock;
    this.#ids = ids;
    this.#badness = badness;
    this.#fate = fate;
    this.#deliver = (bytes) => server.message(this, bytes);
    this.#broken = () => server.close(this);
    clock.after(1, () => {
      this.readyState = 1;
      server.open(this);
      this.dispatchEvent(new Event('open'));
    });
  }

  /** From the client. The first message opens the channel, and is text. */
  send(data: Uint8Array | string): void {
    if (typeof data === 'string') {
      this.#opened = true;
      return;
    }
    if (this.#opened) this.#carry(() => this.#deliver(data));
  }

  /** To the client. */
  hear(bytes: Uint8Array): void {
    const data = Uint8Array.from(bytes).buffer;
    this.#carry(() => {
      this.#heard = true;
      this.#fate.brokenUnheard = 0;
      this.dispatchEvent(new MessageEvent('message', { data }));
    });
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (!this.#heard) this.#fate.brokenUnheard += 1;
    this.#broken();
    this.#clock.after(1, () => this.dispatchEvent(new Event('close')));
  }

  #carry(deliver: () => void): void {
    const luck = this.#ids.random();
    if (luck < this.#badness / 10 && (this.#heard || this.#fate.brokenUnheard < 4)) return this.close();
    if (luck < this.#badness) return undefined;
    const times = luck > 1 - this.#badness ? 2 : 1;
    for (let time = 0; time < times; time++) {
      this.#clock.after(1 + Math.floor(this.#ids.random() * 20), () => {
        if (this.readyState === 1) deliver();
      });
    }
    return undefined;
  }
}

/** A conversation that says back what it hears, slowly. */
class Echo implements Conversation {
  readonly sessionType = 'InteractiveCommands';
  readonly properties = {};
  readonly heardFrames: Buffer[] = [];
  readonly speaker: Speaker;
  readonly #clock: FakeClock;
  began = 0;
  ended = 0;
  acknowledgedBytes = 0;

  constructor(speaker: Speaker, clock: FakeClock) {
    this.speaker = speaker;
    this.#clock = clock;
  }

  begin(): void {
    this.began += 1;
  }

  async take(payloadType: number, payload: Uint8Array): Promise<void> {
    if (payloadType !== payloadTypes.output) return;
    this.heardFrames.push(Buffer.from(payload));
    this.speaker.say(payloadTypes.output, Buffer.from(payload));
    await this.#clock.sleep(3);
  }

  heard(bytes: number): void {
    this.acknowledgedBytes += bytes;
  }

  end(): void {
    this.ended += 1;
  }
}

function connected(seed: number, badness: number) {
  const clock = new FakeClock();
  const ids = seededIds(seed);
  let echo: Echo | undefined;
  let closed = 0;
  const channel = new DataChannel({
    sessionId: 'session',
    clock,
    ids,
    converse: (speaker) => (echo = new Echo(speaker, clock)),
    onConnected: () => {},
    onClosed: () => (closed += 1),
  });
  const sockets = new Map<BadLine, { send: (frame: Uint8Array) => void; close: () => void }>();
  const fate = { brokenUnheard: 0 };
  const connect = (): WebSocket =>
    new BadLine(clock, ids, badness, fate, {
      open: (line) => {
        const socket = { send: (frame: Uint8Array) => line.hear(frame), close: () => line.close() };
        sockets.set(line, socket);
        channel.attach(socket);
      },
      message: (line, bytes) => {
        const socket = sockets.get(line);
        if (socket !== undefined) channel.receive(socket, bytes);
      },
      close: (line) => {
        const socket = sockets.get(line);
        if (socket !== undefined) channel.detach(socket);
      },
    }) as unknown as WebSocket;
  const back: Buffer[] = [];
  const access = { streamUrl: 'ws://test', tokenValue: 'token' };
  const client = new DataChannelClient({
    clock,
    ids,
    access,
    connect,
    resume: () => Promise.resolve(closed > 0 ? undefined : access),
    onData: (data) => back.push(Buffer.from(data)),
  });
  if (echo === undefined) throw new Error('nothing converses');
  return { clock, client, echo, back, closed: () => closed };
}

describe('a data channel', () => {
  it('carries everything whole and in order, both ways, over a line that loses, repeats, reorders and breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1 }),
        fc.constantFrom(0, 0.05, 0.3),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), { minLength: 1, maxLength: 8 }),
        async (seed, badness, said) => {
          const { clock, client, echo, back, closed } = connected(seed, badness);
          const sending = (async () => {
            for (const data of said) await client.send(data);
          })();
          const whole = Buffer.concat(said);
          for (let turn = 0; turn < 3000 && Buffer.concat(back).length < whole.length; turn++) await clock.advance(50);
          await sending;
          expect(Buffer.concat(echo.heardFrames).equals(whole)).toBe(true);
          expect(Buffer.concat(back).equals(whole)).toBe(true);
          expect(echo.began).toBe(1);
          echo.speaker.finish('');
          for (let turn = 0; turn < 400 && closed() === 0; turn++) await clock.advance(50);
          expect([closed(), echo.ended]).toEqual([1, 1]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is closed only when its last words have arrived', async () => {
    const { clock, client, echo } = connected(1, 0);
    await clock.advance(100);
    echo.speaker.say(payloadTypes.output, Buffer.from('last words'));
    echo.speaker.finish('the reason');
    await clock.advance(100);
    expect(await client.closed).toBe('the reason');
    expect(echo.acknowledgedBytes).toBe(10);
  });

  it('ends when nothing moved for twenty minutes, and not before', async () => {
    const { clock, client, closed } = connected(2, 0);
    await clock.advance(60_000);
    void client.send(Buffer.from('x'));
    await clock.advance(19 * 60_000);
    expect(closed()).toBe(0);
    await clock.advance(61_000);
    expect(closed()).toBe(1);
    expect(await client.closed).toBe('Your session timed out due to inactivity.');
  });

  it('ends at the client’s word', async () => {
    const { clock, client, echo } = connected(3, 0);
    await clock.advance(100);
    client.terminate();
    await clock.advance(100);
    expect(await client.closed).toBe('');
    expect(echo.ended).toBe(1);
  });

  it('is over for a client that does not take the session type', () => {
    const { channel, ids, closed } = alone();
    const heard: Uint8Array[] = [];
    const socket = { send: (frame: Uint8Array) => void heard.push(frame), close: () => {} };
    channel.attach(socket);
    const response = { ProcessedClientActions: [{ ActionType: 'SessionType', ActionStatus: 3, Error: 'no' }] };
    channel.receive(
      socket,
      encodeMessage({
        type: 'input_stream_data',
        createdAt: 1,
        sequence: 0,
        flags: 0,
        id: ids.uuid(),
        payloadType: payloadTypes.handshakeResponse,
        payload: jsonPayload(response),
      }),
    );
    expect(closed()).toBe(1);
    const last = decodeMessage(heard.at(-1) ?? new Uint8Array());
    expect(last?.type).toBe('channel_closed');
    expect(Buffer.from(last?.payload ?? []).toString()).toContain('Handshake with the client failed: no');
  });

  it('sends what was not heard again, over the newest connection only', async () => {
    const { clock, channel } = alone();
    const heard: (number | undefined)[] = [];
    let cut = 0;
    channel.attach({ send: () => {}, close: () => (cut += 1) });
    channel.attach({ send: (frame) => void heard.push(decodeMessage(frame)?.sequence), close: () => {} });
    expect([cut, heard]).toEqual([1, [0]]);
    await clock.advance(1000);
    expect(heard.length).toBeGreaterThan(3);
    expect(new Set(heard)).toEqual(new Set([0]));
  });
});

/** A channel that no client knows of. */
function alone() {
  const clock = new FakeClock();
  const ids = seededIds(4);
  let closed = 0;
  const channel = new DataChannel({
    sessionId: 'session',
    clock,
    ids,
    converse: (speaker) => new Echo(speaker, clock),
    onConnected: () => {},
    onClosed: () => (closed += 1),
  });
  return { clock, ids, channel, closed: () => closed };
}
