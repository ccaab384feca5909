import { beforeEach, describe, expect, it } from 'vitest';
import type { Listener } from '@aws-sdk/client-elastic-load-balancing-v2';
import { addConcerns, noConcerns } from '../../fleet/concerns.ts';
import { readBalancer, translateBalancer } from '../../fleet/translate-balancer.ts';
import { certificates } from '../../store/tables/acm.ts';
import { elbFixture } from './fixture.ts';

let fixture: ReturnType<typeof elbFixture>;
let LoadBalancerArn: string;
const answer = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }];

beforeEach(async () => {
  fixture = elbFixture();
  const made = await fixture.call<{ LoadBalancers: { LoadBalancerArn: string }[] }>('CreateLoadBalancer', {
    Name: 'web',
    Subnets: fixture.subnetIds,
  });
  LoadBalancerArn = made.LoadBalancers[0]?.LoadBalancerArn ?? '';
});

async function change(operation: string, input: object): Promise<Listener> {
  const { Listeners } = await fixture.call<{ Listeners: Listener[] }>(operation, input);
  return Listeners[0] ?? {};
}

const create = (input: object = {}): Promise<Listener> =>
  change('CreateListener', { LoadBalancerArn, Protocol: 'HTTPS', Port: 443, DefaultActions: answer, ...input });

const modify = (ListenerArn: string | undefined, input: object): Promise<Listener> =>
  change('ModifyListener', { ListenerArn, ...input });

async function listed(ListenerArn: string | undefined): Promise<unknown[]> {
  const { Certificates } = await fixture.call<{ Certificates: { CertificateArn: string; IsDefault: boolean }[] }>(
    'DescribeListenerCertificates',
    { ListenerArn },
  );
  const rows = Certificates.map(
    ({ CertificateArn, IsDefault }) => [CertificateArn.split('/')[1] ?? '', IsDefault] as const,
  );
  return rows.toSorted(([a], [b]) => a.localeCompare(b));
}

function told() {
  const rows = readBalancer(fixture.store, LoadBalancerArn, ({ facts }) => `key of ${facts.domainName}\n`);
  return rows && translateBalancer(rows).listeners[0];
}

const named = (...arns: string[]) => ({ Certificates: arns.map((CertificateArn) => ({ CertificateArn })) });

describe('an HTTPS listener', () => {
  it('has a certificate and a policy, and tells the machine both', async () => {
    const a = fixture.certificate('a.test');
    const listener = await create(named(a));
    expect(listener).toMatchObject({
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: a }],
      SslPolicy: 'ELBSecurityPolicy-2016-08',
      MutualAuthentication: { Mode: 'off' },
    });
    expect(told()).toMatchObject({
      protocol: 'HTTPS',
      tls: { protocols: ['TLSv1', 'TLSv1.1', 'TLSv1.2'], certificates: ['a.test\nkey of a.test\n'] },
    });
    await modify(listener.ListenerArn, { SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06' });
    expect(told()?.tls).toMatchObject({
      protocols: ['TLSv1.3'],
      ciphers: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
    });
  });

  it('takes further certificates for other names, and another default one', async () => {
    const [a, b, c] = ['a.test', 'b.test', 'c.test'].map(fixture.certificate);
    const { ListenerArn } = await create(named(a ?? ''));
    for (let times = 0; times < 2; times += 1) {
      await fixture.call('AddListenerCertificates', { ListenerArn, ...named(b ?? '', c ?? '') });
    }
    expect(await listed(ListenerArn)).toEqual([
      ['a.test', true],
      ['b.test', false],
      ['c.test', false],
    ]);
    await modify(ListenerArn, named(b ?? ''));
    expect(await listed(ListenerArn)).toEqual([
      ['b.test', true],
      ['c.test', false],
    ]);
    expect(told()?.tls?.certificates.map((text) => text.split('\n')[0])).toEqual(['b.test', 'c.test']);
    const remove = (arn = '') => fixture.call('RemoveListenerCertificates', { ListenerArn, ...named(arn) });
    await remove(c);
    await expect(remove(b)).rejects.toMatchObject({ code: 'OperationNotPermitted' });
    expect(await listed(ListenerArn)).toEqual([['b.test', true]]);
  });

  it('becomes one without TLS and back, its certificate then asked for again', async () => {
    const a = fixture.certificate('a.test');
    const { ListenerArn } = await create(named(a));
    const plain = await modify(ListenerArn, { Protocol: 'HTTP', Port: 80 });
    expect(plain).toMatchObject({ Protocol: 'HTTP', Port: 80 });
    expect(plain.SslPolicy ?? plain.Certificates).toBeUndefined();
    expect(told()?.tls).toBeUndefined();
    await expect(modify(ListenerArn, { Protocol: 'HTTPS' })).rejects.toMatchObject({
      code: 'ValidationError',
      message: 'A certificate must be specified for HTTPS listeners',
    });
    await expect(fixture.call('AddListenerCertificates', { ListenerArn, ...named(a) })).rejects.toMatchObject({
      code: 'OperationNotPermitted',
    });
    expect(await modify(ListenerArn, { Protocol: 'HTTPS', ...named(a) })).toMatchObject({ Protocol: 'HTTPS' });
  });

  it('is told anew when its certificate is another', async () => {
    const a = fixture.certificate('a.test');
    await create(named(a));
    const concerns = noConcerns();
    fixture.store.watch([certificates], ({ changes }) => {
      for (const each of changes) addConcerns(fixture.store, each, concerns);
    });
    fixture.certificate('b.test');
    expect(concerns.balancers.size).toBe(0);
    fixture.certificate('a.test');
    expect([...concerns.balancers]).toEqual([LoadBalancerArn]);
  });

  it.each<[string, object, string]>([
    ['two certificates', named('a', 'b'), 'ValidationError'],
    ['a certificate that is not there', named('a'), 'CertificateNotFound'],
    ['no certificate', {}, 'ValidationError'],
    ['mutual authentication', { MutualAuthentication: { Mode: 'verify' } }, 'ValidationError'],
    ['an ALPN policy', { AlpnPolicy: ['HTTP2Only'] }, 'ValidationError'],
  ])('is refused with %s', async (_, input, code) => {
    await expect(create(input)).rejects.toMatchObject({ code });
  });

  it('is refused with a policy that is not there, and with more certificates than there may be', async () => {
    const a = fixture.certificate('a.test');
    await expect(create({ ...named(a), SslPolicy: 'none' })).rejects.toMatchObject({ code: 'SSLPolicyNotFound' });
    const postQuantum = 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09';
    await expect(create({ ...named(a), SslPolicy: postQuantum })).rejects.toMatchObject({
      code: 'ValidationError',
      message: `SSL policy '${postQuantum}': its key exchange is post-quantum, which OpenSSL has from version 3.5 on. It is not supported by Stowage yet`,
    });
    const { ListenerArn } = await create(named(a));
    const many = Array.from({ length: 26 }, (_, index) => fixture.certificate(`${index}.test`));
    await expect(fixture.call('AddListenerCertificates', { ListenerArn, ...named(...many) })).rejects.toMatchObject({
      code: 'TooManyCertificates',
    });
  });
});
