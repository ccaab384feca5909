import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ctx } from '../../aws/handlers.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { LogStore } from '../../store/logs/log-store.ts';
import { Store } from '../../store/store.ts';
import { logGroups, logStreams } from '../../store/tables/logs.ts';
import { logsHandlers } from './handlers.ts';

const ctx = { account: '000000000000', region: 'us-east-1' } as Ctx;
const hour = 3_600_000;
const day = 24 * hour;

let home: string;
let clock: FakeClock;
let logs: LogStore;
let api: Required<ReturnType<typeof logsHandlers>>;
let now: number;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stowage-logs-'));
  clock = new FakeClock();
  now = clock.now();
  const store = new Store([logGroups, logStreams]);
  const deps = { store, clock, ids: seededIds(1), log: silentLog, publicPool: '100.127.0.0/24' };
  logs = new LogStore({ ...deps, path: join(home, 'logs.db') });
  logs.start();
  api = logsHandlers({ ...deps, logs }) as typeof api;
});
afterEach(async () => {
  await logs.close();
  rmSync(home, { recursive: true, force: true });
});

async function stream(group = 'g', name = 's'): Promise<void> {
  await refusal(() => api.CreateLogGroup({ logGroupName: group }, ctx));
  await api.CreateLogStream({ logGroupName: group, logStreamName: name }, ctx);
}

const put = (events: readonly (readonly [number, string])[], logStreamName = 's') =>
  api.PutLogEvents(
    { logGroupName: 'g', logStreamName, logEvents: events.map(([timestamp, message]) => ({ timestamp, message })) },
    ctx,
  );

const refusal = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  return 'not refused';
};

describe('log groups', () => {
  it('are made, described, kept for days, tagged and deleted', async () => {
    await api.CreateLogGroup({ logGroupName: '/ecs/web', tags: { team: 'a' } }, ctx);
    await api.PutRetentionPolicy({ logGroupName: '/ecs/web', retentionInDays: 7 }, ctx);
    const arn = 'arn:aws:logs:us-east-1:000000000000:log-group:/ecs/web';
    expect(await api.DescribeLogGroups({ logGroupNamePrefix: '/ecs' }, ctx)).toEqual({
      logGroups: [
        {
          logGroupName: '/ecs/web',
          creationTime: now,
          retentionInDays: 7,
          metricFilterCount: 0,
          arn: `${arn}:*`,
          logGroupArn: arn,
          logGroupClass: 'STANDARD',
          storedBytes: 0,
          deletionProtectionEnabled: false,
        },
      ],
    });
    await api.TagResource({ resourceArn: arn, tags: { team: 'b', env: 'x' } }, ctx);
    await api.UntagLogGroup({ logGroupName: '/ecs/web', tags: ['env'] }, ctx);
    await api.TagLogGroup({ logGroupName: '/ecs/web', tags: { c: 'd' } }, ctx);
    expect(await api.ListTagsForResource({ resourceArn: `${arn}:*` }, ctx)).toEqual({ tags: { team: 'b', c: 'd' } });
    await api.DeleteRetentionPolicy({ logGroupName: '/ecs/web' }, ctx);
    await api.PutLogGroupDeletionProtection({ logGroupIdentifier: arn, deletionProtectionEnabled: true }, ctx);
    expect(await refusal(() => api.DeleteLogGroup({ logGroupName: '/ecs/web' }, ctx))).toMatch(/^ValidationException/);
    await api.PutLogGroupDeletionProtection({ logGroupIdentifier: '/ecs/web', deletionProtectionEnabled: false }, ctx);
    await api.DeleteLogGroup({ logGroupName: '/ecs/web' }, ctx);
    expect(await api.DescribeLogGroups({}, ctx)).toEqual({ logGroups: [] });
  });

  it('are listed in pages by name, each account and region its own', async () => {
    for (const name of ['b', 'a', 'd', 'c']) await api.CreateLogGroup({ logGroupName: name }, ctx);
    await api.CreateLogGroup({ logGroupName: 'z' }, { ...ctx, region: 'eu-west-1' });
    const first = await api.DescribeLogGroups({ limit: 3 }, ctx);
    const rest = await api.DescribeLogGroups({ limit: 3, nextToken: first.nextToken }, ctx);
    expect([first, rest].map((page) => page.logGroups?.map((group) => group.logGroupName))).toEqual([
      ['a', 'b', 'c'],
      ['d'],
    ]);
    expect(rest.nextToken).toBeUndefined();
    const found = await api.DescribeLogGroups({ logGroupNamePattern: 'c' }, ctx);
    expect(found.logGroups).toHaveLength(1);
  });
});

