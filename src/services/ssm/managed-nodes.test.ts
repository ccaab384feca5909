import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Ctx } from '../../aws/handlers.ts';
import * as iamTables from '../../store/tables/iam.ts';
import * as tables from '../../store/tables/ssm.ts';
import { iamHandlers } from '../iam/handlers.ts';
import { callerIn, keyFixture, refusalOf } from '../testing.ts';
import { ssmHandlers } from './handlers.ts';

const ctx = callerIn();
const newKey = (bits = 2048): string =>
  generateKeyPairSync('rsa', { modulusLength: bits })
    .publicKey.export({ format: 'der', type: 'spki' })
    .toString('base64');
const [key, otherKey] = [newKey(), newKey()];
const trust = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' },
  });

let fixture: ReturnType<typeof keyFixture>;
let ssm: Required<ReturnType<typeof ssmHandlers>>;

beforeEach(async () => {
  fixture = keyFixture(tables, iamTables);
  ssm = ssmHandlers(fixture) as typeof ssm;
  const { CreateRole } = iamHandlers(fixture);
  for (const [RoleName, service] of [
    ['ecsAnywhereRole', 'ssm.amazonaws.com'],
    ['another', 'ssm.amazonaws.com'],
    ['ofTasks', 'ecs-tasks.amazonaws.com'],
  ] as const) {
    await CreateRole?.({ RoleName, AssumeRolePolicyDocument: trust(service) }, ctx);
  }
});

type Activate = Parameters<typeof ssm.CreateActivation>[0];

const activate = async (more: Partial<Activate> = {}) => {
  const { ActivationId = '', ActivationCode = '' } = await ssm.CreateActivation(
    { IamRole: 'ecsAnywhereRole', ...more },
    ctx,
  );
  return { ActivationId, ActivationCode };
};
const register = (
  activation: { ActivationId: string; ActivationCode: string },
  more: { PublicKey?: string; Fingerprint?: string } = {},
): string => {
  const input = { PublicKey: key, PublicKeyType: 'Rsa', Fingerprint: 'finger', ...activation, ...more };
  return ssm.RegisterManagedInstance(input).InstanceId;
};
/** What the front makes of a request that is signed with the node's key. */
const signedBy = (accessKeyId: string): Ctx => ({ ...ctx, caller: { ...ctx.caller, accessKeyId } });
const listed = async (filter: { Key: string; Values: string[] }[] = []) =>
  (await ssm.DescribeInstanceInformation({ Filters: filter }, ctx)).InstanceInformationList ?? [];

describe('an activation', () => {
  it('is described as it was asked for, without its code', async () => {
    const { ActivationId, ActivationCode } = await activate({ Description: 'd', DefaultInstanceName: 'box' });
    expect(ActivationCode).toMatch(/^[A-Za-z0-9+/]{20}$/);
    const { ActivationList } = await ssm.DescribeActivations({}, ctx);
    expect(ActivationList).toEqual([
      {
        ActivationId,
        Description: 'd',
        DefaultInstanceName: 'box',
        IamRole: 'ecsAnywhereRole',
        RegistrationLimit: 1,
        RegistrationsCount: 0,
        ExpirationDate: new Date(fixture.clock.now() + 24 * 3_600_000),
        Expired: false,
        CreatedDate: new Date(fixture.clock.now()),
        Tags: [],
      },
    ]);
    expect(JSON.stringify(fixture.store.list(tables.activations))).not.toContain(ActivationCode);
  });

  it('is found by its filters, in its own region alone', async () => {
    const { ActivationId } = await activate();
    await activate({ IamRole: 'another' });
    const found = async (FilterKey: 'ActivationIds' | 'IamRole', value: string, where = ctx) =>
      (await ssm.DescribeActivations({ Filters: [{ FilterKey, FilterValues: [value] }] }, where)).ActivationList
        ?.length;
    expect(await found('ActivationIds', ActivationId)).toBe(1);
    expect(await found('IamRole', 'another')).toBe(1);
    expect(await found('IamRole', 'nobody')).toBe(0);
    expect(await found('IamRole', 'another', callerIn('eu-west-1'))).toBe(0);
  });

  it.each([
    ['a role that is not there', { IamRole: 'nobody' }, 'Nonexistent role or missing ssm service principal'],
    ['a role of others', { IamRole: 'ofTasks' }, 'arn:aws:iam::000000000000:role/ofTasks'],
    ['another path', { IamRole: 'service-role/ecsAnywhereRole' }, 'Nonexistent role'],
    ['a moment that is over', { ExpirationDate: new Date(0) }, 'in the future'],
    ['a moment that is too far', { ExpirationDate: new Date(1e14) }, '30 days'],
    ['too many', { RegistrationLimit: 1001 }, 'less than or equal to 1000'],
    ['what is for AWS alone', { RegistrationMetadata: [{ Key: 'a', Value: 'b' }] }, 'internal use'],
  ])('is refused for %s', (_, more, message) => {
    const { code, message: said } = refusalOf(() => ssm.CreateActivation({ IamRole: 'ecsAnywhereRole', ...more }, ctx));
    expect(code).toBe('ValidationException');
    expect(said).toContain(message);
  });

  it('is deleted, and what registered by it stays', async () => {
    const activation = await activate();
    const id = register(activation);
    await ssm.DeleteActivation({ ActivationId: activation.ActivationId }, ctx);
    expect((await listed()).map(({ InstanceId }) => InstanceId)).toEqual([id]);
    expect(refusalOf(() => ssm.DeleteActivation({ ActivationId: activation.ActivationId }, ctx)).code).toBe(
      'InvalidActivationId',
    );
    expect(refusalOf(() => register(activation, { PublicKey: otherKey })).code).toBe('InvalidActivation');
  });
});

