import { beforeEach, describe, expect, it } from 'vitest';
import type { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { secretsManagerHandlers } from '../../services/secretsmanager/handlers.ts';
import { callerIn, keyFixture } from '../../services/testing.ts';
import { kmsAliases, kmsKeys } from '../../store/tables/kms.ts';
import { secrets, secretVersions } from '../../store/tables/secretsmanager.ts';
import { runLoop } from '../loop.ts';
import { rotationLoop } from './loop.ts';

const ctx = callerIn();
const hour = 3_600_000;
const day = 24 * hour;
const RotationLambdaARN = 'http://rotation.test/rotate';
const SecretId = 'app/db';
const tokenOf = (n: number): string => `${n}`.padStart(32, '0');

interface Event {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

let clock: FakeClock;
let sm: Required<ReturnType<typeof secretsManagerHandlers>>;
let calls: Event[];
/** The steps that fail when they are called. */
let failing: Set<string>;
let targets: Set<string>;

/** What AWS's templates of rotation functions do, with a password that counts. */
async function rotate({ Step, SecretId: id, ClientRequestToken: token, RotationToken }: Event): Promise<void> {
  const { VersionIdsToStages: stages = {} } = await sm.DescribeSecret({ SecretId: id }, ctx);
  if (stages[token]?.includes('AWSCURRENT') === true) return;
  if (stages[token]?.includes('AWSPENDING') !== true) throw new Error('the version is not set as AWSPENDING');
  const pending = { SecretId: id, VersionId: token, VersionStage: 'AWSPENDING' };
  if (Step === 'createSecret') {
    const { SecretString = '' } = await sm.GetSecretValue({ SecretId: id }, ctx);
    try {
      await sm.GetSecretValue(pending, ctx);
    } catch {
      const value = { SecretString: `${Number(SecretString) + 1}`, VersionStages: ['AWSPENDING'] };
      await sm.PutSecretValue({ SecretId: id, ClientRequestToken: token, RotationToken, ...value }, ctx);
    }
  }
  if (Step === 'finishSecret') {
    const current = Object.entries(stages).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0];
    await sm.UpdateSecretVersionStage(
      { SecretId: id, VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: current },
      ctx,
    );
  }
}

beforeEach(async () => {
  const fixture = keyFixture({ secrets, secretVersions, kmsKeys, kmsAliases });
  clock = fixture.clock;
  sm = secretsManagerHandlers(fixture) as typeof sm;
  calls = [];
  failing = new Set();
  targets = new Set();
  const callHook = async (target: string, event: object): Promise<unknown> => {
    targets.add(target);
    calls.push(event as Event);
    if (failing.has((event as Event).Step)) throw new Error('status 500');
    await rotate(event as Event);
    return null;
  };
  runLoop(rotationLoop({ ...fixture, callHook }), { store: fixture.store, clock, log: silentLog });
  await sm.CreateSecret({ Name: SecretId, SecretString: '1', ClientRequestToken: tokenOf(1) }, ctx);
});

const steps = (): string[] => calls.splice(0).map(({ Step }) => Step);
const value = async (): Promise<string | undefined> => (await sm.GetSecretValue({ SecretId }, ctx)).SecretString;
const describeIt = () => sm.DescribeSecret({ SecretId }, ctx);
const all = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

describe('a rotation', () => {
  it('calls the four steps, with the version that it makes', async () => {
    const answer = await sm.RotateSecret(
      { SecretId, ClientRequestToken: tokenOf(2), RotationLambdaARN, RotationRules: { AutomaticallyAfterDays: 30 } },
      ctx,
    );
    expect(answer).toMatchObject({ Name: SecretId, VersionId: tokenOf(2) });
    await clock.advance(1000);
    expect(targets).toEqual(new Set([RotationLambdaARN]));
    expect(calls[0]).toEqual({
      Step: 'createSecret',
      SecretId: answer.ARN,
      ClientRequestToken: tokenOf(2),
      RotationToken: expect.any(String) as string,
    });
    expect(steps()).toEqual(all);
    expect(await value()).toBe('2');
    const described = await describeIt();
    expect(described).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    expect(described.VersionIdsToStages?.[tokenOf(1)]).toEqual(['AWSPREVIOUS']);
    expect(described.VersionIdsToStages?.[tokenOf(2)]).toContain('AWSCURRENT');
    expect((described.NextRotationDate?.getTime() ?? 0) % day).toBe(0);
    expect(described.LastRotatedDate).toBeDefined();
  });

  it('comes again when its schedule says so, until it is cancelled', async () => {
    const RotationRules = { ScheduleExpression: 'rate(4 hours)', Duration: '2h' };
    await sm.RotateSecret({ SecretId, ClientRequestToken: tokenOf(2), RotationLambdaARN, RotationRules }, ctx);
    await clock.advance(1000);
    expect(await value()).toBe('2');
    await clock.advance(13 * hour);
    expect(await value()).toBe('5');
    expect(await sm.CancelRotateSecret({ SecretId }, ctx)).not.toHaveProperty('VersionId');
    await clock.advance(5 * day);
    expect(await value()).toBe('5');
    const described = await describeIt();
    expect(described).toMatchObject({ RotationEnabled: false, RotationLambdaARN, RotationRules });
    expect(described.NextRotationDate).toBeUndefined();
    // The function and the rules are known from before.
    await sm.RotateSecret({ SecretId, ClientRequestToken: tokenOf(3) }, ctx);
    await clock.advance(5 * hour);
    expect(await value()).toBe('7');
  });

  it('that fails is tried again from its first step, and no other begins meanwhile', async () => {
    failing.add('testSecret');
    const asked = { SecretId, ClientRequestToken: tokenOf(2), RotationLambdaARN };
    await sm.RotateSecret(asked, ctx);
    await clock.advance(1000);
    expect(steps()).toEqual(all.slice(0, 3));
    // The same request is no other.
    expect(await sm.RotateSecret(asked, ctx)).toMatchObject({ VersionId: tokenOf(2) });
    expect(() => sm.RotateSecret({ ...asked, ClientRequestToken: tokenOf(3) }, ctx)).toThrow(
      "A previous rotation isn't complete. That rotation will be reattempted.",
    );
    expect(await value()).toBe('1');
    expect((await describeIt()).VersionIdsToStages?.[tokenOf(2)]).toEqual(['AWSPENDING']);
    failing.clear();
    await clock.advance(60_000);
    expect(steps()).toEqual(all);
    expect(await value()).toBe('2');
  });

  it('that goes on failing waits for the next window', async () => {
    failing.add('createSecret');
    const RotationRules = { AutomaticallyAfterDays: 2 };
    await sm.RotateSecret({ SecretId, ClientRequestToken: tokenOf(2), RotationLambdaARN, RotationRules }, ctx);
    await clock.advance(3 * hour);
    expect(steps()).toHaveLength(5);
    await expect(async () => sm.GetSecretValue({ SecretId, VersionStage: 'AWSPENDING' }, ctx)).rejects.toThrow(
      `can't find the specified secret value for VersionId: ${tokenOf(2)}`,
    );
    expect(await sm.CancelRotateSecret({ SecretId }, ctx)).toMatchObject({ VersionId: tokenOf(2) });
    failing.clear();
    await clock.advance(5 * day);
    expect(steps()).toEqual([]);
    expect(await value()).toBe('1');
  });

  it('is not begun, only tried, without RotateImmediately', async () => {
    const RotationRules = { ScheduleExpression: 'cron(0 16 * * ? *)' };
    const asked = { SecretId, RotationLambdaARN, RotationRules, RotateImmediately: false };
    await sm.RotateSecret({ ...asked, ClientRequestToken: tokenOf(2) }, ctx);
    await clock.advance(1000);
    expect(steps()).toEqual(['testSecret']);
    expect(Object.keys((await describeIt()).VersionIdsToStages ?? {})).toEqual([tokenOf(1)]);
    await clock.advance(day);
    expect(steps()).toEqual(all);
    expect(await value()).toBe('2');
  });

  it('counts its days from when a value is put by hand', async () => {
    const RotationRules = { AutomaticallyAfterDays: 10 };
    await sm.RotateSecret({ SecretId, ClientRequestToken: tokenOf(2), RotationLambdaARN, RotationRules }, ctx);
    await clock.advance(1000);
    const first = (await describeIt()).NextRotationDate?.getTime() ?? 0;
    await clock.advance(3 * day);
    await sm.PutSecretValue({ SecretId, ClientRequestToken: tokenOf(3), SecretString: '8' }, ctx);
    expect((await describeIt()).NextRotationDate?.getTime()).toBe(first + 3 * day);
  });

  it.each<[string, object, string]>([
    ['by something else', { RotationLambdaARN: 'ftp://x' }, 'http or https URL'],
    ['every hour', { RotationRules: { ScheduleExpression: 'rate(1 hour)' } }, 'rate(1 hour) is not valid'],
    [
      'of two schedules',
      { RotationRules: { ScheduleExpression: 'rate(1 day)', AutomaticallyAfterDays: 1 } },
      'both AutomaticallyAfterDays and ScheduleExpression',
    ],
    ['of no days', { RotationRules: { AutomaticallyAfterDays: 0 } }, 'automaticallyAfterDays'],
    [
      'in a window past midnight',
      { RotationRules: { ScheduleExpression: 'cron(0 20 * * ? *)', Duration: '5h' } },
      'duration 5h is not valid',
    ],
    ['by somebody else', { ExternalSecretRotationRoleArn: 'arn' }, 'ExternalSecretRotationRoleArn is not supported'],
  ])('%s is refused', (_what, more, message) => {
    const asked = { SecretId, ClientRequestToken: tokenOf(2), RotationLambdaARN, ...more };
    expect(() => sm.RotateSecret(asked, ctx)).toThrow(message);
  });
});
