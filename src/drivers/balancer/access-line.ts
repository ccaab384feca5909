import { given } from '../../base/given.ts';
import { renderFailures } from './connection-line.ts';

/**
 * What HAProxy notes of every request, as one line of the file that its standard output is: a write that nobody has to be there
 * for, so that no line is lost when this process dies or HAProxy is reloaded. Text that comes from clients stands last and is
 * percent-encoded, so that tabs part the fields and a line that is too long is cut where it harms least.
 */
const fields = {
  connection: '%[var(sess.id)]',
  /** 1 for the first request of a connection. */
  nth: '%[var(sess.requests)]',
  began: '%[var(txn.began)]',
  ended: '%[date(0,us)]',
  clientAddress: '%ci',
  clientPort: '%cp',
  targetAddress: '%si',
  targetPort: '%sp',
  requestMs: '%TR',
  queueMs: '%Tw',
  connectMs: '%Tc',
  responseMs: '%Tr',
  status: '%ST',
  targetStatus: '%[var(txn.status)]',
  receivedBytes: '%U',
  sentBytes: '%B',
  method: '%HM',
  version: '%HV',
  cipher: '%sslc',
  protocol: '%sslv',
  certificate: '%[var(sess.certificate)]',
  port: '%fp',
  backend: '%b',
  rule: '%[var(txn.rule)]',
  ending: '%ts',
  trace: '%[var(txn.trace)]',
  serverName: '%[var(sess.name)]',
  location: '%[var(txn.location)]',
  host: '%[var(txn.host_asked)]',
  url: '%[var(txn.url_asked)]',
  agent: '%[var(txn.agent)]',
  address: '%fi',
  accepted: '%[var(sess.accepted)]',
  handshakeMs: '%Th',
} as const;
type Field = keyof typeof fields;
const names = Object.keys(fields) as Field[];

/** The lines of a frontend that note what the request was before anything is decided about it. */
export function renderAccess(isTls: boolean): string[] {
  return [
    'log stdout len 16384 format raw local0',
    'option dontlognull',
    `log-format "${names.map((name) => fields[name]).join('\\t')}"`,
    renderFailures(),
    'tcp-request connection set-var(sess.id) uuid',
    'tcp-request connection set-var(sess.accepted) date(0,us)',
    'tcp-request connection set-var(sess.requests) int(0)',
    ...(isTls
      ? [
          'tcp-request session set-var(sess.certificate) ssl_f_sha1,hex',
          'tcp-request session set-var(sess.name) ssl_fc_sni,url_enc',
        ]
      : []),
    'http-request set-var(txn.began) date(0,us)',
    'http-request set-var(sess.requests) var(sess.requests),add(1)',
    'http-request set-var(txn.host_asked) req.hdr(host),url_enc',
    'http-request set-var(txn.url_asked) url,url_enc',
    'http-request set-var(txn.agent) req.hdr(user-agent),url_enc',
    'http-response set-var(txn.status) status',
  ];
}

/** What a connection that nobody reads the requests of has not: HAProxy leaves such a field out, unless it is something else. */
const ofRequests: ReadonlySet<Field> = new Set(['requestMs', 'responseMs', 'status', 'method', 'version']);

/** The lines of a frontend that notes connections, each as a request that is nothing but its bytes. */
export function renderConnectionAccess(isTls: boolean): string[] {
  const format = names.map((name) => (ofRequests.has(name) ? '-' : fields[name])).join('\\t');
  return [
    'log stdout len 16384 format raw local0',
    'option dontlognull',
    `log-format "${format}"`,
    'tcp-request connection set-var(sess.id) uuid',
    'tcp-request connection set-var(sess.requests) int(1)',
    ...(isTls ? ['tcp-request session set-var(sess.certificate) ssl_f_sha1,hex'] : []),
    'tcp-request content set-var(txn.began) date(0,us)',
  ];
}

