import { beforeEach, describe, expect, it } from 'vitest';
import * as kmsTables from '../../store/tables/kms.ts';
import * as tables from '../../store/tables/secretsmanager.ts';
import { callerIn, keyFixture, refusalOf } from '../testing.ts';
import { secretsManagerHandlers } from './handlers.ts';

const ctx = callerIn();
const tokenOf = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;

let fixture: ReturnType<typeof keyFixture>;
let sm: Required<ReturnType<typeof secretsManagerHandlers>>;
let tokens: number;

beforeEach(() => {
  fixture = keyFixture(tables, kmsTables);
  sm = secretsManagerHandlers(fixture) as typeof sm;
  tokens = 0;
});

const token = (): string => tokenOf((tokens += 1));
type Create = Parameters<typeof sm.CreateSecret>[0];
const create = (Name: string, SecretString = 'hunter2', more: Partial<Create> = {}) =>
  sm.CreateSecret({ Name, SecretString, ClientRequestToken: token(), ...more }, ctx);
const put = (SecretId: string, SecretString: string, more: object = {}) =>
  sm.PutSecretValue({ SecretId, SecretString, ClientRequestToken: token(), ...more }, ctx);
const valueOf = async (SecretId: string, more: object = {}) =>
  (await sm.GetSecretValue({ SecretId, ...more }, ctx)).SecretString;
const stages = async (SecretId: string) => (await sm.DescribeSecret({ SecretId }, ctx)).VersionIdsToStages;

describe('a secret', () => {
  it('is answered as AWS answers it', async () => {
    const made = await create('app/db', 'hunter2', { Description: 'd', Tags: [{ Key: 'k', Value: 'v' }] });
    expect(made).toEqual({
      ARN: expect.stringMatching(
        /^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/db-[A-Za-z0-9]{6}$/,
      ) as string,
      Name: 'app/db',
      VersionId: tokenOf(1),
    });
    const now = new Date(fixture.clock.now());
    expect(await sm.GetSecretValue({ SecretId: 'app/db' }, ctx)).toEqual({
      ...made,
      SecretString: 'hunter2',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: now,
    });
    expect(await sm.DescribeSecret({ SecretId: made.ARN }, ctx)).toEqual({
      ARN: made.ARN,
      Name: 'app/db',
      Description: 'd',
      Tags: [{ Key: 'k', Value: 'v' }],
      CreatedDate: now,
      LastChangedDate: now,
      LastAccessedDate: new Date(Math.floor(fixture.clock.now() / 86_400_000) * 86_400_000),
      VersionIdsToStages: { [tokenOf(1)]: ['AWSCURRENT'] },
    });
  });

  it('is found by its name, its ARN, and its ARN without the end', async () => {
    const { ARN = '' } = await create('app');
    for (const id of ['app', ARN, ARN.slice(0, -7)]) expect(await valueOf(id)).toBe('hunter2');
    const other = await create('app-abcdef');
    expect(await valueOf(other.ARN ?? '')).toBe('hunter2');
    // What ends like a whole ARN is taken for one.
    expect(refusalOf(() => sm.GetSecretValue({ SecretId: other.ARN?.slice(0, -7) }, ctx)).code).toBe(
      'ResourceNotFoundException',
    );
    expect(refusalOf(() => sm.GetSecretValue({ SecretId: 'app' }, callerIn('eu-west-1'))).code).toBe(
      'ResourceNotFoundException',
    );
  });

  it('lies in the store encrypted, bytes as well', async () => {
    await create('text');
    const SecretBinary = Buffer.from('hunter3');
    await sm.CreateSecret({ Name: 'bytes', SecretBinary, ClientRequestToken: token() }, ctx);
    expect(JSON.stringify(fixture.store.list(tables.secretVersions))).not.toMatch(/hunter|aHVudGVy/);
    const found = await sm.GetSecretValue({ SecretId: 'bytes' }, ctx);
    expect(Buffer.from(found.SecretBinary ?? []).toString()).toBe('hunter3');
    expect(found).not.toHaveProperty('SecretString');
  });

  it('may be made without a value, and has none', async () => {
    expect(await sm.CreateSecret({ Name: 'empty' }, ctx)).not.toHaveProperty('VersionId');
    expect(refusalOf(() => sm.GetSecretValue({ SecretId: 'empty' }, ctx))).toEqual({
      code: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
  });

  it('is encrypted again when its key changes', async () => {
    const { ARN = '' } = await create('app');
    await put('app', 'new');
    const key = fixture.store.transact((tx) =>
      fixture.vault.create(
        tx,
        ctx,
        { description: '', spec: 'SYMMETRIC_DEFAULT', manager: 'CUSTOMER', policy: '', tags: [] },
        0,
      ),
    );
    expect(await sm.UpdateSecret({ SecretId: 'app', KmsKeyId: key.arn }, ctx)).toEqual({ ARN, Name: 'app' });
    for (const stage of ['AWSCURRENT', 'AWSPREVIOUS']) {
      expect(await valueOf('app', { VersionStage: stage })).toBe(stage === 'AWSCURRENT' ? 'new' : 'hunter2');
    }
    const { Versions } = await sm.ListSecretVersionIds({ SecretId: 'app' }, ctx);
    expect(Versions?.map(({ KmsKeyIds }) => KmsKeyIds)).toEqual([[key.arn], [key.arn]]);
    fixture.store.transact((tx) => tx.put(kmsTables.kmsKeys, { ...key, state: 'Disabled' }));
    expect(refusalOf(() => sm.GetSecretValue({ SecretId: 'app' }, ctx)).code).toBe('DecryptionFailure');
    expect(refusalOf(() => put('app', 'newer')).code).toBe('EncryptionFailure');
  });

  it('is tagged, and has a policy', async () => {
    await create('app');
    await sm.TagResource(
      {
        SecretId: 'app',
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '2' },
        ],
      },
      ctx,
    );
    await sm.UntagResource({ SecretId: 'app', TagKeys: ['a'] }, ctx);
    expect((await sm.DescribeSecret({ SecretId: 'app' }, ctx)).Tags).toEqual([{ Key: 'b', Value: '2' }]);
    const ResourcePolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' }],
    });
    expect(
      refusalOf(() => sm.PutResourcePolicy({ SecretId: 'app', ResourcePolicy, BlockPublicPolicy: true }, ctx)).code,
    ).toBe('PublicPolicyException');
    expect(await sm.ValidateResourcePolicy({ ResourcePolicy }, ctx)).toMatchObject({ PolicyValidationPassed: false });
    await sm.PutResourcePolicy({ SecretId: 'app', ResourcePolicy }, ctx);
    expect((await sm.GetResourcePolicy({ SecretId: 'app' }, ctx)).ResourcePolicy).toBe(ResourcePolicy);
    await sm.DeleteResourcePolicy({ SecretId: 'app' }, ctx);
    expect(await sm.GetResourcePolicy({ SecretId: 'app' }, ctx)).not.toHaveProperty('ResourcePolicy');
  });
});

