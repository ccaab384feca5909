import { beforeEach, describe, expect, it } from 'vitest';
import * as kmsTables from '../../store/tables/kms.ts';
import * as secretTables from '../../store/tables/secretsmanager.ts';
import * as tables from '../../store/tables/ssm.ts';
import { secretsManagerHandlers } from '../secretsmanager/handlers.ts';
import { callerIn, keyFixture, refusalOf } from '../testing.ts';
import { ssmHandlers } from './handlers.ts';

const ctx = callerIn();

let fixture: ReturnType<typeof keyFixture>;
let ssm: Required<ReturnType<typeof ssmHandlers>>;

beforeEach(() => {
  fixture = keyFixture(tables, kmsTables, secretTables);
  ssm = ssmHandlers(fixture) as typeof ssm;
});

type Put = Parameters<typeof ssm.PutParameter>[0];

const put = (Name: string, Value = 'value', more: Partial<Put> = {}) =>
  ssm.PutParameter({ Name, Value, Type: 'String', ...more }, ctx);
const again = (Name: string, Value: string, more: Partial<Put> = {}) =>
  ssm.PutParameter({ Name, Value, Overwrite: true, ...more }, ctx);
const get = async (Name: string, WithDecryption = false) =>
  (await ssm.GetParameter({ Name, WithDecryption }, ctx)).Parameter;

describe('a parameter', () => {
  it('is answered as AWS answers it, by its name and its ARN', async () => {
    expect(await put('/app/url', 'https://a')).toEqual({ Version: 1, Tier: 'Standard' });
    const ARN = 'arn:aws:ssm:us-east-1:000000000000:parameter/app/url';
    const expected = {
      Name: '/app/url',
      Type: 'String',
      Value: 'https://a',
      Version: 1,
      LastModifiedDate: new Date(fixture.clock.now()),
      ARN,
      DataType: 'text',
    };
    expect(await get('/app/url')).toEqual(expected);
    expect(await get(ARN)).toEqual(expected);
    expect(await get(`${ARN}:1`)).toEqual({ ...expected, Selector: ':1' });
  });

  it('is the same with its first slash and without', async () => {
    await put('plain');
    expect((await get('/plain'))?.ARN).toBe('arn:aws:ssm:us-east-1:000000000000:parameter/plain');
    expect(refusalOf(() => put('/plain')).code).toBe('ParameterAlreadyExists');
  });

  it('keeps what a new version does not say', async () => {
    await put('a', '1', { Description: 'd', AllowedPattern: '\\d+', Tier: 'Advanced' });
    expect(await again('a', '2')).toEqual({ Version: 2, Tier: 'Advanced' });
    const { Parameters: [found] = [] } = await ssm.DescribeParameters({}, ctx);
    expect(found).toEqual({
      Name: 'a',
      ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/a',
      Type: 'String',
      LastModifiedDate: new Date(fixture.clock.now()),
      LastModifiedUser: ctx.caller.arn,
      Description: 'd',
      AllowedPattern: '\\d+',
      Version: 2,
      Tier: 'Advanced',
      Policies: [],
      DataType: 'text',
    });
    expect(refusalOf(() => again('a', 'x'))).toEqual({
      code: 'ParameterPatternMismatchException',
      message: 'Parameter value, cannot be validated against allowedPattern: \\d+',
    });
  });

  it('has a history, and goes with all of it', async () => {
    await put('a', '1');
    await again('a', '2');
    const { Parameters } = await ssm.GetParameterHistory({ Name: 'a' }, ctx);
    expect(Parameters?.map(({ Version, Value }) => [Version, Value])).toEqual([
      [1, '1'],
      [2, '2'],
    ]);
    expect((await get('a:1'))?.Value).toBe('1');
    await ssm.DeleteParameter({ Name: 'a' }, ctx);
    expect(fixture.store.list(tables.parameterVersions)).toEqual([]);
    expect(await put('a')).toMatchObject({ Version: 1 });
  });

  it('keeps a hundred versions, and never one with a label', async () => {
    await put('a', '1');
    for (let version = 2; version <= 101; version += 1) await again('a', `${version}`);
    expect(fixture.store.count(tables.parameterVersions)).toBe(100);
    expect(refusalOf(() => ssm.GetParameter({ Name: 'a:1' }, ctx)).code).toBe('ParameterVersionNotFound');
    await ssm.LabelParameterVersion({ Name: 'a', ParameterVersion: 2, Labels: ['keep'] }, ctx);
    expect(refusalOf(() => again('a', 'x'))).toEqual({
      code: 'ParameterMaxVersionLimitExceeded',
      message:
        "You attempted to create a new version of a by calling the PutParameter API with the overwrite flag. Version 2, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.",
    });
  });

  it('grows into the advanced tier where that is left to it', async () => {
    const tier = 'Intelligent-Tiering';
    expect(await put('small', 'x', { Tier: tier })).toMatchObject({ Tier: 'Standard' });
    expect(await put('large', 'x'.repeat(4097), { Tier: tier })).toMatchObject({ Tier: 'Advanced' });
    expect(await again('large', 'x', { Tier: tier })).toMatchObject({ Tier: 'Advanced' });
  });

  it('is tagged', async () => {
    const resource = { ResourceType: 'Parameter', ResourceId: 'a' } as const;
    await put('a', 'x', { Tags: [{ Key: 'k', Value: '1' }] });
    await ssm.AddTagsToResource({ ...resource, Tags: [{ Key: 'l', Value: '2' }] }, ctx);
    await ssm.RemoveTagsFromResource({ ...resource, TagKeys: ['k'] }, ctx);
    expect((await ssm.ListTagsForResource(resource, ctx)).TagList).toEqual([{ Key: 'l', Value: '2' }]);
  });
});

