import { expect, test } from 'vitest';
import { given } from '../../base/given.ts';
import { sslPolicies, whyUnspoken } from '../../model/elbv2/ssl-policies.ts';
import type { TlsSpec } from '../../wire/balancer-spec.ts';
import { renderTls, tlsFiles } from './render-tls.ts';
import { balancerSpec, forwardTo, groupSpec, listenerSpec } from './spec-for-tests.ts';

const group = groupSpec('web', []);
const listenerOf = (tls: TlsSpec) => ({
  ...listenerSpec(443, forwardTo(group)),
  protocol: 'HTTPS' as const,
  tls,
});
const policy = (name: string, certificates = ['one', 'two']): TlsSpec => {
  const { protocols = [], ciphers = [], groups } = sslPolicies.find((each) => each.name.endsWith(name)) ?? {};
  return { protocols, ciphers, certificates, ...given('groups', groups) };
};
const render = (tls: TlsSpec, attributes = {}): string =>
  renderTls(balancerSpec({ name: 'a', attributes }), listenerOf(tls), '/dir');

test('certificates are files named after what is in them, the default one first', () => {
  const listeners = [listenerOf(policy('2016-08')), listenerOf(policy('2016-08', ['two', 'three']))];
  const files = tlsFiles(balancerSpec({ name: 'a', listeners }));
  expect(files.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  expect(render(policy('2016-08'))).toContain(` ssl crt /dir/${files[0]?.name} crt /dir/${files[1]?.name} alpn`);
});

test.each<[string, string, string[]]>([
  ['TLS13-1-3-2021-06', 'TLSv1.3 TLSv1.3', ['ciphersuites TLS_AES_128_GCM_SHA256:']],
  ['TLS13-1-2-Res-2021-06', 'TLSv1.2 TLSv1.3', ['ciphers ECDHE-ECDSA-AES128-GCM-SHA256:', 'ciphersuites TLS_']],
  ['FS-1-2-Res-2020-10', 'TLSv1.2 TLSv1.2', ['ciphers ECDHE-ECDSA-AES128-GCM-SHA256:']],
  ['2016-08', 'TLSv1.0 TLSv1.2', [':AES256-SHA:@SECLEVEL=0']],
  [
    'TLS13-1-2-Ext0-FIPS-2023-04',
    'TLSv1.2 TLSv1.3',
    [
      ':ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA ',
      'ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384 curves P-256:P-384:P-521',
    ],
  ],
])('%s negotiates %s', (name, versions, texts) => {
  const [least, most] = versions.split(' ');
  const line = render(policy(name));
  expect(line).toContain(`ssl-min-ver ${least} ssl-max-ver ${most}`);
  for (const text of texts) expect(line).toContain(text);
  expect(line.includes('ciphersuites')).toBe(most === 'TLSv1.3');
  expect(line.includes('SECLEVEL')).toBe(least === 'TLSv1.0');
});

test('HTTP/2 is offered unless the balancer is without', () => {
  expect(render(policy('2016-08'))).toContain('alpn h2,http/1.1');
  expect(render(policy('2016-08'), { 'routing.http2.enabled': 'false' })).toContain('alpn http/1.1');
  expect(render(policy('2016-08'), { 'routing.http2.enabled': 'false' })).not.toContain('h2');
});

test.each([
  'TLS13-1-3-PQ-2025-09',
  'TLS13-1-2-Res-PQ-2025-09',
  'TLS13-1-2-Ext0-FIPS-PQ-2025-09',
  'TLS13-1-2-RFC9151-INTEROP1-FIPS-2023-07',
  'TLS-1-0-2015-04',
])('%s is of AWS, and not spoken', (name) => {
  expect(whyUnspoken(`ELBSecurityPolicy-${name}`)).toBeDefined();
  expect(sslPolicies.some((each) => each.name.endsWith(name))).toBe(false);
  expect(whyUnspoken(name)).toBeUndefined();
});
