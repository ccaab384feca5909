import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededIds, type Ids } from '../base/ids.ts';
import { DataChannelClient, type DataChannelClientOptions, type DataKey } from './client.ts';
import { decodeMessage, encodeMessage, jsonPayload, payloadTypes } from './client-message.ts';
import { DataChannel, type Conversation, type DataChannelOptions, type Speaker } from './data-channel.ts';

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

/** What a test changes of who speaks on a channel. */
type Speakers = Pick<DataChannelOptions, 'encryption'> & Pick<DataChannelClientOptions, 'generateDataKey'>;

function connected(seed: number, badness: number, { encryption, generateDataKey }: Speakers = {}) {
  const clock = new FakeClock();
  const ids = seededIds(seed);
  let echo: Echo | undefined;
  let closed = 0;
  const channel = new DataChannel({
    sessionId: 'session',
    clock,
    ids,
    converse: (speaker) => (echo = new Echo(speaker, clock)),
    encryption,
    onConnected: () => {},
    onClosed: () => (closed += 1),
  });
  const sockets = new Map<BadLine, { send: (frame: Uint8Array) => void; close: () => void }>();
  const fate = { brokenUnheard: 0 };
  /** Payloads of data, as they went over the line. */
  const seen: Buffer[] = [];
  const see = (frame: Uint8Array): void => {
    const message = decodeMessage(frame);
    if (message?.payloadType === payloadTypes.output) seen.push(Buffer.from(message.payload));
  };
  const connect = (): WebSocket =>
    new BadLine(clock, ids, badness, fate, {
      open: (line) => {
        const send = (frame: Uint8Array): void => {
          see(frame);
          line.hear(frame);
        };
        const socket = { send, close: () => line.close() };
        sockets.set(line, socket);
        channel.attach(socket);
      },
      message: (line, bytes) => {
        see(bytes);
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
    ...(generateDataKey === undefined ? {} : { generateDataKey }),
    resume: () => Promise.resolve(closed > 0 ? undefined : access),
    onData: (data) => back.push(Buffer.from(data)),
  });
  if (echo === undefined) throw new Error('nothing converses');
  /** A message as if the client had sent it. */
  const inject = (sequence: number, payload: Uint8Array): void => {
    for (const socket of sockets.values()) channel.receive(socket, input(ids, sequence, payloadTypes.output, payload));
  };
  return { clock, client, echo, back, seen, inject, closed: () => closed };
}

/** A frame of a client's. */
function input(ids: Ids, sequence: number, payloadType: number, payload: Uint8Array): Uint8Array {
  return encodeMessage({
    type: 'input_stream_data',
    createdAt: 1,
    sequence,
    flags: 0,
    id: ids.uuid(),
    payloadType,
    payload,
  });
}

/** Two ends that a KMS stands behind which gives its data keys away. */
function encrypting(changed: { openDataKey?: () => Buffer; generateDataKey?: () => Promise<DataKey> } = {}) {
  const dataKey = Buffer.from(Array.from({ length: 64 }, (_, index) => index));
  return {
    encryption: {
      keyId: 'k',
      openDataKey: changed.openDataKey ?? ((ciphertext: Uint8Array) => Buffer.from(ciphertext)),
    },
    generateDataKey: changed.generateDataKey ?? (() => Promise.resolve({ plaintext: dataKey, ciphertext: dataKey })),
  };
}

describe('a data channel', () => {
  it('carries everything whole and in order, both ways, over a line that loses, repeats, reorders and breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1 }),
        fc.constantFrom(0, 0.05, 0.3),
        fc.boolean(),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), { minLength: 1, maxLength: 8 }),
        async (seed, badness, encrypted, said) => {
          const { clock, client, echo, back, closed } = connected(seed, badness, encrypted ? encrypting() : {});
          const sending = (async () => {
            for (const data of said) await client.send(data);
          })();
          const whole = Buffer.concat(said);
          for (let turn = 0; turn < 3000 && Buffer.concat(back).length < whole.length; turn++) await clock.advance(50);
          await sending;
          expect(Buffer.concat(echo.heardFrames).equals(whole)).toBe(true);
          expect(Buffer.concat(back).equals(whole)).toBe(true);
          expect(echo.began).toBe(1);
          // What the terminal is credited for is what it said, whatever it became on the way.
          for (let turn = 0; turn < 400 && echo.acknowledgedBytes < whole.length; turn++) await clock.advance(50);
          expect(echo.acknowledgedBytes).toBe(whole.length);
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
    channel.receive(socket, input(ids, 0, payloadTypes.handshakeResponse, jsonPayload(response)));
    expect(closed()).toBe(1);
    const last = decodeMessage(heard.at(-1) ?? new Uint8Array());
    expect(last?.type).toBe('channel_closed');
    expect(Buffer.from(last?.payload ?? []).toString()).toContain(
      'SessionType failed on client with status 3 error: no',
    );
  });

  it('shows nothing of what goes through it once it is encrypted', async () => {
    const { clock, client, echo, back, seen } = connected(5, 0, encrypting());
    void client.send(Buffer.from('a secret'));
    for (let turn = 0; turn < 20 && back.length === 0; turn++) await clock.advance(50);
    expect([echo.heardFrames, back].map((frames) => Buffer.concat(frames).toString())).toEqual([
      'a secret',
      'a secret',
    ]);
    expect(seen.map((payload) => payload.length)).toEqual([36, 36]);
    expect(seen.some((payload) => payload.includes('secret'))).toBe(false);
  });

  it.each<[string, Speakers, string]>([
    [
      'has no key for its client',
      encrypting({ generateDataKey: () => Promise.reject(new Error('DisabledException: k is disabled.')) }),
      'KMSEncryption failed on client with status 2 error: Failed to process action KMSEncryption: Error calling KMS GenerateDataKey API: DisabledException: k is disabled.',
    ],
    [
      'has a client without access to KMS',
      { encryption: encrypting().encryption },
      'KMSEncryption failed on client with status 2 error: Failed to process action KMSEncryption: this client has no access to KMS',
    ],
    [
      'has a data key that its agent cannot open',
      encrypting({
        openDataKey: () => {
          throw new Error('InvalidCiphertextException: ');
        },
      }),
      'Fetching data key failed: Unable to retrieve data key, Error when decrypting data key InvalidCiphertextException: ',
    ],
    [
      'has a data key of another length',
      encrypting({ openDataKey: () => Buffer.alloc(32) }),
      'Fetching data key failed: Unable to retrieve data key, it has 32 bytes, and not 64',
    ],
    [
      'has different keys at its ends',
      encrypting({ openDataKey: () => Buffer.alloc(64, 7) }),
      'Encryption challenge does not match!',
    ],
  ])('that %s is over before anything begins', async (_what, speakers, why) => {
    const { clock, client, echo } = connected(6, 0, speakers);
    for (let turn = 0; turn < 20 && echo.ended === 0; turn++) await clock.advance(50);
    expect(await client.closed).toBe(
      `\n----------ERROR-------\nEncountered error while initiating handshake. ${why}\n`,
    );
    expect([echo.began, echo.ended]).toEqual([0, 1]);
  });

  it('is over for a client that does not encrypt as it agreed to', async () => {
    const { clock, client, echo, inject } = connected(7, 0, encrypting());
    await clock.advance(500);
    expect(echo.began).toBe(1);
    // After the answers to the handshake and to the challenge.
    inject(2, Buffer.from('in clear, and longer than a nonce and a tag'));
    await clock.advance(100);
    expect(await client.closed).toBe('Error decrypting stream data message sequence 2');
    expect(echo.heardFrames).toEqual([]);
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
