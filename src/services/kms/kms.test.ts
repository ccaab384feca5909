import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import * as tables from '../../store/tables/kms.ts';
import { callerIn, keyFixture, refusalOf } from '../testing.ts';
import { kmsHandlers } from './handlers.ts';

const ctx = callerIn();
const bytes = (text: string): Uint8Array => Buffer.from(text);

let fixture: ReturnType<typeof keyFixture>;
let kms: Required<ReturnType<typeof kmsHandlers>>;
/** A symmetric key, an HMAC key, a disabled one and one that waits to be deleted. */
let ids: { key: string; hmac: string; disabled: string; pending: string };

async function create(input: Parameters<typeof kms.CreateKey>[0] = {}): Promise<string> {
  return (await kms.CreateKey(input, ctx)).KeyMetadata?.KeyId ?? '';
}

beforeEach(async () => {
  fixture = keyFixture(tables);
  kms = kmsHandlers(fixture) as typeof kms;
  ids = {
    key: await create({ Description: 'one' }),
    hmac: await create({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    disabled: await create(),
    pending: await create(),
  };
  await kms.DisableKey({ KeyId: ids.disabled }, ctx);
  await kms.ScheduleKeyDeletion({ KeyId: ids.pending, PendingWindowInDays: 7 }, ctx);
});

const arnOf = (id: string): string => `arn:aws:kms:us-east-1:000000000000:key/${id}`;

describe('a key', () => {
  it('is described as AWS describes it', async () => {
    const { KeyMetadata } = await kms.DescribeKey({ KeyId: ids.key }, ctx);
    expect(KeyMetadata).toEqual({
      AWSAccountId: '000000000000',
      KeyId: ids.key,
      Arn: arnOf(ids.key),
      CreationDate: new Date(fixture.clock.now()),
      Enabled: true,
      Description: 'one',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      MultiRegion: false,
    });
  });

  it('has every name it can be called by', async () => {
    await kms.CreateAlias({ AliasName: 'alias/app', TargetKeyId: ids.key }, ctx);
    const names = [ids.key, arnOf(ids.key), 'alias/app', 'arn:aws:kms:us-east-1:000000000000:alias/app'];
    for (const KeyId of names) {
      expect((await kms.DescribeKey({ KeyId }, ctx)).KeyMetadata?.KeyId).toBe(ids.key);
    }
    await kms.UpdateAlias({ AliasName: 'alias/app', TargetKeyId: ids.disabled }, ctx);
    expect((await kms.DescribeKey({ KeyId: 'alias/app' }, ctx)).KeyMetadata?.KeyId).toBe(ids.disabled);
    await kms.DeleteAlias({ AliasName: 'alias/app' }, ctx);
    expect((await kms.ListAliases({}, ctx)).Aliases).toEqual([]);
  });

  it('of a service of AWS is made when it is first asked for, and is AWS’s own', async () => {
    const { KeyMetadata } = await kms.DescribeKey({ KeyId: 'alias/aws/ssm' }, ctx);
    expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' });
    expect((await kms.DescribeKey({ KeyId: 'alias/aws/ssm' }, ctx)).KeyMetadata?.KeyId).toBe(KeyMetadata?.KeyId);
    expect((await kms.ListAliases({}, ctx)).Aliases?.map(({ AliasName }) => AliasName)).toEqual(['alias/aws/ssm']);
    expect(refusalOf(() => kms.DisableKey({ KeyId: KeyMetadata?.KeyId }, ctx)).code).toBe('AccessDeniedException');
  });

  it('goes back from pending deletion to disabled, and is enabled again', async () => {
    const { KeyMetadata } = await kms.DescribeKey({ KeyId: ids.pending }, ctx);
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingDeletion', Enabled: false });
    expect(KeyMetadata?.DeletionDate?.getTime()).toBe(fixture.clock.now() + 7 * 24 * 3600 * 1000);
    expect(await kms.CancelKeyDeletion({ KeyId: ids.pending }, ctx)).toEqual({ KeyId: arnOf(ids.pending) });
    expect((await kms.DescribeKey({ KeyId: ids.pending }, ctx)).KeyMetadata?.KeyState).toBe('Disabled');
    await kms.EnableKey({ KeyId: ids.pending }, ctx);
    expect((await kms.DescribeKey({ KeyId: ids.pending }, ctx)).KeyMetadata?.KeyState).toBe('Enabled');
  });

  it('keeps tags and a policy', async () => {
    await kms.TagResource({ KeyId: ids.key, Tags: [{ TagKey: 'a', TagValue: '1' }] }, ctx);
    await kms.TagResource({ KeyId: ids.key, Tags: [{ TagKey: 'a', TagValue: '2' }] }, ctx);
    expect((await kms.ListResourceTags({ KeyId: ids.key }, ctx)).Tags).toEqual([{ TagKey: 'a', TagValue: '2' }]);
    await kms.UntagResource({ KeyId: ids.key, TagKeys: ['a'] }, ctx);
    expect((await kms.ListResourceTags({ KeyId: ids.key }, ctx)).Tags).toEqual([]);
    const { Policy } = await kms.GetKeyPolicy({ KeyId: ids.key }, ctx);
    expect(JSON.parse(Policy ?? '')).toMatchObject({ Id: 'key-default-1' });
    const other = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
    });
    await kms.PutKeyPolicy({ KeyId: ids.key, Policy: other }, ctx);
    expect((await kms.GetKeyPolicy({ KeyId: ids.key, PolicyName: 'default' }, ctx)).Policy).toBe(other);
  });

  it('is listed a page at a time', async () => {
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await kms.ListKeys({ Limit: 3, ...(Marker === undefined ? {} : { Marker }) }, ctx);
      seen.push(...(page.Keys ?? []).map(({ KeyId = '' }) => KeyId));
      Marker = page.NextMarker;
      expect(page.Truncated).toBe(Marker !== undefined);
    } while (Marker !== undefined);
    expect(seen).toEqual(Object.values(ids).toSorted());
  });

  it('is in no row in clear', async () => {
    const plaintext = Buffer.alloc(32);
    const { CiphertextBlob } = await kms.Encrypt({ KeyId: ids.key, Plaintext: plaintext }, ctx);
    expect(CiphertextBlob).toBeDefined();
    for (const key of fixture.store.list(tables.kmsKeys)) {
      expect(key.materials.map(({ wrapped }) => Buffer.from(wrapped, 'base64').length)).toEqual([12 + 16 + 32]);
    }
  });
});