describe('a secure string', () => {
  it('lies in the store encrypted, with AWS’s own key unless another is named', async () => {
    await put('s', 'hunter2', { Type: 'SecureString' });
    expect(JSON.stringify(fixture.store.list(tables.parameterVersions))).not.toContain('hunter2');
    expect((await get('s'))?.Value).toMatch(/^AQIC/);
    expect((await get('s', true))?.Value).toBe('hunter2');
    const { Parameters: [found] = [] } = await ssm.DescribeParameters({}, ctx);
    expect(found?.KeyId).toBe('alias/aws/ssm');
    const history = await ssm.GetParameterHistory({ Name: 's', WithDecryption: true }, ctx);
    expect(history.Parameters?.[0]).toMatchObject({ Value: 'hunter2', KeyId: 'alias/aws/ssm', Labels: [] });
  });

  it('cannot be had while its key is disabled, nor made with a key that is not there', async () => {
    await put('s', 'hunter2', { Type: 'SecureString' });
    const [key] = fixture.store.list(kmsTables.kmsKeys);
    if (key !== undefined) fixture.store.transact((tx) => tx.put(kmsTables.kmsKeys, { ...key, state: 'Disabled' }));
    const nested = (code: string): string =>
      `(Service: AWSKMS; Status Code: 400; Error Code: ${code}; Request ID: request)`;
    expect(refusalOf(() => ssm.GetParameter({ Name: 's', WithDecryption: true }, ctx))).toEqual({
      code: 'InvalidKeyId',
      message: `${key?.arn} is disabled. ${nested('DisabledException')}`,
    });
    expect((await get('s'))?.Value).toMatch(/^AQIC/);
    expect(refusalOf(() => put('t', 'x', { Type: 'SecureString', KeyId: 'alias/none' }))).toEqual({
      code: 'InvalidKeyId',
      message: `Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found. ${nested('NotFoundException')}`,
    });
    expect(fixture.store.count(tables.parameters)).toBe(1);
  });
});

