import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import type { Tunnel, TunnelListener } from '../wire/tunnel.ts';
import { payloadTypes } from './client-message.ts';
import { Ports } from './ports.ts';
import { smuxData, smuxFinish, smuxOpen, SmuxReader, type SmuxEvent } from './smux.ts';

describe('smux', () => {
  it('comes back whole from any pieces', () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('open' as const), stream: fc.nat() }),
      fc.record({ kind: fc.constant('finish' as const), stream: fc.nat() }),
      fc.record({
        kind: fc.constant('data' as const),
        stream: fc.nat(),
        data: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      }),
    );
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (events, sizes) => {
        const bytes = Buffer.concat(
          events.flatMap((each) =>
            each.kind === 'open'
              ? [smuxOpen(each.stream)]
              : each.kind === 'finish'
                ? [smuxFinish(each.stream)]
                : smuxData(each.stream, each.data),
          ),
        );
        const reader = new SmuxReader();
        const found: SmuxEvent[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          found.push(...reader.read(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(found).toEqual(events);
      }),
    );
  });

  it('cuts long data, and refuses what it does not know', () => {
    expect(smuxData(1, Buffer.alloc(70_000)).map(({ length }) => length)).toEqual([32_776, 32_776, 4_472]);
    expect(() => new SmuxReader().read(Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0))).toThrow('version 2');
    expect(() => new SmuxReader().read(Uint8Array.of(1, 9, 0, 0, 1, 0, 0, 0))).toThrow('command 9');
    // A frame that keeps the connection alive says nothing.
    expect(new SmuxReader().read(Uint8Array.of(1, 3, 0, 0, 0, 0, 0, 0))).toEqual([]);
  });
});

/** A port session whose tunnels are seen through. */
function session() {
  const clock = new FakeClock();
  const opened: { listener: TunnelListener; written: string; ended: boolean; closed: boolean; passed: number }[] = [];
  const reader = new SmuxReader();
  const events: SmuxEvent[] = [];
  const flags: number[] = [];
  let over: string | undefined;
  let reachable = true;
  const ports = new Ports({
    clock,
    host: 'localhost',
    port: 80,
    localPort: '8080',
    speaker: {
      say: (type, payload) => {
        if (type === payloadTypes.flag) flags.push(Buffer.from(payload).readUInt32BE(0));
        else events.push(...reader.read(payload));
      },
      finish: (output) => (over = output),
    },
    open: (_to, listener) => {
      if (!reachable) return undefined;
      const tunnel = { listener, written: '', ended: false, closed: false, passed: 0 };
      opened.push(tunnel);
      const end: Tunnel = {
        write: (data) => {
          tunnel.written += Buffer.from(data).toString();
          return Promise.resolve();
        },
        passedOn: (bytes) => (tunnel.passed += bytes),
        end: () => (tunnel.ended = true),
        resize: () => {},
        close: () => (tunnel.closed = true),
      };
      return end;
    },
  });
  const say = (...frames: Uint8Array[]): Promise<void> => ports.take(payloadTypes.output, Buffer.concat(frames));
  return {
    clock,
    ports,
    opened,
    events,
    flags,
    say,
    over: () => over,
    cut: () => (reachable = false),
  };
}

describe('a port session', () => {
  it('carries connections side by side', async () => {
    const { ports, opened, events, say } = session();
    expect(ports.properties).toEqual({ portNumber: '80', localPortNumber: '8080', type: 'LocalPortForwarding' });
    await say(smuxOpen(3), ...smuxData(3, Buffer.from('one')), smuxOpen(5), ...smuxData(5, Buffer.from('two')));
    await say(...smuxData(3, Buffer.from(' more')));
    expect(opened.map(({ written }) => written)).toEqual(['one more', 'two']);
    opened[1]?.listener.data(Buffer.from('answer'));
    opened[1]?.listener.closed({});
    expect(events).toEqual([
      { kind: 'data', stream: 5, data: Buffer.from('answer') },
      { kind: 'finish', stream: 5 },
    ]);
    ports.end();
    expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
  });

  it('credits a tunnel what its client has heard, headers aside', async () => {
    const { ports, opened, say } = session();
    await say(smuxOpen(1));
    opened[0]?.listener.data(Buffer.alloc(40_000));
    // Two frames of a header each.
    ports.heard(8 + 32_768);
    expect(opened[0]?.passed).toBe(32_768);
    ports.heard(8 + 7_232);
    expect(opened[0]?.passed).toBe(40_000);
  });

  it('closes the other end after the client’s, at once or in the end', async () => {
    const { clock, opened, events, say } = session();
    await say(smuxOpen(1), smuxFinish(1));
    expect(opened[0]).toMatchObject({ ended: true, closed: false });
    opened[0]?.listener.data(Buffer.from('nobody reads this'));
    expect(events).toEqual([]);
    expect(opened[0]?.passed).toBe(17);
    await clock.advance(10_000);
    expect(opened[0]).toMatchObject({ closed: true });
  });

  it('tells of a port that does not answer', async () => {
    const { opened, events, flags, say, cut } = session();
    await say(smuxOpen(1));
    opened[0]?.listener.closed({ error: 'connect ECONNREFUSED' });
    cut();
    await say(smuxOpen(3));
    expect(flags).toEqual([3, 3]);
    expect(events).toEqual([
      { kind: 'finish', stream: 1 },
      { kind: 'finish', stream: 3 },
    ]);
  });

  it.each([
    ['1.2.0.0', undefined],
    ['1.1.71.0', undefined],
    ['2.0', undefined],
    ['1.1.70.0', 'too old'],
    ['1.0.99.0', 'too old'],
    ['', 'too old'],
  ])('is for plugins that multiplex: %s', (version, refusal) => {
    const { ports, over } = session();
    ports.begin(version);
    if (refusal === undefined) expect(over()).toBeUndefined();
    else expect(over()).toContain(refusal);
  });

  it('ends when what comes makes no sense', async () => {
    const { say, over } = session();
    await say(Buffer.from('GET / HTTP/1.1\r\n'));
    expect(over()).toContain('smux version');
  });
});