describe('encryption', () => {
  it('gives back what it took, with its context alone', () => {
    const contexts = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 4096 }), contexts, contexts, (Plaintext, context, other) => {
        const { CiphertextBlob } = sync(kms.Encrypt({ KeyId: ids.key, Plaintext, EncryptionContext: context }, ctx));
        const shuffled = Object.fromEntries(Object.entries(context).toReversed());
        const opened = sync(kms.Decrypt({ CiphertextBlob, EncryptionContext: shuffled }, ctx));
        expect(Buffer.from(opened.Plaintext ?? []).equals(Plaintext)).toBe(true);
        expect(opened.KeyId).toBe(arnOf(ids.key));
        const pairs = (of: Record<string, string>) =>
          JSON.stringify(Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1)));
        fc.pre(pairs(context) !== pairs(other));
        const refused = refusalOf(() => kms.Decrypt({ CiphertextBlob, EncryptionContext: other }, ctx));
        expect(refused).toEqual({ code: 'InvalidCiphertextException', message: '' });
      }),
      { numRuns: 100 },
    );
  });

  it('notices every bit that was changed', () => {
    const { CiphertextBlob = bytes('') } = sync(kms.Encrypt({ KeyId: ids.key, Plaintext: bytes('secret') }, ctx));
    fc.assert(
      fc.property(fc.nat(CiphertextBlob.length - 1), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(CiphertextBlob);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        // A changed key id names a key that is not there, or another one.
        expect(['InvalidCiphertextException', 'AccessDeniedException']).toContain(
          refusalOf(() => kms.Decrypt({ CiphertextBlob: changed }, ctx)).code,
        );
      }),
    );
  });

  it('never makes the same ciphertext twice, and old ones outlive rotation', () => {
    const encrypt = () => sync(kms.Encrypt({ KeyId: ids.key, Plaintext: bytes('secret') }, ctx)).CiphertextBlob;
    const [first, second] = [encrypt(), encrypt()];
    expect(Buffer.from(first ?? []).equals(second ?? Buffer.alloc(0))).toBe(false);
    sync(kms.RotateKeyOnDemand({ KeyId: ids.key }, ctx));
    const third = encrypt();
    for (const CiphertextBlob of [first, third]) {
      expect(Buffer.from(sync(kms.Decrypt({ CiphertextBlob }, ctx)).Plaintext ?? []).toString()).toBe('secret');
    }
    const { Rotations } = sync(kms.ListKeyRotations({ KeyId: ids.key }, ctx));
    expect(Rotations).toMatchObject([{ RotationType: 'ON_DEMAND', KeyMaterialState: 'CURRENT' }]);
    const materials = [first, third].map((CiphertextBlob) => sync(kms.Decrypt({ CiphertextBlob }, ctx)).KeyMaterialId);
    expect(materials[1]).toBe(Rotations?.[0]?.KeyMaterialId);
    expect(materials[0]).not.toBe(materials[1]);
  });

  it('makes data keys, and encrypts again with another key', () => {
    const made = sync(kms.GenerateDataKey({ KeyId: ids.key, KeySpec: 'AES_256' }, ctx));
    expect(made.Plaintext).toHaveLength(32);
    const target = sync(kms.CreateKey({}, ctx)).KeyMetadata?.KeyId;
    const moved = sync(
      kms.ReEncrypt(
        { CiphertextBlob: made.CiphertextBlob, DestinationKeyId: target, DestinationEncryptionContext: { a: 'b' } },
        ctx,
      ),
    );
    expect(moved).toMatchObject({ SourceKeyId: arnOf(ids.key), KeyId: arnOf(target ?? '') });
    const opened = sync(kms.Decrypt({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { a: 'b' } }, ctx));
    expect(opened.Plaintext).toEqual(made.Plaintext);
    const hidden = sync(kms.GenerateDataKeyWithoutPlaintext({ KeyId: ids.key, NumberOfBytes: 7 }, ctx));
    expect(hidden).not.toHaveProperty('Plaintext');
    expect(sync(kms.Decrypt({ CiphertextBlob: hidden.CiphertextBlob }, ctx)).Plaintext).toHaveLength(7);
  });

  it('belongs to one region', () => {
    const { CiphertextBlob } = sync(kms.Encrypt({ KeyId: ids.key, Plaintext: bytes('secret') }, ctx));
    expect(refusalOf(() => kms.Decrypt({ CiphertextBlob }, callerIn('eu-west-1'))).code).toBe('AccessDeniedException');
  });
});

