import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { runLoop } from '../../control/loop.ts';
import { certificateLoop } from '../../control/certificates/loop.ts';
import { silentLog } from '../../base/log.ts';
import { privateKeyOf } from '../../store/certificates/private-keys.ts';
import { renewed } from '../../store/certificates/renew.ts';
import { certificates } from '../../store/tables/acm.ts';
import { listeners } from '../../store/tables/elbv2.ts';
import { acmFixture } from './fixture.ts';

const dayMs = 24 * 3600 * 1000;
let fixture: ReturnType<typeof acmFixture>;
beforeEach(() => {
  fixture = acmFixture();
});

describe('a certificate that is requested', () => {
  it('is issued by the authority for all of its names, with a key that only its row and KMS know', async () => {
    const { acm, ctx, authority, store, vault } = fixture;
    const row = await fixture.request('Example.com', '*.example.com');
    const { Certificate = '', CertificateChain = '' } = await acm.GetCertificate({ CertificateArn: row.arn }, ctx);
    const [leaf, root] = [new X509Certificate(Certificate), new X509Certificate(CertificateChain)];
    expect(CertificateChain).toBe((await authority()).root);
    expect(leaf.checkIssued(root) && leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkHost('example.com')).toBe('example.com');
    expect(leaf.checkHost('api.example.com')).toBe('*.example.com');
    const key = privateKeyOf(store, vault, row);
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(JSON.stringify(row)).not.toContain('PRIVATE KEY');
  });

  it('is described as ACM describes it', async () => {
    const { acm, ctx, clock } = fixture;
    const row = await fixture.request('example.com', 'www.example.com');
    const { Certificate } = await acm.DescribeCertificate({ CertificateArn: row.arn }, ctx);
    const validation = (DomainName: string) => ({
      DomainName,
      ValidationDomain: DomainName,
      ValidationStatus: 'SUCCESS',
      ValidationMethod: 'EMAIL',
      ValidationEmails: ['administrator', 'hostmaster', 'postmaster', 'webmaster', 'admin'].map(
        (name) => `${name}@${DomainName}`,
      ),
    });
    expect(Certificate).toEqual({
      CertificateArn: row.arn,
      DomainName: 'example.com',
      SubjectAlternativeNames: ['example.com', 'www.example.com'],
      DomainValidationOptions: [validation('example.com'), validation('www.example.com')],
      Serial: expect.stringMatching(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/) as string,
      Subject: 'CN=example.com',
      Issuer: 'Stowage',
      CreatedAt: new Date(clock.now()),
      IssuedAt: new Date(clock.now()),
      Status: 'ISSUED',
      NotBefore: new Date(clock.now() - 3_600_000),
      NotAfter: new Date(clock.now() + 198 * dayMs),
      KeyAlgorithm: 'RSA-2048',
      SignatureAlgorithm: 'SHA256WITHECDSA',
      InUseBy: [],
      Type: 'AMAZON_ISSUED',
      KeyUsages: [{ Name: 'DIGITAL_SIGNATURE' }, { Name: 'KEY_ENCIPHERMENT' }],
      ExtendedKeyUsages: [
        { Name: 'TLS_WEB_SERVER_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.1' },
        { Name: 'TLS_WEB_CLIENT_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.2' },
      ],
      RenewalEligibility: 'INELIGIBLE',
      Options: { CertificateTransparencyLoggingPreference: 'ENABLED', Export: 'DISABLED' },
    });
  });

  it('tells the record that would validate a name, the same for the name and its wildcard', async () => {
    const { acm, ctx } = fixture;
    const { CertificateArn } = await acm.RequestCertificate(
      { DomainName: 'example.com', SubjectAlternativeNames: ['*.example.com'], ValidationMethod: 'DNS' },
      ctx,
    );
    const { Certificate } = await acm.DescribeCertificate({ CertificateArn }, ctx);
    const [one, other] = Certificate?.DomainValidationOptions ?? [];
    expect(one?.ResourceRecord).toEqual({
      Name: expect.stringMatching(/^_[0-9a-f]{32}\.example\.com\.$/) as string,
      Type: 'CNAME',
      Value: expect.stringMatching(/^_[0-9a-f]{32}\.acm-validations\.aws\.$/) as string,
    });
    expect(other?.ResourceRecord).toEqual(one?.ResourceRecord);
  });

  it('is the same one for the same token and names within an hour', async () => {
    const { acm, ctx, clock } = fixture;
    const ask = async (IdempotencyToken: string, DomainName = 'example.com') =>
      (await acm.RequestCertificate({ DomainName, IdempotencyToken, KeyAlgorithm: 'EC_prime256v1' }, ctx))
        .CertificateArn;
    const [first, together] = await Promise.all([ask('t'), ask('t')]);
    expect(together).toBe(first);
    expect(await ask('u')).not.toBe(first);
    expect(await ask('t', 'other.com')).not.toBe(first);
    await clock.advance(3_600_001);
    expect(await ask('t')).not.toBe(first);
  });

  it('can be exported when that was asked for, its key under a passphrase', async () => {
    const { acm, ctx } = fixture;
    const options = { DomainName: 'example.com', Options: { Export: 'ENABLED' as const } };
    const { CertificateArn } = await acm.RequestCertificate(options, ctx);
    const { Certificate = '', PrivateKey = '' } = await acm.ExportCertificate(
      { CertificateArn, Passphrase: Buffer.from('open sesame') },
      ctx,
    );
    expect(PrivateKey).toContain('ENCRYPTED PRIVATE KEY');
    const key = createPrivateKey({ key: PrivateKey, passphrase: 'open sesame' });
    expect(new X509Certificate(Certificate).checkPrivateKey(key)).toBe(true);
    const { arn } = await fixture.request('example.org');
    await expect(
      (async () => acm.ExportCertificate({ CertificateArn: arn, Passphrase: Buffer.from('open sesame') }, ctx))(),
    ).rejects.toMatchObject({ code: 'ValidationException' });
  });

  it('is renewed under its ARN while something serves it, and runs out otherwise', async () => {
    const { store, clock, acm, ctx } = fixture;
    const stop = runLoop(certificateLoop({ store, log: silentLog, renewCertificate: (row) => renewed(row, fixture) }), {
      store,
      clock,
      log: silentLog,
    });
    const [used, unused] = [await fixture.request('example.com'), await fixture.request('example.org')];
    fixture.use(used.arn);
    await clock.advance(130 * dayMs);
    expect(store.get(certificates, used.arn)?.facts).toEqual(used.facts);
    await clock.advance(9 * dayMs);
    const fresh = async () => {
      while (store.get(certificates, used.arn)?.renewedAt === undefined) await clock.advance(10);
      return store.get(certificates, used.arn);
    };
    expect((await fresh())?.facts.notAfter).toBeGreaterThan(used.facts.notAfter + 130 * dayMs);
    await clock.advance(70 * dayMs);
    const statusOf = async (CertificateArn: string) =>
      (await acm.DescribeCertificate({ CertificateArn }, ctx)).Certificate?.Status;
    expect([await statusOf(used.arn), await statusOf(unused.arn)]).toEqual(['ISSUED', 'EXPIRED']);
    stop();
  });
});

