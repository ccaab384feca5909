import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoOf } from '../../base/clock.ts';
import { EventMaker, positionOf, stampBefore } from './events.ts';
import { awslogsProblem, logFileConfig, logTarget } from './options.ts';
import { strftimePattern } from './strftime.ts';

/** Stamps of our time, to the nanosecond. */
const stamps = fc
  .tuple(fc.integer({ min: Date.UTC(2026, 0, 2), max: Date.UTC(2055, 0, 1) }), fc.integer({ min: 0, max: 999_999 }))
  .map(([ms, nanos]) => isoOf(ms).replace('Z', `${String(nanos).padStart(6, '0')}Z`));

describe('positions', () => {
  it('rise with the stamps and lead back to them', () => {
    fc.assert(
      fc.property(stamps, stamps, (a, b) => {
        const [first = '', second = ''] = [a, b].sort();
        expect(Number.isSafeInteger(positionOf(a))).toBe(true);
        expect(positionOf(first)).toBeLessThanOrEqual(positionOf(second));
        // Whoever reads on after `stampBefore` sees everything that lies above the position.
        const since = stampBefore(positionOf(first)) ?? '';
        if (positionOf(second) > positionOf(first)) expect(second > since).toBe(true);
      }),
    );
  });
});

describe('events', () => {
  it('are lines, without the empty ones', () => {
    const maker = new EventMaker(undefined);
    expect(['one', '', 'two'].flatMap((line, i) => maker.add(line, i, i)).map(({ message }) => message)).toEqual([
      'one',
      'two',
    ]);
  });

  it('are gathered up to the next line that begins one', () => {
    const maker = new EventMaker(/^ERROR/);
    const lines = ['ERROR one', '  at a', 'ERROR two'];
    const events = lines.flatMap((line, i) => maker.add(line, 10 + i, i));
    expect(events).toMatchObject([{ message: 'ERROR one\n  at a\n', timestamp: 10, position: 1 }]);
    expect(maker.flush()).toMatchObject([{ message: 'ERROR two\n', timestamp: 12, position: 2 }]);
    expect(maker.flush()).toEqual([]);
  });

  it('of long lines are cut between characters and lose nothing', () => {
    const line = 'ä€😀x'.repeat(60_000);
    const events = new EventMaker(undefined).add(line, 0, 1);
    expect(events.length).toBeGreaterThan(1);
    expect(events.map(({ message }) => message).join('')).toBe(line);
    for (const { bytes } of events) expect(bytes).toBeLessThanOrEqual(262_144 - 26);
  });
});

describe('awslogs options', () => {
  const subject = { region: 'eu-west-1', account: '0', taskId: 't1', container: 'app', runtimeId: 'c1' };
  it.each([
    [{ 'awslogs-group': '/g' }, undefined],
    [
      { 'awslogs-group': '/g', 'awslogs-create-group': 'true', mode: 'non-blocking', 'max-buffer-size': '25m' },
      undefined,
    ],
    [{}, "must specify a value for log opt 'awslogs-group'"],
    [{ 'awslogs-group': '/g', nonsense: '1' }, "unknown log opt 'nonsense' for awslogs log driver"],
    [
      { 'awslogs-group': '/g', 'max-buffer-size': '1m' },
      "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
    ],
    [{ 'awslogs-group': '/g', mode: 'fast' }, 'logging mode "fast" is not supported: use blocking or non-blocking'],
    [{ 'awslogs-group': '/g', 'awslogs-multiline-pattern': '(' }, 'awslogs could not parse multiline pattern key "("'],
    [
      { 'awslogs-group': '/g', 'awslogs-multiline-pattern': '^a', 'awslogs-datetime-format': '%Y' },
      "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time",
    ],
  ] as const)('%j: %s', (options, problem) => {
    expect(awslogsProblem(options as Record<string, string>)).toBe(problem);
  });

  it('name the stream by prefix, container and task, or by the container', () => {
    expect(logTarget({ 'awslogs-group': '/g', 'awslogs-stream-prefix': 'web' }, subject)).toEqual({
      region: 'eu-west-1',
      account: '0',
      logGroup: '/g',
      logStream: 'web/app/t1',
      createGroup: false,
      blocking: false,
    });
    expect(logTarget({ 'awslogs-group': '/g', 'awslogs-region': 'us-east-1' }, subject)).toMatchObject({
      region: 'us-east-1',
      logStream: 'c1',
    });
  });

  it('bound the file that lines wait in', () => {
    expect(logFileConfig({ 'max-buffer-size': '25MB' })).toEqual({
      Type: 'json-file',
      Config: { 'max-size': '25m', 'max-file': '2' },
    });
  });

  it.each([
    ['%Y-%m-%d %H:%M:%S', '2026-11-21 09:12:00 hello', true],
    ['%Y-%m-%d', 'hello', false],
    ['[%b %d, %Y %H:%M:%S]', '[Nov 21, 2026 09:12:00] hello', true],
    ['%d/%b/%Y:%H:%M:%S %z', '21/Nov/2026:09:12:00 +0000', true],
  ])('find times: %s in %s: %s', (format, line, found) => {
    expect(new RegExp(strftimePattern(format)).test(line)).toBe(found);
  });
});