describe('rotation by time', () => {
  it('is switched on and off', async () => {
    expect(await kms.GetKeyRotationStatus({ KeyId: ids.key }, ctx)).toEqual({
      KeyRotationEnabled: false,
      KeyId: arnOf(ids.key),
    });
    await kms.EnableKeyRotation({ KeyId: ids.key, RotationPeriodInDays: 90 }, ctx);
    expect(await kms.GetKeyRotationStatus({ KeyId: ids.key }, ctx)).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: new Date(fixture.clock.now() + 90 * 24 * 3600 * 1000),
    });
    await kms.DisableKeyRotation({ KeyId: ids.key }, ctx);
    expect((await kms.GetKeyRotationStatus({ KeyId: ids.key }, ctx)).KeyRotationEnabled).toBe(false);
  });
});

describe('HMAC', () => {
  it('authenticates a message', async () => {
    const input = { KeyId: ids.hmac, Message: bytes('message'), MacAlgorithm: 'HMAC_SHA_256' } as const;
    const { Mac } = await kms.GenerateMac(input, ctx);
    expect(Mac).toHaveLength(32);
    expect((await kms.VerifyMac({ ...input, Mac }, ctx)).MacValid).toBe(true);
    expect(refusalOf(() => kms.VerifyMac({ ...input, Message: bytes('other'), Mac }, ctx))).toEqual({
      code: 'KMSInvalidMacException',
      message: '',
    });
  });
});

