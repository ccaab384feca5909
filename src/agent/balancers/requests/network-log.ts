import { isoOf } from '../../../base/clock.ts';
import { parseArn } from '../../../base/arn.ts';
import { parseConnectionLine } from '../../../drivers/balancer/connection-line.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';

/** What OpenSSL adds to the number of an alert that it was sent to make a reason (SSL_AD_REASON_OFFSET). */
const alertOffset = 1000;

/**
 * The entry of a network load balancer's access log that a noted line makes ("Access logs for your Network Load Balancer", ELB User
 * Guide): of a connection to a TLS listener. What clients prefer of ALPN nobody here knows, and targets are not asked.
 */
export function networkLogEntry(spec: BalancerSpec, text: string): string | undefined {
  const line = parseConnectionLine(text);
  if (line === undefined) return undefined;
  const { stream, tlsError = 0 } = line;
  const listener = spec.listeners.find(({ port }) => port === line.port);
  const shown = listener?.tls?.shown?.find(({ sha1 }) => sha1 === stream?.certificate);
  const seconds = (us: number): string => isoOf(Math.floor(us / 1000)).slice(0, 19);
  return [
    'tls',
    '2.0',
    seconds(line.endedUs),
    parseArn(spec.loadBalancerArn)?.resource.replace(/^loadbalancer\//, '') ?? spec.name,
    listener?.listenerArn.split('/').at(-1) ?? '-',
    `${line.clientAddress}:${line.clientPort}`,
    `${line.address}:${line.port}`,
    stream?.totalMs ?? '-',
    stream?.handshakeMs ?? '-',
    stream?.receivedBytes ?? 0,
    stream?.sentBytes ?? 0,
    tlsError >= alertOffset ? tlsError - alertOffset : '-',
    shown?.certificateArn ?? '-',
    '-',
    stream?.cipher ?? '-',
    stream?.protocol === undefined ? '-' : versionOf(stream.protocol),
    '-',
    stream?.serverName ?? '-',
    listener?.tls?.alpnPolicy === undefined ? '-' : (stream?.alpn ?? '-'),
    '-',
    '-',
    seconds(stream?.acceptedUs ?? line.endedUs),
  ].join(' ');
}

/** `tlsv12` of `TLSv1.2`. */
function versionOf(protocol: string): string {
  return protocol === 'TLSv1' ? 'tlsv10' : protocol.toLowerCase().replace('.', '');
}
