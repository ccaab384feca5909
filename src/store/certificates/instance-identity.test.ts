import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { seededIds } from '../../base/ids.ts';
import { instanceIdentityFile, instanceIdentityOf, type InstanceIdentity } from './instance-identity.ts';

const document = '{\n  "instanceId" : "i-1"\n}';
let home: string;
let identity: InstanceIdentity;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'stowage-identity-'));
  identity = instanceIdentityOf({ home, clock: new FakeClock(), ids: seededIds(1) })();
});
afterAll(() => rmSync(home, { recursive: true }));

const openssl = (args: readonly string[], input?: string) =>
  spawnSync('openssl', args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) });

describe('the identity of instances', () => {
  it('is one for an installation, and nobody else reads its key', () => {
    const again = instanceIdentityOf({ home, clock: new FakeClock(), ids: seededIds(2) })();
    expect(again.certificate).toBe(identity.certificate);
    expect(statSync(join(home, instanceIdentityFile)).mode & 0o777).toBe(0o600);
  });

  it('has a certificate that vouches for itself', () => {
    const certificate = new X509Certificate(identity.certificate);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toMatch(/^CN=Stowage instance identity [0-9a-f]{8}$/);
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
    expect([certificate.validFrom, certificate.validTo]).toEqual([
      'Dec 31 00:00:00 2025 GMT',
      'Dec 25 00:00:00 2055 GMT',
    ]);
  });

  it('knows the documents that it signed', () => {
    const { signature } = identity.sign(document);
    expect(identity.isSigned(document, signature)).toBe(true);
    expect(identity.isSigned(document.replace('i-1', 'i-2'), signature)).toBe(false);
    expect(identity.isSigned(document, '')).toBe(false);
  });

  it.skipIf(openssl(['version']).status !== 0)('is verified as the EC2 User Guide says', () => {
    const [certificate, message, signature, plain] = ['certificate', 'message', 'signature', 'document'].map((each) =>
      join(home, each),
    ) as [string, string, string, string];
    const signed = identity.sign(document);
    writeFileSync(certificate, identity.certificate);
    writeFileSync(message, `-----BEGIN PKCS7-----\n${signed.pkcs7}\n-----END PKCS7-----\n`);
    const smime = ['smime', '-verify', '-in', message, '-inform', 'PEM', '-certfile', certificate, '-noverify'];
    const { stdout, stderr } = openssl(smime);
    expect(stdout, stderr).toBe(document);
    writeFileSync(signature, Buffer.from(signed.signature, 'base64'));
    writeFileSync(plain, document);
    const { stdout: key } = openssl(['x509', '-pubkey', '-noout', '-in', certificate]);
    writeFileSync(certificate, key);
    expect(openssl(['dgst', '-sha256', '-verify', certificate, '-signature', signature, plain]).stdout).toBe(
      'Verified OK\n',
    );
  });
});