describe('a managed node', () => {
  it('registers with an activation, gets its tags and name, and is asked for by them', async () => {
    const tagged = { Tags: [{ Key: 'site', Value: 'cellar' }], DefaultInstanceName: 'box' };
    const id = register(await activate(tagged));
    expect(id).toMatch(/^mi-[0-9a-f]{17}$/);
    const now = new Date(fixture.clock.now());
    expect(await listed([{ Key: 'tag:site', Values: ['cellar'] }])).toMatchObject([
      {
        InstanceId: id,
        PingStatus: 'ConnectionLost',
        RegistrationDate: now,
        Name: 'box',
        ResourceType: 'ManagedInstance',
      },
    ]);
    expect(await listed([{ Key: 'PingStatus', Values: ['Online'] }])).toEqual([]);
    await ssm.AddTagsToResource(
      { ResourceType: 'ManagedInstance', ResourceId: id, Tags: [{ Key: 'a', Value: 'b' }] },
      ctx,
    );
    const { TagList } = await ssm.ListTagsForResource({ ResourceType: 'ManagedInstance', ResourceId: id }, ctx);
    expect(TagList).toHaveLength(2);
  });

  it('is the same when it asks again, having heard no answer; another machine is another', async () => {
    const activation = await activate({ RegistrationLimit: 2 });
    const id = register(activation);
    expect(register(activation)).toBe(id);
    expect(register(activation, { PublicKey: otherKey })).not.toBe(id);
    const { ActivationList: [found] = [] } = await ssm.DescribeActivations({}, ctx);
    expect(found?.RegistrationsCount).toBe(2);
    expect(refusalOf(() => register(activation, { Fingerprint: 'third' })).code).toBe('RegistrationLimitExceeded');
  });

  it('is refused with a wrong code, a code whose time is over, or a key that is none', async () => {
    const activation = await activate();
    expect(refusalOf(() => register({ ...activation, ActivationCode: 'x'.repeat(20) })).code).toBe('InvalidActivation');
    expect(refusalOf(() => register(activation, { PublicKey: 'A'.repeat(392) })).code).toBe('InvalidPublicKey');
    await fixture.clock.advance(24 * 3_600_000);
    expect(refusalOf(() => register(activation)).code).toBe('ActivationExpired');
  });

  it('gets credentials of its role for its own fingerprint', async () => {
    const id = register(await activate());
    const token = ssm.RequestManagedInstanceRoleToken({ Fingerprint: 'finger' }, signedBy(id));
    expect(token.TokenExpirationDate).toEqual(new Date(fixture.clock.now() + 3_600_000));
    const session = fixture.store.get(iamTables.sessions, token.AccessKeyId);
    expect(session?.arn).toBe(`arn:aws:sts::000000000000:assumed-role/ecsAnywhereRole/${id}`);
    expect((await listed())[0]?.PingStatus).toBe('Online');
    await fixture.clock.advance(15 * 60_000);
    expect((await listed())[0]?.PingStatus).toBe('ConnectionLost');
    expect(refusalOf(() => ssm.RequestManagedInstanceRoleToken({ Fingerprint: 'a copy' }, signedBy(id))).code).toBe(
      'MachineFingerprintDoesNotMatch',
    );
    expect(refusalOf(() => ssm.RequestManagedInstanceRoleToken({ Fingerprint: 'finger' }, ctx)).code).toBe(
      'InvalidInstanceId',
    );
  });

  it('changes its key, and never to that of another', async () => {
    const activation = await activate({ RegistrationLimit: 2 });
    const id = register(activation);
    const other = register(activation, { PublicKey: otherKey });
    const change = (of: string, NewPublicKey: string) =>
      ssm.UpdateManagedInstancePublicKey({ NewPublicKey, NewPublicKeyType: 'Rsa' }, signedBy(of));
    expect(refusalOf(() => change(id, otherKey)).code).toBe('PublicKeyAlreadyRegistered');
    const third = newKey();
    change(other, third);
    expect(fixture.store.get(tables.managedNodes, other)?.publicKey).toBe(third);
  });

  it('tells of itself, and of nobody else', async () => {
    const id = register(await activate());
    const as = (session: string): Ctx => ({
      ...ctx,
      caller: { ...ctx.caller, arn: `arn:aws:sts::0:assumed-role/r/${session}` },
    });
    const report = {
      InstanceId: id,
      AgentVersion: '3.3.0.0',
      PlatformType: 'Linux',
      PlatformName: 'Debian',
      IPAddress: '10.0.0.5',
    };
    ssm.UpdateInstanceInformation(report, as(id));
    ssm.UpdateInstanceInformation({ InstanceId: id, ComputerName: 'box' }, as(id));
    expect((await listed())[0]).toMatchObject({
      AgentVersion: '3.3.0.0',
      PlatformType: 'Linux',
      PlatformName: 'Debian',
      IPAddress: '10.0.0.5',
      ComputerName: 'box',
      PingStatus: 'Online',
    });
    expect(refusalOf(() => ssm.UpdateInstanceInformation(report, as('mi-00000000000000000'))).code).toBe(
      'InvalidInstanceId',
    );
  });

  it('gets another role, and is deregistered', async () => {
    const InstanceId = register(await activate());
    await ssm.UpdateManagedInstanceRole({ InstanceId, IamRole: 'another' }, ctx);
    expect((await listed())[0]?.IamRole).toBe('another');
    await ssm.DeregisterManagedInstance({ InstanceId }, ctx);
    expect(await listed()).toEqual([]);
    expect(refusalOf(() => ssm.DeregisterManagedInstance({ InstanceId }, ctx)).code).toBe('InvalidInstanceId');
  });
});
