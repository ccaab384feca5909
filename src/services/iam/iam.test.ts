import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import type { Ctx } from '../../aws/handlers.ts';
import { Store } from '../../store/store.ts';
import { instanceProfiles, policies, roles, sessions } from '../../store/tables/iam.ts';
import { stsHandlers } from '../sts/handlers.ts';
import { iamHandlers } from './handlers.ts';

const account = '000000000000';
const ctx: Ctx = {
  account,
  region: 'us-east-1',
  caller: { accessKeyId: 'test', account, arn: `arn:aws:iam::${account}:root`, userId: account },
  requestId: 'r',
  endpoint: 'http://127.0.0.1:4566',
  signal: new AbortController().signal,
};
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});
const permissions = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
});
const executionPolicy = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';

function services() {
  const clock = new FakeClock();
  const store = new Store([roles, policies, instanceProfiles, sessions]);
  const deps = { store, clock, ids: seededIds(1), log: silentLog, publicPool: '100.127.0.0/20' };
  const iam = iamHandlers(deps);
  const sts = stsHandlers(deps);
  /** Calls an operation by name. */
  const call = async (operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const handlers = { ...iam, ...sts } as Record<string, ((input: unknown, ctx: Ctx) => unknown) | undefined>;
    return (await handlers[operation]?.(input, ctx)) as Record<string, unknown>;
  };
  return { call, store, clock };
}

