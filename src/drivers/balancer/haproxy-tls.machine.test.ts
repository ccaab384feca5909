import { X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { systemIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { sslPolicyOf } from '../../model/elbv2/ssl-policies.ts';
import { CertificateAuthority } from '../../store/certificates/authority.ts';
import type { BalancerSpec } from '../../wire/balancer-spec.ts';
import { parseAccessLine, type AccessLine } from './access-line.ts';
import { HaproxyDriver } from './haproxy.ts';
import { directoryName } from './names.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec, targetSpec } from './spec-for-tests.ts';

describe('an HTTPS listener', () => {
  let directory: string;
  let driver: HaproxyDriver;
  let authority: CertificateAuthority;
  let port: number;
  /** What the target was last asked with. */
  let asked: IncomingHttpHeaders = {};
  const target = createServer((incoming, response) => {
    asked = incoming.headers;
    response.end('hello');
  });
  const pems = new Map<string, string>();

  const issue = async (...names: string[]): Promise<string> => {
    const { certificate, chain, privateKey } = await authority.issue({
      names,
      keyAlgorithm: 'EC_prime256v1',
      validForMs: 3_600_000,
    });
    return `${certificate}${chain}${privateKey}`;
  };
  const specOf = (policy: string, certificates: readonly string[]): BalancerSpec => {
    const { protocols = [], ciphers = [], groups } = sslPolicyOf(`ELBSecurityPolicy-${policy}`) ?? {};
    const group = groupSpec('web', [targetSpec((target.address() as AddressInfo).port)]);
    const tls = { protocols, ciphers, ...given('groups', groups), certificates };
    return balancerSpec({
      name: 'tls',
      attributes: { 'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'true' },
      listeners: [{ ...listenerSpec(port, forwardTo(group)), protocol: 'HTTPS', tls }],
      targetGroups: [group],
    });
  };
  const apply = async (spec: BalancerSpec): Promise<void> => {
    await driver.apply(spec);
    const [group] = spec.targetGroups;
    const [only] = group?.targets ?? [];
    if (group === undefined || only === undefined) throw new Error('the balancer has no target');
    const ref = { targetGroupArn: group.targetGroupArn, id: only.id, port: only.port };
    await driver.rotate(spec.loadBalancerArn, ref, 'in');
  };
  /** The certificate that is shown to who asks for `servername`, and the version of TLS. */
  const greet = (
    servername: string,
    options: { minVersion?: 'TLSv1.1'; maxVersion?: 'TLSv1.1' | 'TLSv1.2'; ecdhCurve?: string } = {},
  ): Promise<{ certificate: PeerCertificate; version: string | null }> => {
    const { promise, resolve, reject } = Promise.withResolvers<{
      certificate: PeerCertificate;
      version: string | null;
    }>();
    const old = options.maxVersion === 'TLSv1.1' ? { ciphers: 'DEFAULT:@SECLEVEL=0' } : {};
    const socket = connect(
      { host: '127.0.0.1', port, servername, ca: authority.root, rejectUnauthorized: false, ...options, ...old },
      () => {
        resolve({ certificate: socket.getPeerCertificate(), version: socket.getProtocol() });
        socket.destroy();
      },
    );
    socket.on('error', reject);
    return promise;
  };
  const ask = (servername: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const options = { host: '127.0.0.1', port, servername, ca: authority.root, agent: false };
    const sent = request(options, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      answer.on('end', () => resolve(body));
    });
    sent.on('error', reject).end();
    return promise;
  };

  beforeAll(async () => {
    ({ authority } = await CertificateAuthority.make(systemClock, systemIds, 'authority of the test'));
    await new Promise<void>((listening) => void target.listen(0, '127.0.0.1', () => listening()));
    const free = createServer();
    await new Promise<void>((listening) => void free.listen(0, '127.0.0.1', () => listening()));
    ({ port } = free.address() as AddressInfo);
    await new Promise((closed) => free.close(closed));
    directory = await mkdtemp(join(tmpdir(), 'stw-tls-'));
    driver = new HaproxyDriver({
      stateDirectory: directory,
      namespaceOf: () => undefined,
      clock: systemClock,
      log: silentLog,
    });
    for (const name of ['one.test', 'two.test']) pems.set(name, await issue(name, `*.${name}`));
    await apply(specOf('TLS13-1-2-2021-06', [...pems.values()]));
  });
  afterAll(async () => {
    for (const arn of await driver.list()) await driver.remove(arn);
    await driver.close();
    target.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('shows the certificate of the name that is asked for, the default one otherwise', async () => {
    const shown = async (name: string): Promise<string | undefined> => (await greet(name)).certificate.subjectaltname;
    expect(await shown('two.test')).toContain('DNS:two.test');
    expect(await shown('api.two.test')).toContain('DNS:two.test');
    expect(await shown('one.test')).toContain('DNS:one.test');
    expect(await shown('nobody.test')).toContain('DNS:one.test');
    await expect(ask('nobody.test')).rejects.toThrow(/altnames/);
  });

  it('hands requests on with how they came', async () => {
    expect(await ask('www.one.test')).toBe('hello');
    expect(asked).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-port': String(port),
      'x-amzn-tls-version': 'TLSv1.3',
      'x-amzn-tls-cipher-suite': expect.stringMatching(/^TLS_AES/) as string,
    });
  });

  it('speaks HTTP/2', async () => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { servername: 'one.test', ca: authority.root });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    session.on('error', reject);
    const stream = session.request({ ':path': '/' });
    stream.on('response', (headers) => resolve(headers[':status'])).on('error', reject);
    stream.resume().end();
    expect(await promise).toBe(200);
    session.close();
  });

  it('notes how requests came, and by which certificate', async () => {
    const { loadBalancerArn } = specOf('2016-08', []);
    const noted = async (): Promise<AccessLine[]> =>
      (await driver.requests(loadBalancerArn, 0)).lines.map(parseAccessLine).filter((line) => line !== undefined);
    const has = (of: Partial<AccessLine>): Promise<void> =>
      expect.poll(noted, { timeout: 60_000 }).toContainEqual(expect.objectContaining(of) as unknown);
    expect(await ask('www.two.test')).toBe('hello');
    const { fingerprint } = new X509Certificate(pems.get('two.test') ?? '');
    const tls = { protocol: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_AES/) as string };
    await has({ serverName: 'www.two.test', certificate: fingerprint.replaceAll(':', ''), tls, version: 'HTTP/1.1' });
    await has({ serverName: 'one.test', version: 'HTTP/2.0', targetStatus: 200 });
  });

  it('negotiates what its policy says', async () => {
    expect((await greet('one.test')).version).toBe('TLSv1.3');
    expect((await greet('one.test', { maxVersion: 'TLSv1.2' })).version).toBe('TLSv1.2');
    await expect(greet('one.test', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
    await apply(specOf('2016-08', [...pems.values()]));
    expect((await greet('one.test', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).version).toBe('TLSv1.1');
    expect((await greet('one.test')).version).toBe('TLSv1.2');
    await apply(specOf('TLS13-1-3-2021-06', [...pems.values()]));
    await expect(greet('one.test', { maxVersion: 'TLSv1.2' })).rejects.toThrow();
  });

  it('agrees on keys in the groups of FIPS alone where its policy is one of those', async () => {
    expect((await greet('one.test', { ecdhCurve: 'X25519' })).version).toBe('TLSv1.3');
    await apply(specOf('TLS13-1-3-FIPS-2023-04', [...pems.values()]));
    expect((await greet('one.test')).version).toBe('TLSv1.3');
    expect((await greet('one.test', { ecdhCurve: 'P-384' })).version).toBe('TLSv1.3');
    await expect(greet('one.test', { ecdhCurve: 'X25519' })).rejects.toThrow(/handshake failure/);
  });

  it('takes another certificate, and keeps none that it does not show', async () => {
    const fresh = await issue('three.test');
    await apply(specOf('TLS13-1-2-2021-06', [fresh]));
    expect((await greet('one.test')).certificate.subjectaltname).toBe('DNS:three.test');
    expect(await ask('three.test')).toBe('hello');
    const folder = join(directory, directoryName(specOf('2016-08', []).loadBalancerArn));
    const files = readdirSync(folder).filter((name) => name.endsWith('.pem'));
    expect(files).toHaveLength(1);
    expect(statSync(join(folder, files[0] ?? '')).mode & 0o777).toBe(0o600);
  });
});