describe('log streams', () => {
  it('are listed by name or by their last event, either way round', async () => {
    for (const name of ['a', 'b', 'c']) await stream('g', name);
    await put([[now - 10, 'x']], 'c');
    await put([[now - 5, 'x']], 'a');
    const names = async (input: object): Promise<unknown> =>
      (await api.DescribeLogStreams({ logGroupName: 'g', ...input }, ctx)).logStreams?.map(
        (each) => each.logStreamName,
      );
    expect(await names({})).toEqual(['a', 'b', 'c']);
    expect(await names({ descending: true })).toEqual(['c', 'b', 'a']);
    expect(await names({ orderBy: 'LastEventTime', descending: true })).toEqual(['a', 'c', 'b']);
    const first = await api.DescribeLogStreams({ logGroupName: 'g', orderBy: 'LastEventTime', limit: 2 }, ctx);
    expect(await names({ orderBy: 'LastEventTime', nextToken: first.nextToken })).toEqual(['a']);
    expect(
      (await api.DescribeLogStreams({ logGroupName: 'g', logStreamNamePrefix: 'c' }, ctx)).logStreams,
    ).toMatchObject([
      { firstEventTimestamp: now - 10, lastEventTimestamp: now - 10, lastIngestionTime: now, storedBytes: 0 },
    ]);
  });

  it('take their events with them when they go, and a new one of the same name starts empty', async () => {
    await stream();
    await put([[now, 'old']]);
    await api.DeleteLogStream({ logGroupName: 'g', logStreamName: 's' }, ctx);
    await stream();
    await logs.settled();
    await put([[now, 'new']]);
    expect((await api.GetLogEvents({ logGroupName: 'g', logStreamName: 's' }, ctx)).events).toMatchObject([
      { message: 'new' },
    ]);
    expect((await api.DescribeLogGroups({}, ctx)).logGroups).toMatchObject([{ storedBytes: 3 + 26 }]);
  });
});