/** A request that is over. Times are epoch microseconds, durations milliseconds; what was not reached is `undefined`. */
export interface AccessLine {
  readonly connection: string;
  readonly isFirst: boolean;
  /** When its headers were there, or it ended without. */
  readonly beganUs: number;
  readonly endedUs: number;
  /** `address:port`. */
  readonly client: string;
  /** The target that it was for, `address:port`, whether or not it could be sent there. */
  readonly chosen?: string;
  /** Where it was sent. */
  readonly target?: string;
  /** Until it was sent to the target. */
  readonly requestMs?: number;
  /** From there until the target's headers. */
  readonly responseMs?: number;
  readonly status: number;
  /** What the target said. */
  readonly targetStatus?: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** `-` of what is no HTTP. */
  readonly method: string;
  /** `HTTP/1.1`. */
  readonly version: string;
  readonly tls?: { readonly cipher: string; readonly protocol: string };
  /** The SHA-1 of the certificate that was shown, in hexadecimal capitals. */
  readonly certificate?: string;
  /** The listener's. */
  readonly port: number;
  readonly backend: string;
  /** The number of the rule that matched; the default rule has none. */
  readonly rule?: number;
  /** How the stream ended ("Session state at disconnection", HAProxy Configuration Manual): `--` when all went well. */
  readonly ending: string;
  readonly trace?: string;
  readonly serverName?: string;
  readonly location?: string;
  readonly host?: string;
  readonly url?: string;
  readonly agent?: string;
  /** The load balancer's, that it came to. */
  readonly address?: string;
  /** When its connection was accepted, epoch microseconds. */
  readonly acceptedUs?: number;
  /** How long TLS was negotiated after that; 0 without, and for any request but the first of its connection. */
  readonly handshakeMs?: number;
}

/** Reads a line; `undefined` for anything else that stands in the file. */
export function parseAccessLine(line: string): AccessLine | undefined {
  const parts = line.split('\t');
  // A line that was cut lacks its end.
  if (parts.length < names.indexOf('trace') || parts.length > names.length) return undefined;
  const raw = Object.fromEntries(names.map((name, at) => [name, parts[at] ?? '-'])) as Record<Field, string>;
  const text = (name: Field): string | undefined => (raw[name] === '-' ? undefined : raw[name]);
  const number = (name: Field): number | undefined => {
    const value = raw[name] === '-' || raw[name] === '' ? NaN : Number(raw[name]);
    return Number.isNaN(value) || value < 0 ? undefined : value;
  };
  const decoded = (name: Field): string | undefined => text(name) && decode(raw[name]);
  const endedUs = number('ended');
  if (endedUs === undefined) return undefined;
  const isDispatched = text('targetAddress') !== undefined && number('connectMs') !== undefined;
  const cipher = text('cipher');
  // A target that cannot be connected to: HAProxy says 503 and sends the page of 502 that it was given for it.
  const isRefused = raw.status === '503' && number('targetStatus') === undefined && !raw.ending.startsWith('L');
  return {
    connection: raw.connection,
    isFirst: number('nth') === undefined || number('nth') === 1,
    beganUs: number('began') ?? endedUs,
    endedUs,
    client: `${raw.clientAddress}:${raw.clientPort}`,
    ...given('chosen', text('targetAddress') && `${raw.targetAddress}:${raw.targetPort}`),
    ...given('target', isDispatched ? `${raw.targetAddress}:${raw.targetPort}` : undefined),
    ...given('requestMs', isDispatched ? (number('queueMs') ?? 0) + (number('connectMs') ?? 0) : undefined),
    ...given('responseMs', isDispatched ? number('responseMs') : undefined),
    status: isRefused ? 502 : (number('status') ?? 0),
    ...given('targetStatus', number('targetStatus')),
    receivedBytes: number('receivedBytes') ?? 0,
    sentBytes: number('sentBytes') ?? 0,
    method: raw.method.startsWith('<') ? '-' : raw.method,
    version: raw.version.startsWith('<') ? '-' : raw.version,
    ...given('tls', cipher === undefined ? undefined : { cipher, protocol: raw.protocol }),
    ...given('certificate', text('certificate')),
    port: number('port') ?? 0,
    backend: raw.backend,
    ...given('rule', number('rule')),
    ending: raw.ending,
    ...given('trace', decoded('trace')),
    ...given('serverName', decoded('serverName')),
    ...given('location', decoded('location')),
    ...given('host', decoded('host')),
    ...given('url', decoded('url')),
    ...given('agent', decoded('agent')),
    ...given('address', text('address')),
    ...given('acceptedUs', number('accepted')),
    ...given('handshakeMs', number('handshakeMs')),
  };
}

/** Bytes, not characters: a client may send any. Each becomes the character of its number. */
function decode(text: string): string {
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