describe('the versions of a secret', () => {
  it('are current, previous, and then forgotten', async () => {
    await create('app', 'one');
    await put('app', 'two');
    expect(await stages('app')).toEqual({ [tokenOf(1)]: ['AWSPREVIOUS'], [tokenOf(2)]: ['AWSCURRENT'] });
    await sm.UpdateSecret({ SecretId: 'app', SecretString: 'three', ClientRequestToken: token() }, ctx);
    expect(await stages('app')).toEqual({ [tokenOf(2)]: ['AWSPREVIOUS'], [tokenOf(3)]: ['AWSCURRENT'] });
    expect(await valueOf('app', { VersionStage: 'AWSPREVIOUS' })).toBe('two');
    expect(await valueOf('app', { VersionId: tokenOf(1) })).toBe('one');
    const list = async (IncludeDeprecated: boolean) =>
      (await sm.ListSecretVersionIds({ SecretId: 'app', IncludeDeprecated }, ctx)).Versions?.length;
    expect([await list(false), await list(true)]).toEqual([2, 3]);
  });

  it('wait until they are made current', async () => {
    await create('app', 'one');
    await put('app', 'two', { VersionStages: ['AWSPENDING'] });
    expect(await valueOf('app')).toBe('one');
    expect(await valueOf('app', { VersionStage: 'AWSPENDING' })).toBe('two');
    const move = { SecretId: 'app', VersionStage: 'AWSCURRENT' };
    expect(refusalOf(() => sm.UpdateSecretVersionStage({ ...move, MoveToVersionId: tokenOf(2) }, ctx))).toEqual({
      code: 'InvalidParameterException',
      message: `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${tokenOf(1)}, so you must explicitly reference that version in RemoveFromVersionId.`,
    });
    await sm.UpdateSecretVersionStage({ ...move, MoveToVersionId: tokenOf(2), RemoveFromVersionId: tokenOf(1) }, ctx);
    expect(await stages('app')).toEqual({
      [tokenOf(1)]: ['AWSPREVIOUS'],
      [tokenOf(2)]: ['AWSPENDING', 'AWSCURRENT'],
    });
    // And back again.
    await sm.UpdateSecretVersionStage({ ...move, MoveToVersionId: tokenOf(1), RemoveFromVersionId: tokenOf(2) }, ctx);
    expect(await stages('app')).toEqual({
      [tokenOf(1)]: ['AWSCURRENT'],
      [tokenOf(2)]: ['AWSPENDING', 'AWSPREVIOUS'],
    });
    await sm.UpdateSecretVersionStage(
      { SecretId: 'app', VersionStage: 'AWSPENDING', RemoveFromVersionId: tokenOf(2) },
      ctx,
    );
    expect(await stages('app')).toEqual({ [tokenOf(1)]: ['AWSCURRENT'], [tokenOf(2)]: ['AWSPREVIOUS'] });
  });

  it('are made once for one token', async () => {
    await create('app', 'one');
    const again = { Name: 'app', SecretString: 'one', ClientRequestToken: tokenOf(1) };
    expect(await sm.CreateSecret(again, ctx)).toMatchObject({ VersionId: tokenOf(1) });
    const same = { SecretId: 'app', SecretString: 'two', ClientRequestToken: tokenOf(2) };
    await sm.PutSecretValue(same, ctx);
    expect(await sm.PutSecretValue(same, ctx)).toMatchObject({ VersionId: tokenOf(2), VersionStages: ['AWSCURRENT'] });
    expect(fixture.store.count(tables.secretVersions)).toBe(2);
    const refused = refusalOf(() => sm.PutSecretValue({ ...same, SecretString: 'other' }, ctx));
    expect(refused.code).toBe('ResourceExistsException');
    expect(refused.message).toMatch(/^You can't use ClientRequestToken .* because that value is already in use/);
  });

  it('without a label are kept a hundred deep', async () => {
    await create('app', '0');
    for (let n = 1; n <= 105; n += 1) await put('app', `${n}`);
    expect(fixture.store.count(tables.secretVersions)).toBe(102);
  });
});

describe('deletion', () => {
  it('can be taken back until the window is over', async () => {
    await create('app');
    const { DeletionDate } = await sm.DeleteSecret({ SecretId: 'app', RecoveryWindowInDays: 7 }, ctx);
    expect(DeletionDate?.getTime()).toBe(fixture.clock.now() + 7 * 86_400_000);
    const marked = "You can't perform this operation on the secret because it was marked for deletion.";
    expect(refusalOf(() => sm.GetSecretValue({ SecretId: 'app' }, ctx)).message).toBe(marked);
    expect(refusalOf(() => sm.TagResource({ SecretId: 'app', Tags: [] }, ctx)).message).toBe(marked);
    expect(refusalOf(() => sm.DeleteSecret({ SecretId: 'app' }, ctx)).message).toBe(
      "You can't perform this operation on the secret because it was already scheduled for deletion.",
    );
    expect(refusalOf(() => create('app')).message).toBe(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
    expect((await sm.ListSecrets({}, ctx)).SecretList).toEqual([]);
    expect((await sm.ListSecrets({ IncludePlannedDeletion: true }, ctx)).SecretList).toHaveLength(1);
    await sm.RestoreSecret({ SecretId: 'app' }, ctx);
    expect(await valueOf('app')).toBe('hunter2');
  });

  it('by force is for good, and of nothing is nothing', async () => {
    const { ARN } = await create('app');
    expect(await sm.DeleteSecret({ SecretId: 'app', ForceDeleteWithoutRecovery: true }, ctx)).toMatchObject({ ARN });
    expect(fixture.store.count(tables.secretVersions)).toBe(0);
    await sm.DeleteSecret({ SecretId: 'app', ForceDeleteWithoutRecovery: true }, ctx);
    expect((await create('app')).ARN).not.toBe(ARN);
  });
});

describe('a list of secrets', () => {
  beforeEach(async () => {
    await create('prod/db', 'x', { Description: 'Main database', Tags: [{ Key: 'env', Value: 'prod' }] });
    await create('prod/api', 'x', { Tags: [{ Key: 'env', Value: 'prod' }] });
    await create('test/db', 'x', { Description: 'Small database' });
  });

  it.each<[string, string[], string[]]>([
    ['name', ['prod/'], ['prod/api', 'prod/db']],
    ['name', ['!prod/'], ['test/db']],
    ['name', ['PROD'], []],
    ['description', ['database main'], ['prod/db']],
    ['tag-key', ['en'], ['prod/api', 'prod/db']],
    ['tag-value', ['prod'], ['prod/api', 'prod/db']],
    ['all', ['small'], ['test/db']],
    ['owning-service', ['x'], []],
  ])('is filtered by %s %j', async (Key, Values, names) => {
    const Filters = [{ Key: Key as 'name', Values }];
    const { SecretList } = await sm.ListSecrets({ Filters, SortBy: 'name' }, ctx);
    expect(SecretList?.map(({ Name }) => Name)).toEqual(names);
    const batch = await sm.BatchGetSecretValue({ Filters }, ctx);
    expect(batch.SecretValues?.map(({ Name }) => Name).toSorted()).toEqual(names);
  });

  it('comes a page at a time, in either order', async () => {
    const first = await sm.ListSecrets({ SortBy: 'name', SortOrder: 'desc', MaxResults: 2 }, ctx);
    const second = await sm.ListSecrets(
      { SortBy: 'name', SortOrder: 'desc', MaxResults: 2, NextToken: first.NextToken },
      ctx,
    );
    const names = [...(first.SecretList ?? []), ...(second.SecretList ?? [])].map(({ Name }) => Name);
    expect(names).toEqual(['test/db', 'prod/db', 'prod/api']);
    expect(second.NextToken).toBeUndefined();
  });

  it('of values tells what it could not get', async () => {
    await sm.DeleteSecret({ SecretId: 'prod/api' }, ctx);
    const { SecretValues, Errors } = await sm.BatchGetSecretValue({ SecretIdList: ['prod/db', 'prod/api', 'no'] }, ctx);
    expect(SecretValues).toMatchObject([{ Name: 'prod/db', SecretString: 'x' }]);
    expect(Errors).toMatchObject([
      { SecretId: 'prod/api', ErrorCode: 'InvalidRequestException' },
      { SecretId: 'no', ErrorCode: 'ResourceNotFoundException' },
    ]);
  });
});

describe('a random password', () => {
  it.each<[object, RegExp]>([
    [{}, /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^\w\s]).{32}$/],
    [{ PasswordLength: 4 }, /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[\W_]).{4}$/],
    [{ ExcludePunctuation: true, ExcludeNumbers: true, PasswordLength: 64 }, /^[a-zA-Z]{64}$/],
    [{ ExcludeCharacters: 'abc', ExcludeUppercase: true, PasswordLength: 500 }, /^[^abcA-Z]{500}$/],
    [{ IncludeSpace: true, PasswordLength: 5 }, /^(?=.* ).{5}$/],
  ])('%j', async (input, pattern) => {
    expect((await sm.GetRandomPassword(input, ctx)).RandomPassword).toMatch(pattern);
  });
});

