import { parseAccessLine, type AccessLine } from '../../../drivers/balancer/access-line.ts';
import { parseConnectionLine, type ConnectionLine } from '../../../drivers/balancer/connection-line.ts';
import type { BalancerSpec } from '../../../wire/balancer-spec.ts';
import { isoOfUs } from './log-keys.ts';

/**
 * The entry of a connection log that a noted line makes ("Connection logs for your Application Load Balancer", ELB User Guide): one for the first
 * request of each connection, and one for each on which no TLS could be agreed.
 */
export function connectionLogEntry(_: BalancerSpec, text: string): string | undefined {
  const request = parseAccessLine(text);
  if (request !== undefined) return request.isFirst ? established(request) : undefined;
  const failed = parseConnectionLine(text);
  return failed?.tlsError === undefined ? undefined : refused(failed);
}

function established(line: AccessLine): string {
  const { tls, handshakeMs = 0 } = line;
  const [address = '-', port = '-'] = line.client.split(':');
  return [
    isoOfUs((line.acceptedUs ?? line.beganUs) + handshakeMs * 1000),
    address,
    port,
    line.port,
    tls?.protocol ?? '-',
    tls?.cipher ?? '-',
    tls === undefined ? '-' : (handshakeMs / 1000).toFixed(3),
    // The client's certificate: its subject, validity and serial number.
    '"-" - -',
    tls === undefined ? '-' : 'Success',
    `TID_${line.connection.replaceAll('-', '')}`,
  ].join(' ');
}

function refused({ endedUs, clientAddress, clientPort, port }: ConnectionLine): string {
  return `${isoOfUs(endedUs)} ${clientAddress} ${clientPort} ${port} - - - "-" - - Failed:UnmappedConnectionError -`;
}
