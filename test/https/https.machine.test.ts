import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { systemIds } from '../../src/base/ids.ts';
import { CertificateAuthority } from '../../src/store/certificates/authority.ts';
import { eventually, must, run } from '../support/clients.ts';
import { gone, startInstallation, type TestInstallation } from '../support/installation.ts';

describe('HTTPS with the real clients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stowage-https-'));
  const root = join(folder, 'root.pem');
  let installation: TestInstallation;
  let dnsName: string;
  let listenerArn: string;

  const line = (command: string, options: Readonly<Record<string, string | readonly string[]>>): string[] => [
    ...command.split(' '),
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value].flat()),
    '--output=json',
    `--endpoint-url=${installation.endpoint}`,
  ];
  /** Runs the aws CLI and answers what it printed, read as JSON where there is something. */
  const aws = async <Answer>(
    command: string,
    options: Readonly<Record<string, string | readonly string[]>> = {},
  ): Promise<Answer> => {
    const text = await must('aws', line(command, options), { env: installation.env });
    return (text.trim() === '' ? {} : JSON.parse(text)) as Answer;
  };
  /** Asks the balancer as if `host` were its name; an empty answer when that fails. */
  const curl = async (host: string, ...args: string[]): Promise<string> => {
    const to = ['--connect-to', `${host}:443:${dnsName}:443`, '--connect-to', `${host}:80:${dnsName}:80`];
    return (await run('curl', ['-sS', '--max-time', '5', '--cacert', root, ...to, ...args])).stdout;
  };
  /** The serial number of the certificate that is shown to who asks for `servername` and trusts `ca`. */
  const shown = (servername: string, ca: string): Promise<string | undefined> => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const socket = connect({ host: dnsName, port: 443, servername, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
    return promise;
  };
  const request = async (name: string): Promise<string> => {
    const options = { 'domain-name': name, 'validation-method': 'DNS' };
    return (await aws<{ CertificateArn: string }>('acm request-certificate', options)).CertificateArn;
  };

  beforeAll(async () => {
    installation = await startInstallation();
    const { Subnets } = await aws<{ Subnets: { SubnetId: string }[] }>('ec2 describe-subnets');
    const { GroupId: group } = await aws<{ GroupId: string }>('ec2 create-security-group', {
      'group-name': 'web',
      description: 'web',
    });
    for (const port of ['80', '443']) {
      const rule = { 'group-id': group, protocol: 'tcp', port, cidr: '0.0.0.0/0' };
      await aws('ec2 authorize-security-group-ingress', rule);
    }
    const { LoadBalancers } = await aws<{ LoadBalancers: { LoadBalancerArn: string; DNSName: string }[] }>(
      'elbv2 create-load-balancer',
      { name: 'shop', 'security-groups': group, subnets: Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId) },
    );
    const arn = LoadBalancers[0]?.LoadBalancerArn ?? '';
    dnsName = LoadBalancers[0]?.DNSName ?? '';
    const { Listeners } = await aws<{ Listeners: { ListenerArn: string }[] }>('elbv2 create-listener', {
      'load-balancer-arn': arn,
      protocol: 'HTTPS',
      port: '443',
      certificates: `CertificateArn=${await request('shop.test')}`,
      'default-actions':
        'Type=fixed-response,FixedResponseConfig={StatusCode=200,ContentType=text/plain,MessageBody=hello}',
    });
    listenerArn = Listeners[0]?.ListenerArn ?? '';
    await aws('elbv2 create-listener', {
      'load-balancer-arn': arn,
      protocol: 'HTTP',
      port: '80',
      'default-actions': 'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_301}',
    });
    await aws('elbv2 wait load-balancer-available', { 'load-balancer-arns': arn });
    writeFileSync(root, installation.stowage('ca'));
  });
  afterAll(() => {
    installation.remove();
    rmSync(folder, { recursive: true });
  });

  it('a requested certificate convinces who trusts the root, also after a redirect, over HTTP/2', async () => {
    const followed = await eventually('the balancer answers', 30_000, async () => {
      const text = await curl('shop.test', '-L', '-w', ' %{http_version} %{url_effective}', 'http://shop.test/');
      return text.startsWith('hello') ? text : undefined;
    });
    expect(followed).toBe('hello 2 https://shop.test:443/');
    const distrusted = await run('curl', ['-sS', '--connect-to', `shop.test:443:${dnsName}:443`, 'https://shop.test/']);
    expect(distrusted.status).toBe(60);
  });

  it('an imported certificate serves its own name beside it, and another in its place at once', async () => {
    const files = { key: join(folder, 'key.pem'), certificate: join(folder, 'certificate.pem') };
    const { authority } = await CertificateAuthority.make(systemClock, systemIds, 'somebody else');
    /** Imports another certificate for the name. */
    const importOne = async (options = {}): Promise<string> => {
      const names = ['mine.test'];
      const issued = await authority.issue({ names, keyAlgorithm: 'RSA_2048', validForMs: 86_400_000 });
      writeFileSync(files.certificate, issued.certificate);
      writeFileSync(files.key, issued.privateKey);
      const { CertificateArn } = await aws<{ CertificateArn: string }>('acm import-certificate', {
        certificate: `fileb://${files.certificate}`,
        'private-key': `fileb://${files.key}`,
        ...options,
      });
      return CertificateArn;
    };
    const imported = await importOne();
    const named = { 'listener-arn': listenerArn, certificates: `CertificateArn=${imported}` };
    await aws('elbv2 add-listener-certificates', named);
    const before = await eventually('it is shown', 10_000, () => shown('mine.test', authority.root));
    await importOne({ 'certificate-arn': imported });
    await eventually('the new one is shown', 10_000, async () => {
      const now = await shown('mine.test', authority.root);
      return now !== undefined && now !== before ? true : undefined;
    });
    const kept = await run('aws', line('acm delete-certificate', { 'certificate-arn': imported }), {
      env: installation.env,
    });
    expect(kept.stderr).toContain('ResourceInUseException');
    await aws('elbv2 remove-listener-certificates', named);
    await aws('acm delete-certificate', { 'certificate-arn': imported });
    expect(await curl('shop.test', 'https://shop.test/')).toBe('hello');
  });

  it('survives the death of the control plane; the authority is the same afterwards', async () => {
    const pid = installation.pid();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    expect(await curl('shop.test', 'https://shop.test/')).toBe('hello');
    installation.stowage('up', '--detach');
    expect(installation.stowage('ca')).toBe(readFileSync(root, 'utf8'));
    const certificate = `CertificateArn=${await request('other.test')}`;
    await aws('elbv2 modify-listener', { 'listener-arn': listenerArn, certificates: certificate });
    await eventually('the other certificate is shown', 10_000, async () =>
      (await curl('other.test', 'https://other.test/')) === 'hello' ? true : undefined,
    );
  });
});