describe('several parameters', () => {
  beforeEach(async () => {
    await put('/app/db/host', 'h');
    await put('/app/db/password', 'p', { Type: 'SecureString' });
    await put('/app/list', 'a,b', { Type: 'StringList', Tags: [{ Key: 'env', Value: 'prod' }] });
    await put('plain', 'x');
  });

  it('are got by their names, and the names that name nothing are told', async () => {
    const { Parameters, InvalidParameters } = await ssm.GetParameters(
      { Names: ['plain', '/none', '/app/db/password', 'plain:7'], WithDecryption: true },
      ctx,
    );
    expect(Parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([
      ['plain', 'x'],
      ['/app/db/password', 'p'],
    ]);
    expect(InvalidParameters).toEqual(['/none', 'plain:7']);
  });

  it.each([
    ['/app', false, ['/app/list']],
    ['/app/', true, ['/app/db/host', '/app/db/password', '/app/list']],
    ['/app/db', false, ['/app/db/host', '/app/db/password']],
    ['/ap', true, []],
    ['/', false, ['plain']],
    ['/', true, ['/app/db/host', '/app/db/password', '/app/list', 'plain']],
  ])('are got by the path %s, recursively: %s', async (Path, Recursive, names) => {
    const { Parameters } = await ssm.GetParametersByPath({ Path, Recursive }, ctx);
    expect(Parameters?.map(({ Name }) => Name)).toEqual(names);
  });

  it('are got a page at a time', async () => {
    const seen: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await ssm.GetParametersByPath(
        { Path: '/', Recursive: true, MaxResults: 3, ...(NextToken === undefined ? {} : { NextToken }) },
        ctx,
      );
      seen.push(page.Parameters?.length);
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(seen).toEqual([3, 1]);
  });

  it('are filtered by label, which picks the version that has it', async () => {
    await again('/app/db/host', 'new');
    await ssm.LabelParameterVersion({ Name: '/app/db/host', ParameterVersion: 1, Labels: ['stable'] }, ctx);
    const { Parameters } = await ssm.GetParametersByPath(
      { Path: '/app', Recursive: true, ParameterFilters: [{ Key: 'Label', Values: ['stable'] }] },
      ctx,
    );
    expect(Parameters?.map(({ Value }) => Value)).toEqual(['h']);
  });

  it.each<[object, string[]]>([
    [{ ParameterFilters: [{ Key: 'Name', Values: ['/app/list', '/plain'] }] }, ['/app/list', 'plain']],
    [{ ParameterFilters: [{ Key: 'Name', Option: 'Contains', Values: ['db'] }] }, ['/app/db/host', '/app/db/password']],
    [{ ParameterFilters: [{ Key: 'Name', Option: 'BeginsWith', Values: ['app/l'] }] }, ['/app/list']],
    [{ ParameterFilters: [{ Key: 'Type', Values: ['SecureString'] }] }, ['/app/db/password']],
    [{ ParameterFilters: [{ Key: 'KeyId', Values: ['alias/aws/ssm'] }] }, ['/app/db/password']],
    [{ ParameterFilters: [{ Key: 'Path', Values: ['/app'] }] }, ['/app/list']],
    [{ ParameterFilters: [{ Key: 'tag:env', Values: ['prod'] }] }, ['/app/list']],
    [{ ParameterFilters: [{ Key: 'tag:env' }] }, ['/app/list']],
    [{ Filters: [{ Key: 'Name', Values: ['/app/db'] }] }, ['/app/db/host', '/app/db/password']],
    [{ Shared: true }, []],
  ])('are described by %j', async (input, names) => {
    const { Parameters } = await ssm.DescribeParameters(input, ctx);
    expect(Parameters?.map(({ Name }) => Name)).toEqual(names);
  });

  it('are deleted by their names', async () => {
    expect(await ssm.DeleteParameters({ Names: ['plain', 'none'] }, ctx)).toEqual({
      DeletedParameters: ['plain'],
      InvalidParameters: ['none'],
    });
  });
});

describe('what AWS has under /aws', () => {
  const path = '/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended';

  it('names the images that have the ECS agent', async () => {
    const found = await get(`${path}/image_id`);
    expect(found).toMatchObject({
      Type: 'String',
      Value: expect.stringMatching(/^ami-0[0-9a-f]{16}$/) as string,
      ARN: `arn:aws:ssm:us-east-1::parameter${path}/image_id`,
    });
    expect(JSON.parse((await get(path))?.Value ?? '')).toMatchObject({ image_id: found?.Value });
    expect((await get(found?.ARN ?? ''))?.Value).toBe(found?.Value);
    const { Parameters } = await ssm.GetParametersByPath({ Path: path }, ctx);
    expect(Parameters?.map(({ Name }) => Name)).toContain(`${path}/image_name`);
    expect(refusalOf(() => ssm.GetParameter({ Name: '/aws/service/none' }, ctx)).code).toBe('ParameterNotFound');
  });

  it('are secrets, by their reference', async () => {
    const sm = secretsManagerHandlers(fixture);
    const ClientRequestToken = '00000000-0000-0000-0000-000000000001';
    await sm.CreateSecret?.({ Name: 'app/db', SecretString: 'hunter2', ClientRequestToken }, ctx);
    const name = '/aws/reference/secretsmanager/app/db';
    expect(await get(name, true)).toMatchObject({ Name: name, Type: 'SecureString', Value: 'hunter2', Version: 0 });
    expect(await get(`${name}:${ClientRequestToken}`, true)).toMatchObject({ Value: 'hunter2' });
    expect(refusalOf(() => ssm.GetParameter({ Name: name }, ctx)).message).toBe(
      'WithDecryption flag must be True for retrieving a Secret Manager secret.',
    );
    expect(refusalOf(() => ssm.GetParameter({ Name: `${name}:AWSPENDING`, WithDecryption: true }, ctx)).code).toBe(
      'ParameterNotFound',
    );
  });
});

describe('a label', () => {
  it('is on one version at a time, and selects it', async () => {
    await put('a', '1');
    await again('a', '2');
    await ssm.LabelParameterVersion({ Name: 'a', ParameterVersion: 1, Labels: ['live'] }, ctx);
    expect(await get('a:live')).toMatchObject({ Value: '1', Selector: ':live' });
    expect(await ssm.LabelParameterVersion({ Name: 'a', Labels: ['live', 'aws-no', '1st'] }, ctx)).toEqual({
      InvalidLabels: ['aws-no', '1st'],
      ParameterVersion: 2,
    });
    expect((await get('a:live'))?.Value).toBe('2');
    expect(
      await ssm.UnlabelParameterVersion({ Name: 'a', ParameterVersion: 2, Labels: ['live', 'other'] }, ctx),
    ).toEqual({ RemovedLabels: ['live'], InvalidLabels: ['other'] });
    expect(refusalOf(() => ssm.GetParameter({ Name: 'a:live' }, ctx)).code).toBe('ParameterVersionNotFound');
  });
});

describe('what Parameter Store refuses', () => {
  const policies = (...list: object[]): Partial<Put> => ({ Tier: 'Advanced', Policies: JSON.stringify(list) });
  const expiration = (Timestamp: string): object => ({ Type: 'Expiration', Version: '1.0', Attributes: { Timestamp } });
  const nameRules =
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';
  const later = expiration('2999-01-01T00:00:00.000Z');
  const rows: readonly (readonly [string, () => unknown, string, string])[] = [
    [
      'a name of AWS',
      () => put('aws-x'),
      'ValidationException',
      'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    ],
    ['a path of AWS', () => put('/aws/x'), 'AccessDeniedException', 'No access to reserved parameter name: /aws/x.'],
    ['a path of SSM', () => put('/ssm/x'), 'ValidationException', nameRules],
    ['other characters', () => put('/a b'), 'ValidationException', nameRules],
    ['half a path', () => put('a/b'), 'ValidationException', 'Parameter name must be a fully qualified name.'],
    [
      'too deep a path',
      () => put(`/${'a/'.repeat(15)}a`),
      'HierarchyLevelLimitExceededException',
      'A hierarchy can have a maximum of 15 levels. For more information, see Requirements and constraints for parameter names in the Amazon Web Services Systems Manager User Guide.',
    ],
    [
      'no value',
      () => put('a', ''),
      'ValidationException',
      "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      'too long a value',
      () => put('a', 'x'.repeat(4097)),
      'ValidationException',
      'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html',
    ],
    [
      'too long a value for anything',
      () => put('a', 'x'.repeat(8193), { Tier: 'Advanced' }),
      'ValidationException',
      'Advanced tier parameters support a maximum parameter value of 8192 characters. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html',
    ],
    [
      'a parameter in a parameter',
      () => put('a', '{{ssm:b}}'),
      'ValidationException',
      'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.',
    ],
    [
      'no type',
      () => ssm.PutParameter({ Name: 'a', Value: 'x' }, ctx),
      'ValidationException',
      'A parameter type is required when you create a parameter.',
    ],
    [
      'an unknown type',
      () => put('a', 'x', { Type: 'Number' as 'String' }),
      'ValidationException',
      "1 validation error detected: Value 'Number' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]",
    ],
    [
      'a key for a plain string',
      () => put('a', 'x', { KeyId: 'alias/aws/ssm' }),
      'ValidationException',
      'KeyId can be given for a parameter of type SecureString only, not for a String.',
    ],
    [
      'an unknown data type',
      () => put('a', 'x', { DataType: 'Text' }),
      'ValidationException',
      'The following data type is not supported: Text (Data type names are all lowercase.)',
    ],
    [
      'an image that is none',
      () => put('a', 'x', { DataType: 'aws:ec2:image' }),
      'ValidationException',
      'The value of a parameter of data type aws:ec2:image must be the id of an AMI: ami-…',
    ],
    [
      'tags and overwrite',
      () => again('a', 'x', { Tags: [{ Key: 'a', Value: '' }] }),
      'ValidationException',
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    ],
    [
      'a pattern that is none',
      () => put('a', 'x', { AllowedPattern: '(' }),
      'InvalidAllowedPatternException',
      'The request does not meet the regular expression requirement.',
    ],
    [
      'a pattern that thinks for ever',
      () => put('a', `${'a'.repeat(64)}!`, { AllowedPattern: '(a+)+' }),
      'InvalidAllowedPatternException',
      'The request does not meet the regular expression requirement.',
    ],
    [
      'policies of a standard parameter',
      () => put('a', 'x', { Policies: JSON.stringify([later]) }),
      'ValidationException',
      'Parameter policies are supported for parameters of the advanced-parameter tier only. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html',
    ],
    [
      'an unknown policy',
      () => put('a', 'x', policies({ Type: 'Other', Version: '1.0' })),
      'InvalidPolicyTypeException',
      "The policy type isn't supported. Parameter Store supports the following policy types: Expiration, ExpirationNotification, and NoChangeNotification.",
    ],
    [
      'an expiration in the past',
      () => put('a', 'x', policies(expiration('2001-01-01T00:00:00.000Z'))),
      'InvalidPolicyAttributeException',
      'The Timestamp of an Expiration policy must be in the future.',
    ],
    [
      'two expirations',
      () => put('a', 'x', policies(later, later)),
      'IncompatiblePolicyException',
      "There is a conflict in the policies specified for this parameter. You can't, for example, specify two Expiration policies for a parameter. Review your policies, and try again.",
    ],
    [
      'a notification that does not say when',
      () => put('a', 'x', policies({ Type: 'NoChangeNotification', Version: '1.0', Attributes: { After: '2' } })),
      'InvalidPolicyAttributeException',
      'The policy NoChangeNotification must say how many Days or Hours.',
    ],
    ['what is not there', () => ssm.GetParameter({ Name: 'a' }, ctx), 'ParameterNotFound', 'Parameter a not found.'],
    [
      'what is elsewhere',
      () => ssm.GetParameter({ Name: 'arn:aws:ssm:eu-west-1:000000000000:parameter/there' }, ctx),
      'ParameterNotFound',
      'Parameter arn:aws:ssm:eu-west-1:000000000000:parameter/there not found.',
    ],
    [
      'a version that is not there',
      () => ssm.GetParameter({ Name: 'there:9' }, ctx),
      'ParameterVersionNotFound',
      'Systems Manager could not find version 9 of there. Verify the version and try again.',
    ],
    [
      'to delete what is not there',
      () => ssm.DeleteParameter({ Name: 'a' }, ctx),
      'ParameterNotFound',
      'Parameter a not found.',
    ],
    [
      'a path without its slash',
      () => ssm.GetParametersByPath({ Path: 'a' }, ctx),
      'ValidationException',
      'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
    ],
    [
      'eleven names',
      () => ssm.GetParameters({ Names: Array.from({ length: 11 }, (_, index) => `${index}`) }, ctx),
      'ValidationException',
      `1 validation error detected: Value '["0","1","2","3","4","5","6","7","8","9","10"]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`,
    ],
    [
      'a page too large',
      () => ssm.GetParametersByPath({ Path: '/', MaxResults: 11 }, ctx),
      'ValidationException',
      "1 validation error detected: Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10",
    ],
    [
      'a token of nobody',
      () => ssm.DescribeParameters({ NextToken: 'x' }, ctx),
      'InvalidNextToken',
      'The specified token is not valid.',
    ],
    [
      'a filter by path under a path',
      () => ssm.GetParametersByPath({ Path: '/', ParameterFilters: [{ Key: 'Path', Values: ['/a'] }] }, ctx),
      'InvalidFilterKey',
      'The following filter key is not valid: Path. Valid filter keys include: [Type, KeyId, Label, DataType].',
    ],
    [
      'a filter twice',
      () =>
        ssm.DescribeParameters(
          {
            ParameterFilters: [
              { Key: 'Name', Values: ['a'] },
              { Key: 'Name', Values: ['b'] },
            ],
          },
          ctx,
        ),
      'InvalidFilterKey',
      'The following filter is duplicated in the request: Name. A request can contain only one occurrence of a specific filter.',
    ],
    [
      'a filter of no values',
      () => ssm.DescribeParameters({ ParameterFilters: [{ Key: 'Name' }] }, ctx),
      'InvalidFilterValue',
      'The following filter values are missing : null for filter key Name.',
    ],
    [
      'a filter of another kind',
      () =>
        ssm.DescribeParameters({ ParameterFilters: [{ Key: 'Type', Option: 'Contains', Values: ['String'] }] }, ctx),
      'InvalidFilterOption',
      'The following filter option is not valid: Contains. Valid options include: [BeginsWith, Equals].',
    ],
    [
      'an unknown filter',
      () => ssm.DescribeParameters({ ParameterFilters: [{ Key: 'Size', Values: ['1'] }] }, ctx),
      'ValidationException',
      "1 validation error detected: Value 'Size' at 'parameterFilters.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType",
    ],
    [
      'tags of what is not there',
      () => ssm.ListTagsForResource({ ResourceType: 'Parameter', ResourceId: 'a' }, ctx),
      'InvalidResourceId',
      'The resource ID is not valid: there is no Parameter a.',
    ],
    [
      'no labels',
      () => ssm.LabelParameterVersion({ Name: 'there', Labels: [] }, ctx),
      'ValidationException',
      "1 validation error detected: Value '[]' at 'labels' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
  ];
  it.each(rows)('%s', async (_, work, code, message) => {
    await put('there');
    expect(refusalOf(work)).toEqual({ code, message });
    expect(fixture.store.count(tables.parameters)).toBe(1);
  });
});
