import type { Listener as ListenerInput } from '@aws-sdk/client-elastic-load-balancing';
import type { Ctx } from '../../../aws/handlers.ts';
import type { ClassicForward } from '../../../model/elbv2/classic.ts';
import type { Reader } from '../../../store/store.ts';
import { certificates } from '../../../store/tables/acm.ts';
import { elbErrors } from '../errors.ts';
import { classicErrors } from './errors.ts';

type Protocol = ClassicForward['instanceProtocol'];

/** A listener as it is asked for. */
export interface WantedListener {
  readonly protocol: Protocol;
  readonly port: number;
  readonly instanceProtocol: Protocol;
  readonly instancePort: number;
  readonly certificateArn?: string;
}

/** Reads a listener: both sides speak HTTP or neither does ("Listeners for your Classic Load Balancer", ELB User Guide). */
export function readListener(reader: Reader, ctx: Ctx, input: ListenerInput): WantedListener {
  const { LoadBalancerPort: port = 0, InstancePort: instancePort = 0, SSLCertificateId: arn } = input;
  const protocol = readProtocol(input.Protocol, 'Listener');
  // "If the front-end protocol is TCP or SSL, the back-end protocol must be TCP or SSL", and is the same unless it is given.
  const instanceProtocol = readProtocol(input.InstanceProtocol ?? input.Protocol, 'Instance');
  if (isHttp(protocol) !== isHttp(instanceProtocol)) {
    throw elbErrors.configuration(
      'Listener protocol and instance protocol must be at the same layer: both HTTP or HTTPS, or both TCP or SSL',
    );
  }
  checkPort('LoadBalancerPort', port);
  checkPort('InstancePort', instancePort);
  if (isSecure(protocol) && !arn) throw elbErrors.configuration('Secure Listeners need to specify a SSLCertificateId');
  if (!isSecure(protocol) && arn) {
    throw elbErrors.configuration('SSLCertificateId can be specified only for listeners of the protocol HTTPS or SSL');
  }
  return {
    protocol,
    port,
    instanceProtocol,
    instancePort,
    ...(isSecure(protocol) ? { certificateArn: checkCertificate(reader, ctx, arn) } : {}),
  };
}

/** Whether requests are seen, and not only bytes. */
export function isHttp(protocol: string): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS';
}

/** Whether there is TLS. */
export function isSecure(protocol: string): boolean {
  return protocol === 'HTTPS' || protocol === 'TLS';
}

/** A protocol as the API has it. */
export function apiProtocol(protocol: string): string {
  return protocol === 'TLS' ? 'SSL' : protocol;
}

/** Answers the ARN of a certificate of the caller's in ACM. */
export function checkCertificate(reader: Reader, { account, region }: Ctx, arn: string | undefined): string {
  const row = reader.get(certificates, arn ?? '');
  if (row === undefined || row.account !== account || row.region !== region) {
    throw classicErrors.certificateNotFound(arn ?? '');
  }
  return row.arn;
}

function checkPort(name: string, value: number): void {
  if (value < 1 || value > 65_535) throw elbErrors.validation(`${name} must be between 1 and 65535`);
}

function readProtocol(said: string | undefined, of: 'Listener' | 'Instance'): Protocol {
  const protocol = (said ?? '').toUpperCase();
  if (protocol === 'SSL') return 'TLS';
  if (protocol === 'HTTP' || protocol === 'HTTPS' || protocol === 'TCP') return protocol;
  throw elbErrors.validation(`${of} Protocol must be HTTP, HTTPS, TCP or SSL`);
}
