import type {
  CreateListenerInput,
  Listener as ListenerOutput,
  ModifyListenerInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Ctx } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { AlpnPolicy, Listener } from '../../model/elbv2/load-balancing.ts';
import { defaultSslPolicy, sslPolicyOf, whyUnspoken } from '../../model/elbv2/ssl-policies.ts';
import type { Reader } from '../../store/store.ts';
import { certificates } from '../../store/tables/acm.ts';
import { elbErrors, notSupported } from './errors.ts';

type Tls = Pick<Listener, 'certificates' | 'sslPolicy' | 'alpnPolicy'>;

const alpnPolicies: readonly AlpnPolicy[] = ['HTTP1Only', 'HTTP2Only', 'HTTP2Optional', 'HTTP2Preferred', 'None'];

/** The certificates and the policy of a listener of `protocol`: as they are asked for, else as they were. */
export function readTls(
  reader: Reader,
  ctx: Ctx,
  input: CreateListenerInput | ModifyListenerInput,
  protocol: Listener['protocol'],
  before?: Listener,
): Tls {
  const { SslPolicy, Certificates = [], AlpnPolicy = [], MutualAuthentication } = input;
  if ((MutualAuthentication?.Mode ?? 'off') !== 'off') throw notSupported('Mutual authentication');
  if (protocol !== 'HTTPS' && protocol !== 'TLS') {
    if (SslPolicy !== undefined || Certificates.length > 0 || AlpnPolicy.length > 0) {
      throw elbErrors.validation(
        `An SSL policy, certificates or an ALPN policy cannot be specified for a listener that uses the ${protocol} protocol`,
      );
    }
    return { certificates: [] };
  }
  if (AlpnPolicy.length > 0 && protocol !== 'TLS')
    throw elbErrors.validation('An ALPN policy can only be specified for TLS listeners');
  const [certificate, ...more] = Certificates;
  if (more.length > 0) {
    throw elbErrors.validation('Only one certificate can be specified: others are added with AddListenerCertificates');
  }
  if (certificate?.IsDefault !== undefined) {
    throw elbErrors.validation('IsDefault cannot be specified: the certificate of a listener is its default one');
  }
  const others = (before?.certificates ?? []).filter((each) => !each.isDefault);
  const known = before?.certificates.find((each) => each.isDefault)?.certificateArn;
  const certificateArn = certificate === undefined ? known : checkCertificate(reader, ctx, certificate.CertificateArn);
  if (certificateArn === undefined)
    throw elbErrors.validation(`A certificate must be specified for ${protocol} listeners`);
  return {
    certificates: [
      { certificateArn, isDefault: true },
      ...others.filter((each) => each.certificateArn !== certificateArn),
    ],
    sslPolicy: checkPolicy(SslPolicy ?? before?.sslPolicy ?? defaultSslPolicy),
    ...given('alpnPolicy', readAlpn(AlpnPolicy) ?? (protocol === 'TLS' ? before?.alpnPolicy : undefined)),
  };
}

function readAlpn([name, ...more]: readonly string[]): AlpnPolicy | undefined {
  if (more.length > 0) throw elbErrors.validation('Only one ALPN policy can be specified');
  if (name === undefined) return undefined;
  const known = alpnPolicies.find((each) => each === name);
  if (known === undefined) throw new AwsError('ALPNPolicyNotSupported', `The ALPN policy '${name}' is not supported`);
  return known;
}

/** Answers the ARN of a certificate of the caller's. */
export function checkCertificate(reader: Reader, ctx: Ctx, arn: string | undefined): string {
  const row = reader.get(certificates, arn ?? '');
  if (row === undefined || row.account !== ctx.account || row.region !== ctx.region) {
    throw new AwsError('CertificateNotFound', `Certificate '${arn ?? ''}' not found`);
  }
  return row.arn;
}

function checkPolicy(name: string): string {
  const why = whyUnspoken(name);
  if (why !== undefined) throw notSupported(`SSL policy '${name}': ${why}. It`);
  if (sslPolicyOf(name) === undefined) throw new AwsError('SSLPolicyNotFound', `SSL policy '${name}' not found`);
  return name;
}

/** What a listener with TLS is described with beyond others; its other certificates are listed by themselves. */
export function describeTls({ certificates: own, sslPolicy, alpnPolicy, protocol }: Listener): Partial<ListenerOutput> {
  if (sslPolicy === undefined) return {};
  return {
    Certificates: own
      .filter(({ isDefault }) => isDefault)
      .map(({ certificateArn }) => ({ CertificateArn: certificateArn })),
    SslPolicy: sslPolicy,
    ...(alpnPolicy === undefined ? {} : { AlpnPolicy: [alpnPolicy] }),
    ...(protocol === 'HTTPS' ? { MutualAuthentication: { Mode: 'off' } } : {}),
  };
}