describe('roles', () => {
  it('are kept with their documents and policies, and deleted only when nothing hangs on them', async () => {
    const { call } = services();
    await call('CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: trust, Tags: [{ Key: 'a', Value: '1' }] });
    await call('AttachRolePolicy', { RoleName: 'app', PolicyArn: executionPolicy });
    await call('AttachRolePolicy', { RoleName: 'app', PolicyArn: executionPolicy });
    await call('PutRolePolicy', { RoleName: 'app', PolicyName: 'inline', PolicyDocument: permissions });
    const { Role } = (await call('GetRole', { RoleName: 'app' })) as { Role: Record<string, unknown> };
    expect(Role).toMatchObject({
      Arn: `arn:aws:iam::${account}:role/app`,
      MaxSessionDuration: 3600,
      Tags: [{ Key: 'a', Value: '1' }],
    });
    expect(decodeURIComponent(String(Role['AssumeRolePolicyDocument']))).toBe(trust);
    expect(await call('ListAttachedRolePolicies', { RoleName: 'app' })).toEqual({
      AttachedPolicies: [{ PolicyName: 'AmazonECSTaskExecutionRolePolicy', PolicyArn: executionPolicy }],
      IsTruncated: false,
    });
    await expect(call('DeleteRole', { RoleName: 'app' })).rejects.toMatchObject({
      code: 'DeleteConflict',
      status: 409,
    });
    await call('DetachRolePolicy', { RoleName: 'app', PolicyArn: executionPolicy });
    await expect(call('DeleteRole', { RoleName: 'app' })).rejects.toThrow('must delete policies first');
    await call('DeleteRolePolicy', { RoleName: 'app', PolicyName: 'inline' });
    await call('CreateInstanceProfile', { InstanceProfileName: 'app' });
    await call('AddRoleToInstanceProfile', { InstanceProfileName: 'app', RoleName: 'app' });
    await expect(call('DeleteRole', { RoleName: 'app' })).rejects.toThrow(
      'must remove roles from instance profile first',
    );
    await call('RemoveRoleFromInstanceProfile', { InstanceProfileName: 'app', RoleName: 'app' });
    await call('DeleteRole', { RoleName: 'app' });
    await expect(call('GetRole', { RoleName: 'app' })).rejects.toMatchObject({ code: 'NoSuchEntity', status: 404 });
  });

  const bad: readonly [operation: string, input: Record<string, unknown>, code: string, message: RegExp][] = [
    ['CreateRole', { AssumeRolePolicyDocument: trust }, 'ValidationError', /must not be null/],
    ['CreateRole', { RoleName: 'a b', AssumeRolePolicyDocument: trust }, 'ValidationError', /alphanumeric/],
    ['CreateRole', { RoleName: 'x'.repeat(65), AssumeRolePolicyDocument: trust }, 'ValidationError', /64/],
    ['CreateRole', { RoleName: 'a', AssumeRolePolicyDocument: '{' }, 'MalformedPolicyDocument', /Json/],
    ['CreateRole', { RoleName: 'a', AssumeRolePolicyDocument: permissions }, 'MalformedPolicyDocument', /Resource/],
    ['CreateRole', { RoleName: 'a', Path: 'x', AssumeRolePolicyDocument: trust }, 'ValidationError', /path/],
    ['CreateRole', { RoleName: 'there', AssumeRolePolicyDocument: trust }, 'EntityAlreadyExists', /already exists/],
    ['CreateRole', { RoleName: 'THERE', AssumeRolePolicyDocument: trust }, 'EntityAlreadyExists', /already exists/],
    [
      'CreateRole',
      { RoleName: 'a', AssumeRolePolicyDocument: trust, MaxSessionDuration: 60 },
      'ValidationError',
      /3600/,
    ],
    ['GetRole', { RoleName: 'none' }, 'NoSuchEntity', /The role with name none cannot be found/],
    [
      'PutRolePolicy',
      { RoleName: 'there', PolicyName: 'p', PolicyDocument: trust },
      'MalformedPolicyDocument',
      /principal/,
    ],
    [
      'AttachRolePolicy',
      { RoleName: 'there', PolicyArn: 'arn:aws:iam::aws:policy/Nothing' },
      'NoSuchEntity',
      /attachable/,
    ],
    ['DetachRolePolicy', { RoleName: 'there', PolicyArn: executionPolicy }, 'NoSuchEntity', /was not found/],
    ['DeletePolicy', { PolicyArn: executionPolicy }, 'InvalidInput', /AWS managed/],
    ['AssumeRole', { RoleArn: 'nonsense', RoleSessionName: 'me' }, 'ValidationError', /invalid/],
    [
      'AssumeRole',
      { RoleArn: `arn:aws:iam::${account}:role/none`, RoleSessionName: 'me' },
      'AccessDenied',
      /no such role/,
    ],
    [
      'AssumeRole',
      { RoleArn: `arn:aws:iam::${account}:role/there`, RoleSessionName: 'm e' },
      'ValidationError',
      /pattern/,
    ],
    [
      'AssumeRole',
      { RoleArn: `arn:aws:iam::${account}:role/there`, RoleSessionName: 'me', DurationSeconds: 7200 },
      'ValidationError',
      /MaxSessionDuration/,
    ],
  ];
  it.each(bad)('%s %j: %s', async (operation, input, code, message) => {
    const { call } = services();
    await call('CreateRole', { RoleName: 'there', AssumeRolePolicyDocument: trust });
    const refused = await call(operation, input).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AwsError);
    expect(refused).toMatchObject({ code });
    expect((refused as AwsError).message).toMatch(message);
  });
});

describe('customer policies', () => {
  it('keep five versions and one default', async () => {
    const { call } = services();
    const { Policy } = (await call('CreatePolicy', { PolicyName: 'p', PolicyDocument: permissions })) as {
      Policy: { Arn: string };
    };
    for (let version = 2; version <= 5; version += 1) {
      await call('CreatePolicyVersion', {
        PolicyArn: Policy.Arn,
        PolicyDocument: permissions,
        SetAsDefault: version === 5,
      });
    }
    await expect(
      call('CreatePolicyVersion', { PolicyArn: Policy.Arn, PolicyDocument: permissions }),
    ).rejects.toMatchObject({ code: 'LimitExceeded' });
    await expect(call('DeletePolicyVersion', { PolicyArn: Policy.Arn, VersionId: 'v5' })).rejects.toMatchObject({
      code: 'DeleteConflict',
    });
    await call('DeletePolicyVersion', { PolicyArn: Policy.Arn, VersionId: 'v1' });
    const listed = (await call('ListPolicyVersions', { PolicyArn: Policy.Arn })) as {
      Versions: { VersionId: string; IsDefaultVersion: boolean }[];
    };
    expect(listed.Versions.map((version) => `${version.VersionId} ${version.IsDefaultVersion}`)).toEqual([
      'v5 true',
      'v4 false',
      'v3 false',
      'v2 false',
    ]);
  });
});