describe('a certificate that is imported', () => {
  /** One of a foreign authority, with its key. */
  const foreign = async (...names: string[]) => {
    const issuer = await fixture.authority();
    return issuer.issue({ names, keyAlgorithm: 'EC_prime256v1', validForMs: dayMs });
  };

  it('is described by what it says of itself, and can be imported again under its ARN', async () => {
    const { acm, ctx } = fixture;
    const { certificate, chain, privateKey } = await foreign('mine.test', 'www.mine.test');
    const input = {
      Certificate: Buffer.from(certificate),
      PrivateKey: Buffer.from(privateKey),
      CertificateChain: Buffer.from(chain),
    };
    const { CertificateArn } = await acm.ImportCertificate({ ...input, Tags: [{ Key: 'a', Value: 'b' }] }, ctx);
    const { Certificate } = await acm.DescribeCertificate({ CertificateArn }, ctx);
    expect(Certificate).toMatchObject({
      DomainName: 'mine.test',
      SubjectAlternativeNames: ['mine.test', 'www.mine.test'],
      Type: 'IMPORTED',
      KeyAlgorithm: 'EC_prime256v1',
      KeyUsages: [{ Name: 'DIGITAL_SIGNATURE' }],
      RenewalEligibility: 'INELIGIBLE',
    });
    expect(Certificate?.DomainValidationOptions).toBeUndefined();
    const next = await foreign('mine.test');
    const again = { Certificate: Buffer.from(next.certificate), PrivateKey: Buffer.from(next.privateKey) };
    expect(await acm.ImportCertificate({ ...again, CertificateArn }, ctx)).toEqual({ CertificateArn });
    const got = await acm.GetCertificate({ CertificateArn }, ctx);
    expect(new X509Certificate(got.Certificate ?? '').subjectAltName).toBe('DNS:mine.test');
    expect(got.CertificateChain).toBeUndefined();
    expect((await acm.ListTagsForCertificate({ CertificateArn }, ctx)).Tags).toEqual([{ Key: 'a', Value: 'b' }]);
  });

  it('is refused unless the key is its own, the chain leads on, and it is in effect', async () => {
    const { acm, ctx, clock } = fixture;
    const [one, other] = [await foreign('one.test'), await foreign('other.test')];
    const refuse = async (
      over: Partial<Record<'Certificate' | 'PrivateKey' | 'CertificateChain', string>>,
      message: RegExp,
    ) => {
      const texts = { Certificate: one.certificate, PrivateKey: one.privateKey, ...over };
      const { CertificateChain } = over;
      const input = {
        Certificate: Buffer.from(texts.Certificate),
        PrivateKey: Buffer.from(texts.PrivateKey),
        ...(CertificateChain === undefined ? {} : { CertificateChain: Buffer.from(CertificateChain) }),
      };
      await expect((async () => acm.ImportCertificate(input, ctx))()).rejects.toMatchObject({
        code: 'ValidationException',
        message: expect.stringMatching(message) as string,
      });
    };
    await refuse({ PrivateKey: other.privateKey }, /does not belong/);
    await refuse({ PrivateKey: 'no key' }, /cannot be read/);
    await refuse({ Certificate: 'no certificate' }, /contains no certificate/);
    await refuse({ Certificate: one.certificate + other.certificate }, /more than one certificate/);
    await refuse({ CertificateChain: other.certificate }, /chain does not lead/);
    await clock.advance(2 * dayMs);
    await refuse({}, /expired/);
  });
});

