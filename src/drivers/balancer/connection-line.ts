import { given } from '../../base/given.ts';

/** What HAProxy notes of a connection on which no TLS could be agreed, in the file where requests are noted too. */
const failureFields = {
  kind: 'failed',
  ended: '%[date(0,us)]',
  clientAddress: '%ci',
  clientPort: '%cp',
  address: '%fi',
  port: '%fp',
  error: '%[ssl_fc_err]',
} as const;

/** And of a connection that ended at a TLS listener of a network load balancer. Text of clients is percent-encoded. */
const streamFields = {
  kind: 'tls',
  ended: '%[date(0,us)]',
  accepted: '%[var(sess.accepted)]',
  clientAddress: '%ci',
  clientPort: '%cp',
  address: '%fi',
  port: '%fp',
  totalMs: '%Tt',
  handshakeMs: '%Th',
  receivedBytes: '%U',
  sentBytes: '%B',
  certificate: '%[var(sess.certificate)]',
  cipher: '%sslc',
  protocol: '%sslv',
  alpn: '%[ssl_fc_alpn]',
  serverName: '%[var(sess.name)]',
} as const;

/** How a failed connection is noted ("error-log-format", HAProxy Configuration Manual). */
export function renderFailures(): string {
  return `error-log-format "${Object.values(failureFields).join('\\t')}"`;
}

/** The lines of a TLS listener that notes its connections. */
export function renderStreamLog(): string[] {
  return [
    'log stdout len 4096 format raw local0',
    renderFailures(),
    `log-format "${Object.values(streamFields).join('\\t')}"`,
    'tcp-request connection set-var(sess.accepted) date(0,us)',
    'tcp-request session set-var(sess.certificate) ssl_f_sha1,hex',
    'tcp-request session set-var(sess.name) ssl_fc_sni,url_enc',
  ];
}

/** A connection that is over, or did not come about. */
export interface ConnectionLine {
  /** Epoch microseconds. */
  readonly endedUs: number;
  readonly clientAddress: string;
  readonly clientPort: string;
  /** The load balancer's, and the listener's. */
  readonly address: string;
  readonly port: number;
  /** The number of OpenSSL's reason, where TLS failed. */
  readonly tlsError?: number;
  /** Absent where TLS failed. */
  readonly stream?: {
    readonly acceptedUs: number;
    readonly totalMs: number;
    readonly handshakeMs: number;
    readonly receivedBytes: number;
    readonly sentBytes: number;
    /** The SHA-1 of the certificate that was shown, in hexadecimal capitals. */
    readonly certificate?: string;
    readonly cipher?: string;
    /** `TLSv1.3`. */
    readonly protocol?: string;
    readonly alpn?: string;
    /** Percent-encoded. */
    readonly serverName?: string;
  };
}

/** Reads a line of a connection; `undefined` for anything else that stands in the file. */
export function parseConnectionLine(line: string): ConnectionLine | undefined {
  const parts = line.split('\t');
  const [kind] = parts;
  if (kind !== 'tls' && kind !== 'failed') return undefined;
  const names = Object.keys(kind === 'tls' ? streamFields : failureFields);
  if (parts.length !== names.length) return undefined;
  const raw = Object.fromEntries(names.map((name, at) => [name, parts[at] ?? '-']));
  const text = (name: keyof typeof streamFields): string | undefined => (raw[name] === '-' ? undefined : raw[name]);
  const number = (name: string): number => Number(raw[name]);
  // An error's reason is its low 23 bits ("ERR_GET_REASON", OpenSSL).
  const reason = Number(raw['error'] ?? 0) & 0x7f_ff_ff;
  return {
    endedUs: number('ended'),
    clientAddress: raw['clientAddress'] ?? '-',
    clientPort: raw['clientPort'] ?? '-',
    address: raw['address'] ?? '-',
    port: number('port'),
    ...(raw['kind'] === 'failed'
      ? { tlsError: reason }
      : {
          stream: {
            acceptedUs: number('accepted'),
            totalMs: number('totalMs'),
            handshakeMs: number('handshakeMs'),
            receivedBytes: number('receivedBytes'),
            sentBytes: number('sentBytes'),
            ...given('certificate', text('certificate')),
            ...given('cipher', text('cipher')),
            ...given('protocol', text('protocol')),
            ...given('alpn', text('alpn')),
            ...given('serverName', text('serverName')),
          },
        }),
  };
}
