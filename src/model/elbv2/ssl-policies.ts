/** What a listener negotiates: protocol versions, rising, and ciphers by OpenSSL's names, the preferred first. */
export interface SslPolicy {
  readonly name: string;
  readonly protocols: readonly ('TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3')[];
  readonly ciphers: readonly string[];
  /** The groups in which keys are agreed on, by OpenSSL's names, where not all are allowed. */
  readonly groups?: readonly string[];
}

const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const either = (suffix: string): string[] => [`ECDHE-ECDSA-${suffix}`, `ECDHE-RSA-${suffix}`];
const gcm128 = either('AES128-GCM-SHA256');
const sha128 = either('AES128-SHA256');
const gcm256 = either('AES256-GCM-SHA384');
const sha256 = either('AES256-SHA384');
const restricted = [...gcm128, ...gcm256];
const forward = [...gcm128, ...sha128, ...gcm256, ...sha256];
const forwardWithSha1 = [
  ...gcm128,
  ...sha128,
  ...either('AES128-SHA'),
  ...gcm256,
  ...sha256,
  ...either('AES256-SHA').toReversed(),
];
const rsa = ['AES128-GCM-SHA256', 'AES128-SHA256', 'AES256-GCM-SHA384', 'AES256-SHA256'];
const rsaWithSha1 = [
  'AES128-GCM-SHA256',
  'AES128-SHA256',
  'AES128-SHA',
  'AES256-GCM-SHA384',
  'AES256-SHA256',
  'AES256-SHA',
];

const policy = (name: string, versions: string, ...ciphers: readonly (readonly string[])[]): SslPolicy => ({
  name: `ELBSecurityPolicy-${name}`,
  protocols: versions.split(' ').map((version) => `TLSv${version}` as 'TLSv1'),
  ciphers: ciphers.flat(),
});

/**
 * A policy of FIPS: what it negotiates is what NIST approves ("FIPS security policies", ELB User Guide), without ChaCha20 and Curve25519. That the module
 * is a validated one nobody here says.
 */
const fips = (name: string, versions: string, ...ciphers: readonly (readonly string[])[]): SslPolicy => ({
  ...policy(`${name}-FIPS-2023-04`, versions, tls13.slice(0, 2), ...ciphers),
  groups: ['P-256', 'P-384', 'P-521'],
});

/**
 * "Security policies for your Application Load Balancer" (ELB User Guide), without those that `whyUnspoken` names.
 */
export const sslPolicies: readonly SslPolicy[] = [
  policy('2016-08', '1 1.1 1.2', forwardWithSha1, rsaWithSha1),
  policy('TLS13-1-2-2021-06', '1.2 1.3', tls13, forward),
  policy('TLS13-1-2-Res-2021-06', '1.2 1.3', tls13, restricted),
  policy('TLS13-1-2-Ext1-2021-06', '1.2 1.3', tls13, forward, rsa),
  policy('TLS13-1-2-Ext2-2021-06', '1.2 1.3', tls13, forwardWithSha1, rsaWithSha1),
  policy('TLS13-1-1-2021-06', '1.1 1.2 1.3', tls13, forwardWithSha1, rsaWithSha1),
  policy('TLS13-1-0-2021-06', '1 1.1 1.2 1.3', tls13, forwardWithSha1, rsaWithSha1),
  policy('TLS13-1-3-2021-06', '1.3', tls13),
  policy('TLS-1-2-2017-01', '1.2', forward, rsa),
  policy('TLS-1-1-2017-01', '1.1 1.2', forwardWithSha1, rsaWithSha1),
  policy('TLS-1-2-Ext-2018-06', '1.2', forwardWithSha1, rsaWithSha1),
  policy('FS-2018-06', '1 1.1 1.2', forwardWithSha1),
  policy('FS-1-1-2019-08', '1.1 1.2', forwardWithSha1),
  policy('FS-1-2-2019-08', '1.2', forwardWithSha1),
  policy('FS-1-2-Res-2019-08', '1.2', forward),
  policy('FS-1-2-Res-2020-10', '1.2', restricted),
  policy('2015-05', '1 1.1 1.2', forwardWithSha1, rsaWithSha1),
  fips('TLS13-1-3', '1.3'),
  fips('TLS13-1-2', '1.2 1.3', forward),
  fips('TLS13-1-2-Res', '1.2 1.3', restricted),
  fips('TLS13-1-2-Ext2', '1.2 1.3', forwardWithSha1, rsaWithSha1),
  fips('TLS13-1-2-Ext1', '1.2 1.3', forward, rsa),
  fips('TLS13-1-2-Ext0', '1.2 1.3', forwardWithSha1),
  fips('TLS13-1-1', '1.1 1.2 1.3', forwardWithSha1, rsaWithSha1),
  fips('TLS13-1-0', '1 1.1 1.2 1.3', forwardWithSha1, rsaWithSha1),
];

const postQuantum = 'its key exchange is post-quantum, which OpenSSL has from version 3.5 on';
const unspoken: readonly (readonly [name: RegExp, why: string])[] = [
  [/^TLS13-1-(?:[03]|2(?:-(?:Res|Ext[12]))?)-PQ-2025-09$/, postQuantum],
  [/^TLS13-1-(?:[03]|2(?:-(?:Res|Ext[012]))?)-FIPS-PQ-2025-09$/, postQuantum],
  [
    /^TLS13-1-2-(?:Ext0-)?RFC9151-(?:INTEROP[1-4]-)?FIPS-2023-07$/,
    'it asks for certificates and signatures of RFC 9151',
  ],
  [/^TLS-1-0-2015-04$/, 'it has triple DES, which OpenSSL is built without'],
];

/** Why a policy that AWS has is not spoken here; `undefined` for any other name. */
export function whyUnspoken(name: string): string | undefined {
  const short = name.replace(/^ELBSecurityPolicy-/, '');
  return short === name ? undefined : unspoken.find(([pattern]) => pattern.test(short))?.[1];
}

/** What a listener has that names none. */
export const defaultSslPolicy = 'ELBSecurityPolicy-2016-08';

/** The policy of a name. */
export function sslPolicyOf(name: string): SslPolicy | undefined {
  return sslPolicies.find((each) => each.name === name);
}
