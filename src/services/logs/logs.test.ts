import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ctx } from '../../aws/handlers.ts';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { KeySpec, KmsKey } from '../../model/kms/key.ts';
import { Vault } from '../../store/keys/vault.ts';
import { LogStore } from '../../store/logs/log-store.ts';
import { Store } from '../../store/store.ts';
import { kmsAliases, kmsKeys } from '../../store/tables/kms.ts';
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
/** Keys of KMS, by their ARNs. */
let keyed: {
  create: (spec?: KeySpec) => string;
  be: (arn: string, state: KmsKey['state']) => void;
  remove: (arn: string) => void;
};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stowage-logs-'));
  clock = new FakeClock();
  now = clock.now();
  const store = new Store([logGroups, logStreams, kmsKeys, kmsAliases]);
  const ids = seededIds(1);
  const vault = new Vault({ ids, root: new Uint8Array(32) });
  const deps = { store, clock, ids, log: silentLog, publicPool: '100.127.0.0/24', vault };
  logs = new LogStore({ ...deps, path: join(home, 'logs.db') });
  logs.start();
  api = logsHandlers({ ...deps, logs }) as typeof api;
  const settings = { description: '', spec: 'SYMMETRIC_DEFAULT', manager: 'CUSTOMER', policy: '', tags: [] } as const;
  keyed = {
    create: (spec: KeySpec = 'SYMMETRIC_DEFAULT') =>
      store.transact((tx) => vault.create(tx, ctx, { ...settings, spec }, now)).arn,
    be: (arn, state) => store.transact((tx) => tx.update(kmsKeys, arn, (key) => ({ ...key, state }))),
    remove: (arn) => store.transact((tx) => tx.delete(kmsKeys, arn)),
  };
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
    [
      'what is no key',
      () => api.CreateLogGroup({ logGroupName: 'k', kmsKeyId: 'k' }, ctx),
      /InvalidParameterException: The specified KMS Key Id could not be found. 'k'/,
    ],
    [
      'a key that is not there',
      () => {
        const arn = keyed.create();
        keyed.remove(arn);
        return api.AssociateKmsKey({ logGroupName: 'g', kmsKeyId: arn }, ctx);
      },
      /AccessDeniedException: The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:us-east-1:0+:log-group:g'/,
    ],
    [
      'a key that is disabled',
      () => {
        const arn = keyed.create();
        keyed.be(arn, 'Disabled');
        return api.AssociateKmsKey({ logGroupName: 'g', kmsKeyId: arn }, ctx);
      },
      /InvalidParameterException: .* is disabled\./,
    ],
    [
      'a key that does not encrypt',
      () => api.AssociateKmsKey({ logGroupName: 'g', kmsKeyId: keyed.create('HMAC_256') }, ctx),
      /InvalidParameterException: .* key usage is GENERATE_VERIFY_MAC/,
    ],
    [
      'a key for a group that is not there',
      () => api.AssociateKmsKey({ logGroupName: 'none', kmsKeyId: keyed.create() }, ctx),
      /ResourceNotFoundException/,
    ],
    [
      'a key for nothing',
      () => api.AssociateKmsKey({ kmsKeyId: keyed.create() }, ctx),
      /Exactly one of logGroupName and resourceIdentifier/,
    ],
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

describe('a log group with a key', () => {
  const arn = 'arn:aws:logs:us-east-1:000000000000:log-group:g';
  const denied = `AccessDeniedException: The specified KMS key does not exist or is not allowed to be used with Arn '${arn}'`;
  const read = async (): Promise<unknown> => {
    const { events } = await api.GetLogEvents({ logGroupName: 'g', logStreamName: 's', startFromHead: true }, ctx);
    return events?.map(({ message }) => message);
  };
  /** All that lies in the files of the store. */
  const onDisk = (): Buffer => Buffer.concat(readdirSync(home).map((name) => readFileSync(join(home, name))));

  it('keeps what comes encrypted, and finds it', async () => {
    const key = keyed.create();
    await api.CreateLogGroup({ logGroupName: 'g', kmsKeyId: key }, ctx);
    await api.CreateLogStream({ logGroupName: 'g', logStreamName: 's' }, ctx);
    expect((await api.DescribeLogGroups({}, ctx)).logGroups).toMatchObject([{ logGroupName: 'g', kmsKeyId: key }]);
    await put([
      [now, 'the first secret'],
      [now, 'ünother secret'],
    ]);
    expect(await read()).toEqual(['the first secret', 'ünother secret']);
    const { events } = await api.FilterLogEvents({ logGroupName: 'g', filterPattern: 'first' }, ctx);
    expect(events).toMatchObject([{ message: 'the first secret' }]);
    expect(onDisk().includes('secret')).toBe(false);
    // What is counted is what was sent.
    const { logStreams: found } = await api.DescribeLogStreams({ logGroupName: 'g' }, ctx);
    const { logGroups: groups } = await api.DescribeLogGroups({}, ctx);
    expect([found?.length, groups?.[0]?.storedBytes]).toEqual([1, 16 + 15 + 2 * 26]);
  });

  it('takes and reads nothing while its key cannot be used', async () => {
    const key = keyed.create();
    await api.CreateLogGroup({ logGroupName: 'g', kmsKeyId: key }, ctx);
    await api.CreateLogStream({ logGroupName: 'g', logStreamName: 's' }, ctx);
    await put([[now, 'a']]);
    keyed.be(key, 'Disabled');
    expect(await refusal(read)).toBe(denied);
    expect(await refusal(() => api.FilterLogEvents({ logGroupName: 'g' }, ctx))).toBe(denied);
    expect(await refusal(() => put([[now, 'b']]))).toBe(denied);
    const events = [{ timestamp: now, message: 'c' }];
    const where = { account: ctx.account, region: ctx.region, logGroup: 'g', logStream: 's', createGroup: false };
    expect(await logs.take({ runtimeId: 'r', sequence: 1, ...where, events })).toEqual({ sequence: 0, error: denied });
    keyed.be(key, 'Enabled');
    await logs.take({ runtimeId: 'r', sequence: 1, ...where, events });
    expect(await read()).toEqual(['a', 'c']);
  });

  it('reads what came under another key with that, and what came without one as it is', async () => {
    await stream();
    const [first, second] = [keyed.create(), keyed.create()];
    await put([[now, 'plain']]);
    await api.AssociateKmsKey({ logGroupName: 'g', kmsKeyId: first }, ctx);
    await put([[now, 'first']]);
    await api.AssociateKmsKey({ resourceIdentifier: `${arn}:*`, kmsKeyId: second }, ctx);
    await put([[now, 'second']]);
    await api.DisassociateKmsKey({ logGroupName: 'g' }, ctx);
    await put([[now, 'in clear']]);
    await api.AssociateKmsKey({ logGroupName: 'g', kmsKeyId: first }, ctx);
    await put([[now, 'first again']]);
    expect(await read()).toEqual(['plain', 'first', 'second', 'in clear', 'first again']);
    keyed.remove(second);
    expect(await refusal(read)).toBe(denied);
    const page = await api.GetLogEvents({ logGroupName: 'g', logStreamName: 's', startFromHead: true, limit: 2 }, ctx);
    expect(page.events?.map(({ message }) => message)).toEqual(['plain', 'first']);
  });
});
