import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, type ClientMessage } from './client-message.ts';

const message: ClientMessage = {
  type: 'output_stream_data',
  createdAt: 1_700_000_000_000,
  sequence: 7,
  flags: 1,
  id: '00112233-4455-4677-8899-aabbccddeeff',
  payloadType: 1,
  payload: Buffer.from('hello'),
};

describe('a frame', () => {
  it('is laid out as the plugin lays it out', () => {
    const frame = Buffer.from(encodeMessage(message));
    expect(frame.readUInt32BE(0)).toBe(116);
    expect(frame.toString('latin1', 4, 36)).toBe('output_stream_data'.padEnd(32));
    expect(frame.readUInt32BE(36)).toBe(1);
    // The less significant half of the id stands first.
    expect(frame.toString('hex', 64, 80)).toBe('8899aabbccddeeff0011223344554677');
    expect(frame.readUInt32BE(116)).toBe(5);
    expect(frame.toString('latin1', 120)).toBe('hello');
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom('input_stream_data', 'acknowledge', 'channel_closed', 'pause_publication'),
          createdAt: fc.integer({ min: 1, max: 2 ** 45 }),
          sequence: fc.maxSafeNat(),
          flags: fc.integer({ min: 0, max: 3 }),
          id: fc.uuid(),
          payloadType: fc.integer({ min: 0, max: 12 }),
          payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        }),
        (any) => {
          expect(decodeMessage(encodeMessage(any as ClientMessage))).toEqual(any);
        },
      ),
    );
  });

  it('is dropped when a bit of it changed, and nothing else is taken for one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 120 * 8, max: 125 * 8 - 1 }), (bit) => {
        const frame = encodeMessage(message);
        frame[bit >> 3] = (frame[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(decodeMessage(frame)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        // Whatever comes: no exception.
        decodeMessage(bytes);
      }),
    );
    const whole = encodeMessage(message);
    for (let length = 0; length < whole.length; length++)
      expect(decodeMessage(whole.subarray(0, length))).toBeUndefined();
  });
});