describe('what Secrets Manager refuses', () => {
  const rows: readonly (readonly [string, () => unknown, string, string])[] = [
    [
      'a name with a space',
      () => create('a b'),
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    ],
    [
      'a name twice',
      () => create('there'),
      'ResourceExistsException',
      'The operation failed because the secret there already exists.',
    ],
    [
      'a value without a token',
      () => sm.CreateSecret({ Name: 'a', SecretString: 'x' }, ctx),
      'InvalidRequestException',
      'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
    ],
    [
      'a short token',
      () => create('a', 'x', { ClientRequestToken: 'short' }),
      'InvalidParameterException',
      'ClientRequestToken must be 32-64 characters long.',
    ],
    [
      'two values',
      () => create('a', 'x', { SecretBinary: Buffer.from('x') }),
      'InvalidParameterException',
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    ],
    [
      'no value',
      () => sm.PutSecretValue({ SecretId: 'there', ClientRequestToken: tokenOf(9) }, ctx),
      'InvalidRequestException',
      'You must provide either SecretString or SecretBinary.',
    ],
    [
      'too long a value',
      () => create('a', 'x'.repeat(65_537)),
      'ValidationException',
      "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    ],
    [
      'a key that is not there',
      () => create('a', 'x', { KmsKeyId: 'alias/none' }),
      'EncryptionFailure',
      "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state. Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.",
    ],
    [
      'copies in other regions',
      () => create('a', 'x', { AddReplicaRegions: [{ Region: 'eu-west-1' }] }),
      'InvalidParameterException',
      'AddReplicaRegions is not supported by Stowage.',
    ],
    [
      'what is not there',
      () => sm.GetSecretValue({ SecretId: 'no' }, ctx),
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret.",
    ],
    [
      'a version that is not there',
      () => sm.GetSecretValue({ SecretId: 'there', VersionId: tokenOf(77) }, ctx),
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for VersionId: ${tokenOf(77)}`,
    ],
    [
      'a label that is on another version',
      () => sm.GetSecretValue({ SecretId: 'there', VersionId: tokenOf(1), VersionStage: 'AWSPENDING' }, ctx),
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    ],
    [
      'to take AWSCURRENT away',
      () =>
        sm.UpdateSecretVersionStage(
          { SecretId: 'there', VersionStage: 'AWSCURRENT', RemoveFromVersionId: tokenOf(1) },
          ctx,
        ),
      'InvalidParameterException',
      "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
    ],
    [
      'force with a window',
      () => sm.DeleteSecret({ SecretId: 'there', ForceDeleteWithoutRecovery: true, RecoveryWindowInDays: 7 }, ctx),
      'InvalidParameterException',
      "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    ],
    [
      'a short window',
      () => sm.DeleteSecret({ SecretId: 'there', RecoveryWindowInDays: 6 }, ctx),
      'InvalidParameterException',
      'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
    ],
    [
      'rotation by a function',
      () =>
        sm.RotateSecret(
          {
            SecretId: 'there',
            ClientRequestToken: tokenOf(9),
            RotationLambdaARN: 'arn:aws:lambda:us-east-1:000000000000:function:f',
          },
          ctx,
        ),
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function: there are no Lambda functions in Stowage. RotationLambdaARN may be the URL of what rotates the secret.',
    ],
    [
      'rotation by nothing',
      () => sm.RotateSecret({ SecretId: 'there', ClientRequestToken: tokenOf(9) }, ctx),
      'InvalidRequestException',
      'No Lambda rotation function ARN is associated with this secret.',
    ],
    [
      'a policy that is none',
      () => sm.PutResourcePolicy({ SecretId: 'there', ResourcePolicy: '{' }, ctx),
      'MalformedPolicyDocumentException',
      'This resource policy contains no statements, or is not valid JSON.',
    ],
    [
      'an unknown filter',
      () => sm.ListSecrets({ Filters: [{ Key: 'size' as 'name', Values: ['1'] }] }, ctx),
      'ValidationException',
      "1 validation error detected: Value 'size' at 'filters.1.member.key' failed to satisfy constraint: Member must satisfy enum value set: [description, name, tag-key, tag-value, primary-region, owning-service, all]",
    ],
    [
      'neither names nor filters',
      () => sm.BatchGetSecretValue({}, ctx),
      'InvalidParameterException',
      "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
    ],
    [
      'a token of nobody',
      () => sm.ListSecrets({ NextToken: 'x' }, ctx),
      'InvalidNextTokenException',
      'The NextToken value is invalid.',
    ],
    [
      'a password that cannot be',
      () => sm.GetRandomPassword({ PasswordLength: 3 }, ctx),
      'InvalidParameterException',
      'Password length 3 is too short based on the required types.',
    ],
    [
      'a tag of AWS',
      () => create('a', 'x', { Tags: [{ Key: 'aws:a', Value: '' }] }),
      'InvalidParameterException',
      'Tag keys that begin with aws: are reserved for AWS.',
    ],
  ];
  it.each(rows)('%s', async (_, work, code, message) => {
    await create('there');
    expect(refusalOf(work)).toEqual({ code, message });
    expect(fixture.store.count(tables.secrets)).toBe(1);
    expect(fixture.store.count(tables.secretVersions)).toBe(1);
  });
});