describe('what KMS refuses', () => {
  const none = '00000000-0000-0000-0000-000000000000';
  const long = 'x'.repeat(257);
  const policy = JSON.stringify({
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:Get*', Resource: '*' }],
  });
  const rows: readonly (readonly [string, () => unknown, string, string])[] = [
    ['an id that is none', () => kms.DescribeKey({ KeyId: 'x' }, ctx), 'NotFoundException', "Invalid keyId 'x'"],
    [
      'a key that is not there',
      () => kms.DescribeKey({ KeyId: none }, ctx),
      'NotFoundException',
      `Key '${arnOf(none)}' does not exist`,
    ],
    [
      'an alias that is not there',
      () => kms.DescribeKey({ KeyId: 'alias/x' }, ctx),
      'NotFoundException',
      'Alias arn:aws:kms:us-east-1:000000000000:alias/x is not found.',
    ],
    [
      'a key of another region',
      () => kms.DescribeKey({ KeyId: arnOf(ids.key).replace('us-east-1', 'eu-west-1') }, ctx),
      'NotFoundException',
      'Invalid arn eu-west-1',
    ],
    [
      'an ARN of another service',
      () => kms.DescribeKey({ KeyId: 'arn:aws:s3:::x' }, ctx),
      'InvalidArnException',
      'Invalid arn arn:aws:s3:::x',
    ],
    [
      'an alias where a key must stand',
      () => kms.DisableKey({ KeyId: 'alias/x' }, ctx),
      'NotFoundException',
      "Invalid keyId 'alias/x'",
    ],
    [
      'a disabled key',
      () => kms.Encrypt({ KeyId: ids.disabled, Plaintext: bytes('x') }, ctx),
      'DisabledException',
      '<disabled> is disabled.',
    ],
    [
      'a key that goes',
      () => kms.GenerateDataKey({ KeyId: ids.pending, KeySpec: 'AES_256' }, ctx),
      'KMSInvalidStateException',
      '<pending> is pending deletion.',
    ],
    [
      'to enable a key that goes',
      () => kms.EnableKey({ KeyId: ids.pending }, ctx),
      'KMSInvalidStateException',
      '<pending> is pending deletion.',
    ],
    [
      'to keep a key that stays',
      () => kms.CancelKeyDeletion({ KeyId: ids.key }, ctx),
      'KMSInvalidStateException',
      '<key> is not pending deletion.',
    ],
    [
      'a window that is too short',
      () => kms.ScheduleKeyDeletion({ KeyId: ids.key, PendingWindowInDays: 6 }, ctx),
      'ValidationException',
      "1 validation error detected: Value '6' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value greater than or equal to 7",
    ],
    [
      'too much to encrypt',
      () => kms.Encrypt({ KeyId: ids.key, Plaintext: Buffer.alloc(4097) }, ctx),
      'ValidationException',
      "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    ],
    [
      'an HMAC key that is to encrypt',
      () => kms.Encrypt({ KeyId: ids.hmac, Plaintext: bytes('x') }, ctx),
      'InvalidKeyUsageException',
      '<hmac> key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt.',
    ],
    [
      'a code of another length',
      () => kms.GenerateMac({ KeyId: ids.hmac, Message: bytes('x'), MacAlgorithm: 'HMAC_SHA_512' }, ctx),
      'InvalidKeyUsageException',
      'Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.',
    ],
    [
      'a ciphertext of nobody',
      () => kms.Decrypt({ CiphertextBlob: Buffer.alloc(100) }, ctx),
      'InvalidCiphertextException',
      '',
    ],
    [
      'a data key of no length',
      () => kms.GenerateDataKey({ KeyId: ids.key }, ctx),
      'ValidationException',
      'Please specify either number of bytes or key spec.',
    ],
    ['no number of bytes', () => kms.GenerateRandom({}, ctx), 'ValidationException', 'NumberOfBytes is required.'],
    [
      'a key of RSA',
      () => kms.CreateKey({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, ctx),
      'UnsupportedOperationException',
      'KeySpec RSA_2048 is not supported by Stowage.',
    ],
    [
      'a key of nobody knows what',
      () => kms.CreateKey({ KeySpec: 'x' as 'RSA_2048' }, ctx),
      'ValidationException',
      "1 validation error detected: Value 'x' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87, ECC_NIST_EDWARDS25519]",
    ],
    [
      'an HMAC key without a usage',
      () => kms.CreateKey({ KeySpec: 'HMAC_256' }, ctx),
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    ],
    [
      'imported material',
      () => kms.CreateKey({ Origin: 'EXTERNAL' }, ctx),
      'UnsupportedOperationException',
      'Origin EXTERNAL is not supported by Stowage.',
    ],
    [
      'a policy that nobody can change',
      () => kms.CreateKey({ Policy: policy }, ctx),
      'MalformedPolicyDocumentException',
      'The new key policy will not allow you to update the key policy in the future.',
    ],
    [
      'an alias without its prefix',
      () => kms.CreateAlias({ AliasName: 'app', TargetKeyId: ids.key }, ctx),
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    ],
    [
      'an alias of AWS',
      () => kms.CreateAlias({ AliasName: 'alias/aws/ssm', TargetKeyId: ids.key }, ctx),
      'AccessDeniedException',
      'User: arn:aws:iam::000000000000:root may not change alias/aws/ssm: aliases that begin with alias/aws/ are reserved.',
    ],
    [
      'an alias of an alias',
      () => kms.CreateAlias({ AliasName: 'alias/a', TargetKeyId: 'alias/b' }, ctx),
      'ValidationException',
      'Aliases must refer to keys. Not aliases',
    ],
    [
      'tags twice',
      () =>
        kms.CreateKey(
          {
            Tags: [
              { TagKey: 'a', TagValue: '' },
              { TagKey: 'a', TagValue: '' },
            ],
          },
          ctx,
        ),
      'TagException',
      'Duplicate tag keys',
    ],
    [
      'a tag of AWS',
      () => kms.TagResource({ KeyId: ids.key, Tags: [{ TagKey: 'aws:a', TagValue: '' }] }, ctx),
      'TagException',
      'Tags beginning with aws: are reserved',
    ],
    [
      'a long tag',
      () => kms.CreateKey({ Tags: [{ TagKey: 'a', TagValue: long }] }, ctx),
      'ValidationException',
      `1 validation error detected: Value '${long}' at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256`,
    ],
    [
      'grants',
      () => kms.DescribeKey({ KeyId: ids.key, GrantTokens: ['x'] }, ctx),
      'InvalidGrantTokenException',
      'There are no grants.',
    ],
    [
      'to do what is only tried',
      () => kms.Encrypt({ KeyId: ids.key, Plaintext: bytes('x'), DryRun: true }, ctx),
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    ],
    [
      'rotation of an HMAC key',
      () => kms.EnableKeyRotation({ KeyId: ids.hmac }, ctx),
      'UnsupportedOperationException',
      '',
    ],
    [
      'a marker of nobody',
      () => kms.ListKeys({ Marker: 'x' }, ctx),
      'InvalidMarkerException',
      'The marker is not valid.',
    ],
  ];
  it.each(rows)('%s', (_, work, code, message) => {
    const expected = message.replace(/<(\w+)>/, (_all, name: keyof typeof ids) => arnOf(ids[name]));
    expect(refusalOf(work)).toEqual({ code, message: expected });
  });

  it('an alias twice', () => {
    sync(kms.CreateAlias({ AliasName: 'alias/a', TargetKeyId: ids.key }, ctx));
    expect(refusalOf(() => kms.CreateAlias({ AliasName: 'alias/a', TargetKeyId: ids.key }, ctx))).toEqual({
      code: 'AlreadyExistsException',
      message: 'An alias with the name arn:aws:kms:us-east-1:000000000000:alias/a already exists',
    });
  });

  it('a ciphertext of another key than the caller says', () => {
    const { CiphertextBlob } = sync(kms.Encrypt({ KeyId: ids.key, Plaintext: bytes('x') }, ctx));
    const other = sync(kms.CreateKey({}, ctx)).KeyMetadata?.KeyId;
    expect(refusalOf(() => kms.Decrypt({ CiphertextBlob, KeyId: other }, ctx)).code).toBe('IncorrectKeyException');
  });
});

/** KMS's handlers answer at once. */
function sync<Output>(answer: Output | Promise<Output>): Output {
  if (answer instanceof Promise) throw new Error('the handler was to answer at once');
  return answer;
}