describe('PutLogEvents', () => {
  it('stores what is neither too old, too new nor expired, and says what it refused', async () => {
    await stream();
    await api.PutRetentionPolicy({ logGroupName: 'g', retentionInDays: 1 }, ctx);
    const answer = await put([
      [now - 15 * day, 'too old'],
      [now - 2 * day, 'expired'],
      [now - hour, 'good'],
      [now + hour, 'good'],
      [now + 3 * hour, 'too new'],
    ]);
    expect(answer.rejectedLogEventsInfo).toEqual({
      tooOldLogEventEndIndex: 1,
      expiredLogEventEndIndex: 2,
      tooNewLogEventStartIndex: 4,
    });
    expect((await api.GetLogEvents({ logGroupName: 'g', logStreamName: 's' }, ctx)).events).toMatchObject([
      { message: 'good', ingestionTime: now },
      { message: 'good' },
    ]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['no events', () => put([]), /InvalidParameterException: .*greater than or equal to 1/],
    [
      'disorder',
      () =>
        put([
          [now, 'a'],
          [now - 1, 'b'],
        ]),
      /must be in chronological order/,
    ],
    [
      'more than a day',
      () =>
        put([
          [now - 2 * day, 'a'],
          [now, 'b'],
        ]),
      /cannot span more than 24 hours/,
    ],
    ['too much', () => put([[now, 'x'.repeat(1_048_576)]]), /Upload too large: 1048602 bytes exceeds limit of 1048576/],
    ['an empty message', () => put([[now, '']]), /logEvents.1.member.message/],
    ['no such stream', () => put([[now, 'a']], 'none'), /ResourceNotFoundException: The specified log stream does not/],
    [
      'no such group',
      () => api.DescribeLogStreams({ logGroupName: 'none' }, ctx),
      /ResourceNotFoundException: The specified log group does not/,
    ],
    ['a group twice', () => api.CreateLogGroup({ logGroupName: 'g' }, ctx), /ResourceAlreadyExistsException/],
    ['a bad name', () => api.CreateLogGroup({ logGroupName: 'a b' }, ctx), /at 'logGroupName' failed to satisfy/],
    ['a key', () => api.CreateLogGroup({ logGroupName: 'k', kmsKeyId: 'k' }, ctx), /kmsKeyId is not supported/],
    [
      'odd days',
      () => api.PutRetentionPolicy({ logGroupName: 'g', retentionInDays: 2 }, ctx),
      /enum value set: \[1, 3, 5/,
    ],
    [
      'both prefixes',
      () => api.DescribeLogGroups({ logGroupNamePrefix: 'a', logGroupNamePattern: 'b' }, ctx),
      /mutually exclusive/,
    ],
    [
      'prefix by time',
      () => api.DescribeLogStreams({ logGroupName: 'g', orderBy: 'LastEventTime', logStreamNamePrefix: 's' }, ctx),
      /Cannot order by LastEventTime/,
    ],
    [
      'a bad pattern',
      () => api.FilterLogEvents({ logGroupName: 'g', filterPattern: '{ $.a' }, ctx),
      /Invalid filter pattern/,
    ],
    ['a bad token', () => api.FilterLogEvents({ logGroupName: 'g', nextToken: 'x' }, ctx), /nextToken is invalid/],
    [
      'name and identifier',
      () => api.FilterLogEvents({ logGroupName: 'g', logGroupIdentifier: 'g' }, ctx),
      /Exactly one of/,
    ],
  ])('refuses %s', async (_case, work, expected) => {
    await stream();
    expect(await refusal(work)).toMatch(expected);
  });
});

describe('GetLogEvents', () => {
  it('pages forward and backward, and answers the same token at each end', async () => {
    await stream();
    await put(Array.from({ length: 10 }, (_, i) => [now + Math.floor(i / 3), `${i}`] as const));
    const get = async (input: object): Promise<{ seen: string; f: string | undefined; b: string | undefined }> => {
      const page = await api.GetLogEvents({ logGroupName: 'g', logStreamName: 's', limit: 4, ...input }, ctx);
      const seen = page.events?.map((each) => each.message).join('') ?? '';
      return { seen, f: page.nextForwardToken, b: page.nextBackwardToken };
    };
    const last = await get({});
    expect(last.seen).toBe('6789');
    const before = await get({ nextToken: last.b });
    expect(before.seen).toBe('2345');
    expect((await get({ nextToken: before.f })).seen).toBe('6789');
    const first = await get({ nextToken: before.b });
    expect(first.seen).toBe('01');
    const start = await get({ nextToken: first.b });
    expect(start).toMatchObject({ seen: '', b: first.b });
    const end = await get({ nextToken: last.f });
    expect(end).toMatchObject({ seen: '', f: last.f });
    await put([[now + 5, 'later']]);
    expect((await get({ nextToken: end.f })).seen).toBe('later');
    expect((await get({ startFromHead: true, startTime: now + 1, endTime: now + 3 })).seen).toBe('3456');
    expect(last.f).toMatch(/^f\/\d{56}\/s$/);
  });
});

describe('FilterLogEvents', () => {
  it('takes events of all streams in the order of time, by pattern, stream and time, in pages', async () => {
    await stream('g', 'a');
    await stream('g', 'b');
    await put(
      [
        [now, 'ERROR one'],
        [now + 2, 'fine'],
      ],
      'a',
    );
    await put(
      [
        [now + 1, '{"level":"ERROR","n":2}'],
        [now + 3, 'ERROR three'],
      ],
      'b',
    );
    const search = async (input: object) => {
      const { events = [], nextToken } = await api.FilterLogEvents({ logGroupName: 'g', ...input }, ctx);
      return {
        seen: events.map((each) => `${each.logStreamName}${(each.timestamp ?? 0) - now}`).join(' '),
        nextToken,
        events,
      };
    };
    expect((await search({})).seen).toBe('a0 b1 a2 b3');
    expect((await search({ filterPattern: 'ERROR' })).seen).toBe('a0 b1 b3');
    expect((await search({ filterPattern: '{ $.n >= 2 }' })).seen).toBe('b1');
    expect((await search({ logStreamNames: ['b'] })).seen).toBe('b1 b3');
    expect((await search({ logStreamNames: ['b', 'a'], filterPattern: '-ERROR' })).seen).toBe('a2');
    expect((await search({ logStreamNamePrefix: 'a' })).seen).toBe('a0 a2');
    expect((await search({ logStreamNamePrefix: 'none' })).seen).toBe('');
    expect((await search({ startTime: now + 1, endTime: now + 2 })).seen).toBe('b1 a2');
    const first = await search({ limit: 3 });
    expect(first.seen).toBe('a0 b1 a2');
    const rest = await search({ limit: 3, nextToken: first.nextToken });
    expect(rest).toMatchObject({ seen: 'b3', nextToken: undefined });
    const ids = [...first.events, ...rest.events].map((each) => each.eventId);
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]).toMatch(/^\d{56}$/);
  });
});