describe('certificates', () => {
  it('are listed by key type, status and page, and deleted unless something serves them', async () => {
    const { acm, ctx, store, clock } = fixture;
    const rsa = await fixture.request('a.test');
    await clock.advance(1000);
    const { CertificateArn: ec } = await acm.RequestCertificate(
      { DomainName: 'b.test', KeyAlgorithm: 'EC_secp384r1' },
      ctx,
    );
    const list = async (input: Parameters<typeof acm.ListCertificates>[0] = {}) => {
      const { CertificateSummaryList = [], NextToken } = await acm.ListCertificates(input, ctx);
      return { arns: CertificateSummaryList.map(({ CertificateArn }) => CertificateArn), NextToken };
    };
    expect((await list()).arns).toEqual([rsa.arn]);
    const both = { Includes: { keyTypes: ['RSA_2048', 'EC_secp384r1'] as ['RSA_2048', 'EC_secp384r1'] } };
    expect((await list(both)).arns).toEqual([ec, rsa.arn]);
    const { arns, NextToken } = await list({ ...both, MaxItems: 1 });
    expect(arns).toEqual([ec]);
    expect((await list({ ...both, MaxItems: 1, NextToken })).arns).toEqual([rsa.arn]);
    expect((await list({ CertificateStatuses: ['EXPIRED'] })).arns).toEqual([]);
    fixture.use(rsa.arn);
    const remove = async () => acm.DeleteCertificate({ CertificateArn: rsa.arn }, ctx);
    await expect(remove()).rejects.toMatchObject({
      code: 'ResourceInUseException',
      message: `Certificate ${rsa.arn} in account 000000000000 is in use.`,
    });
    store.transact((tx) => tx.delete(listeners, 'listener'));
    await remove();
    await expect(remove()).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['RequestCertificate', { DomainName: 'no' }, 'ValidationException', /domainName/],
    ['RequestCertificate', { DomainName: `${'a'.repeat(62)}.com` }, 'ValidationException', /64 characters/],
    ['RequestCertificate', { DomainName: 'a.test', KeyAlgorithm: 'RSA_4096' }, 'ValidationException', /keyAlgorithm/],
    [
      'RequestCertificate',
      { DomainName: 'a.test', SubjectAlternativeNames: Array.from({ length: 10 }, (_, i) => `${i}.a.test`) },
      'LimitExceededException',
      /at most 10/,
    ],
    [
      'RequestCertificate',
      {
        DomainName: 'a.test',
        CertificateAuthorityArn: 'arn:aws:acm-pca:us-east-1:000000000000:certificate-authority/1',
      },
      'ValidationException',
      /private certificate authority is not supported/,
    ],
    [
      'RequestCertificate',
      { DomainName: 'a.test', DomainValidationOptions: [{ DomainName: 'a.test', ValidationDomain: 'b.test' }] },
      'InvalidDomainValidationOptionsException',
      /b\.test/,
    ],
    ['RequestCertificate', { DomainName: 'a.test', Tags: [{ Key: 'aws:a' }] }, 'InvalidTagException', /reserved/],
    ['DescribeCertificate', { CertificateArn: 'x' }, 'InvalidArnException', /x/],
    [
      'DescribeCertificate',
      { CertificateArn: 'arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000' },
      'ResourceNotFoundException',
      /Could not find/,
    ],
  ])('%s %j is refused', async (operation, input, code, message) => {
    const handlers = fixture.acm as unknown as Record<string, (input: unknown, ctx: unknown) => unknown>;
    await expect((async () => handlers[operation]?.(input, fixture.ctx))()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});
