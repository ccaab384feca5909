import { sslPolicies, sslPolicyOf, type SslPolicy } from './ssl-policies.ts';

/** What TLS a policy negotiates, and whose order of ciphers counts. */
export interface ClassicTls extends Pick<SslPolicy, 'protocols' | 'ciphers' | 'groups'> {
  readonly clientOrder: boolean;
}

/** "Predefined SSL security policies for Classic Load Balancers" (ELB User Guide), without those that need SSLv3, RC4 or triple DES. */
export const classicSslPolicies: readonly SslPolicy[] = [
  'ELBSecurityPolicy-2016-08',
  'ELBSecurityPolicy-TLS-1-2-2017-01',
  'ELBSecurityPolicy-TLS-1-1-2017-01',
  'ELBSecurityPolicy-2015-05',
].flatMap((name) => sslPolicyOf(name) ?? []);

/** The attributes by which a policy names versions of TLS. */
export const versionAttributes: Readonly<Record<string, SslPolicy['protocols'][number]>> = {
  'Protocol-TLSv1': 'TLSv1',
  'Protocol-TLSv1.1': 'TLSv1.1',
  'Protocol-TLSv1.2': 'TLSv1.2',
};

/** The ciphers that a policy may name: an attribute each, by OpenSSL's names. */
export const classicCiphers: readonly string[] = [...new Set(classicSslPolicies.flatMap(({ ciphers }) => ciphers))];

/** Of versions and ciphers that no policy can switch on: OpenSSL does not have them any more, or nobody should. */
export const neverNegotiated: readonly string[] = [
  'Protocol-SSLv2 Protocol-SSLv3 ADH-AES128-GCM-SHA256 ADH-AES128-SHA ADH-AES128-SHA256 ADH-AES256-GCM-SHA384',
  'ADH-AES256-SHA ADH-AES256-SHA256 ADH-CAMELLIA128-SHA ADH-CAMELLIA256-SHA ADH-DES-CBC3-SHA ADH-DES-CBC-SHA',
  'ADH-RC4-MD5 ADH-SEED-SHA CAMELLIA128-SHA CAMELLIA256-SHA DES-CBC3-MD5 DES-CBC3-SHA DES-CBC-MD5 DES-CBC-SHA',
  'DHE-DSS-AES128-GCM-SHA256 DHE-DSS-AES128-SHA DHE-DSS-AES128-SHA256 DHE-DSS-AES256-GCM-SHA384',
  'DHE-DSS-AES256-SHA DHE-DSS-AES256-SHA256 DHE-DSS-CAMELLIA128-SHA DHE-DSS-CAMELLIA256-SHA DHE-DSS-SEED-SHA',
  'DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES128-SHA DHE-RSA-AES128-SHA256 DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES256-SHA DHE-RSA-AES256-SHA256 DHE-RSA-CAMELLIA128-SHA DHE-RSA-CAMELLIA256-SHA DHE-RSA-SEED-SHA',
  'ECDHE-ECDSA-RC4-SHA ECDHE-RSA-RC4-SHA EDH-DSS-DES-CBC3-SHA EDH-DSS-DES-CBC-SHA EDH-RSA-DES-CBC3-SHA',
  'EDH-RSA-DES-CBC-SHA EXP-ADH-DES-CBC-SHA EXP-ADH-RC4-MD5 EXP-DES-CBC-SHA EXP-EDH-DSS-DES-CBC-SHA',
  'EXP-EDH-RSA-DES-CBC-SHA EXP-KRB5-DES-CBC-MD5 EXP-KRB5-DES-CBC-SHA EXP-KRB5-RC2-CBC-MD5 EXP-KRB5-RC2-CBC-SHA',
  'EXP-KRB5-RC4-MD5 EXP-KRB5-RC4-SHA EXP-RC2-CBC-MD5 EXP-RC4-MD5 IDEA-CBC-SHA KRB5-DES-CBC3-MD5',
  'KRB5-DES-CBC3-SHA KRB5-DES-CBC-MD5 KRB5-DES-CBC-SHA KRB5-RC4-MD5 KRB5-RC4-SHA PSK-3DES-EDE-CBC-SHA',
  'PSK-AES128-CBC-SHA PSK-AES256-CBC-SHA PSK-RC4-SHA RC2-CBC-MD5 RC4-MD5 RC4-SHA SEED-SHA',
].flatMap((line) => line.split(' '));

/** Every attribute of a predefined policy, as a policy that refers to it has them. */
export function attributesOfPolicy({ name, protocols, ciphers }: SslPolicy): Record<string, string> {
  return {
    'Reference-Security-Policy': name,
    ...Object.fromEntries(
      Object.entries(versionAttributes).map(([key, version]) => [key, String(protocols.includes(version))]),
    ),
    'Server-Defined-Cipher-Order': 'true',
    ...Object.fromEntries(classicCiphers.map((cipher) => [cipher, String(ciphers.includes(cipher))])),
  };
}

/** What the attributes of a policy say. */
export function tlsOfAttributes(attributes: Readonly<Record<string, string>>): ClassicTls {
  const reference = sslPolicies.find(({ name }) => name === attributes['Reference-Security-Policy']);
  const isOn = (key: string): boolean => attributes[key] === 'true';
  if (reference !== undefined) return { ...reference, clientOrder: false };
  return {
    protocols: Object.entries(versionAttributes).flatMap(([key, version]) => (isOn(key) ? [version] : [])),
    ciphers: classicCiphers.filter(isOn),
    clientOrder: !isOn('Server-Defined-Cipher-Order'),
  };
}