describe('AssumeRole', () => {
  it('makes a session that ends', async () => {
    const { call, store, clock } = services();
    await call('CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: trust });
    const answer = (await call('AssumeRole', {
      RoleArn: `arn:aws:iam::${account}:role/app`,
      RoleSessionName: 'me',
      DurationSeconds: 900,
    })) as {
      Credentials: { AccessKeyId: string; Expiration: Date };
      AssumedRoleUser: { Arn: string };
    };
    expect(answer.AssumedRoleUser.Arn).toBe(`arn:aws:sts::${account}:assumed-role/app/me`);
    expect(answer.Credentials.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(answer.Credentials.Expiration.getTime()).toBe(clock.now() + 900_000);
    expect(store.get(sessions, answer.Credentials.AccessKeyId)?.expiresAt).toBe(clock.now() + 900_000);
  });
});

describe('service-linked roles', () => {
  it('are made once, deleted only as such, and their deletion is done', async () => {
    const { call } = services();
    const service = { AWSServiceName: 'ecs.amazonaws.com' };
    await call('CreateServiceLinkedRole', service);
    await expect(call('CreateServiceLinkedRole', service)).rejects.toMatchObject({ code: 'InvalidInput' });
    const name = { RoleName: 'AWSServiceRoleForECS' };
    await expect(call('DeleteRole', name)).rejects.toMatchObject({ code: 'UnmodifiableEntity' });
    const task = await call('DeleteServiceLinkedRole', name);
    expect(await call('GetServiceLinkedRoleDeletionStatus', task)).toEqual({ Status: 'SUCCEEDED' });
    await expect(call('GetRole', name)).rejects.toMatchObject({ code: 'NoSuchEntity' });
    await expect(call('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId: 'task/x' })).rejects.toMatchObject({
      code: 'NoSuchEntity',
    });
  });
});

describe('what an update leaves out', () => {
  it('keeps the description, and resets the session duration as AWS says', async () => {
    const { call } = services();
    const role = { RoleName: 'app', AssumeRolePolicyDocument: trust, Description: 'd', MaxSessionDuration: 7200 };
    await call('CreateRole', role);
    await call('UpdateRole', { RoleName: 'app' });
    expect(await call('GetRole', { RoleName: 'app' })).toMatchObject({
      Role: { Description: 'd', MaxSessionDuration: 3600 },
    });
  });
});

describe('a session', () => {
  it('keeps what narrows it, and takes no MFA code', async () => {
    const { call, store } = services();
    await call('CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: trust });
    const assume = { RoleArn: `arn:aws:iam::${account}:role/app`, RoleSessionName: 'me' };
    const narrowed = { ...assume, Policy: permissions, SourceIdentity: 'alice', Tags: [{ Key: 'a', Value: 'b' }] };
    expect(await call('AssumeRole', narrowed)).toMatchObject({ SourceIdentity: 'alice' });
    expect(store.list(sessions)).toMatchObject([
      { sessionPolicy: permissions, sourceIdentity: 'alice', tags: [{ key: 'a', value: 'b' }] },
    ]);
    await expect(call('AssumeRole', { ...assume, Policy: '{' })).rejects.toMatchObject({
      code: 'MalformedPolicyDocument',
    });
    await expect(call('AssumeRole', { ...assume, TokenCode: '123456' })).rejects.toMatchObject({
      code: 'AccessDenied',
    });
  });
});
