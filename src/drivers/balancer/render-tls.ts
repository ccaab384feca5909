import { createHash } from 'node:crypto';
import { DriverError } from '../../base/errors.ts';
import type { BalancerSpec, ListenerSpec, TlsSpec } from '../../wire/balancer-spec.ts';
import { quote } from './quote.ts';

/** A file that a listener's configuration names, in the balancer's directory. */
export interface TlsFile {
  readonly name: string;
  /** PEM, with a private key. */
  readonly text: string;
}

/** Every certificate of a balancer's listeners, each a file named after its contents: another one is another configuration. */
export function tlsFiles({ listeners }: BalancerSpec): TlsFile[] {
  const texts = new Set(listeners.flatMap(({ tls }) => tls?.certificates ?? []));
  return [...texts].map((text) => ({ name: fileName(text), text }));
}

/** Whether a file of the balancer's directory is a certificate's. */
export function isTlsFile(name: string): boolean {
  return /^certificate-[0-9a-f]{32}\.pem$/.test(name);
}

function fileName(text: string): string {
  return `certificate-${createHash('sha256').update(text).digest('hex').slice(0, 32)}.pem`;
}

/** HAProxy's names of the versions. */
const versions: Readonly<Record<string, string>> = {
  TLSv1: 'TLSv1.0',
  'TLSv1.1': 'TLSv1.1',
  'TLSv1.2': 'TLSv1.2',
  'TLSv1.3': 'TLSv1.3',
};

/**
 * What follows the address in the `bind` line of an HTTPS or TLS listener. HAProxy shows the certificate whose names match what
 * the client asks for, the first one where none does.
 */
export function renderTls(spec: BalancerSpec, listener: ListenerSpec, directory: string): string {
  const { tls } = listener;
  if (listener.protocol !== 'HTTPS' && listener.protocol !== 'TLS') return '';
  if (tls === undefined || tls.certificates.length === 0) {
    throw new DriverError('fatal', `the listener on port ${listener.port} has no certificate`);
  }
  const files = tls.certificates.map((text) => `crt ${quote(`${directory}/${fileName(text)}`)}`);
  const protocols = listener.protocol === 'TLS' ? alpn[tls.alpnPolicy ?? 'None'] : httpAlpn(spec);
  return [' ssl', ...files, ...(protocols === '' ? [] : [`alpn ${protocols}`]), ...negotiation(tls)].join(' ');
}

function httpAlpn({ attributes }: BalancerSpec): string {
  return attributes['routing.http2.enabled'] === 'false' ? 'http/1.1' : 'h2,http/1.1';
}

/** "ALPN policies" (ELB User Guide for Network Load Balancers). */
const alpn: Readonly<Record<NonNullable<TlsSpec['alpnPolicy']>, string>> = {
  HTTP1Only: 'http/1.1,http/1.0',
  HTTP2Only: 'h2',
  HTTP2Optional: 'http/1.1,http/1.0,h2',
  HTTP2Preferred: 'h2,http/1.1,http/1.0',
  None: '',
};

function negotiation({ protocols, ciphers, groups, clientOrder }: TlsSpec): string[] {
  const [least, most] = [protocols[0], protocols.at(-1)].map((version) => versions[version ?? '']);
  if (least === undefined || most === undefined)
    throw new DriverError('fatal', `no version of TLS: ${protocols.join()}`);
  const suites = ciphers.filter((name) => name.startsWith('TLS_'));
  const older = ciphers.filter((name) => !name.startsWith('TLS_'));
  // OpenSSL takes the signatures of TLS 1.0 and 1.1 for too weak unless it is told to be content with them.
  const level = least === 'TLSv1.0' || least === 'TLSv1.1' ? ['@SECLEVEL=0'] : [];
  return [
    ...(clientOrder === true ? ['prefer-client-ciphers'] : []),
    `ssl-min-ver ${least}`,
    `ssl-max-ver ${most}`,
    ...(older.length === 0 ? [] : [`ciphers ${[...older, ...level].join(':')}`]),
    ...(suites.length === 0 ? [] : [`ciphersuites ${suites.join(':')}`]),
    ...(groups === undefined ? [] : [`curves ${groups.join(':')}`]),
  ];
}
