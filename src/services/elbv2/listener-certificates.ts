import type { Certificate } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../../base/errors.ts';
import type { Listener } from '../../model/elbv2/load-balancing.ts';
import { listeners } from '../../store/tables/elbv2.ts';
import type { ServiceDeps } from '../deps.ts';
import { elbErrors } from './errors.ts';
import { findListener, findLoadBalancer } from './find.ts';
import type { ElbHandlers } from './handler-types.ts';
import { limits } from './limits.ts';
import { page } from './paging.ts';
import { checkCertificate } from './tls-rules.ts';

/** The certificates of a listener: whose names a client asks for is shown to it (SNI, RFC 6066). */
export function listenerCertificateHandlers({ store }: ServiceDeps) {
  return {
    DescribeListenerCertificates(input, ctx) {
      const { certificates } = findListener(store, ctx, input.ListenerArn);
      const { items, next } = page(certificates, ({ certificateArn }) => certificateArn, input);
      return {
        Certificates: items.map(({ certificateArn, isDefault }) => ({
          CertificateArn: certificateArn,
          IsDefault: isDefault,
        })),
        ...next,
      };
    },

    AddListenerCertificates(input, ctx) {
      return store.transact((tx) => {
        const listener = forTls(findListener(tx, ctx, input.ListenerArn));
        const arns = arnsOf(input.Certificates).map((arn) => checkCertificate(tx, ctx, arn));
        const known = listener.certificates.map(({ certificateArn }) => certificateArn);
        const added = arns
          .filter((arn) => !known.includes(arn))
          .map((certificateArn) => ({ certificateArn, isDefault: false }));
        const beside = tx
          .by(listeners, 'loadBalancer', listener.loadBalancerArn)
          .flatMap((each) => each.certificates.filter(({ isDefault }) => !isDefault));
        const { type } = findLoadBalancer(tx, ctx, listener.loadBalancerArn);
        if (beside.length + added.length > limits[`certificates-per-${type}-load-balancer`]) {
          throw new AwsError(
            'TooManyCertificates',
            'The quota of certificates for this load balancer has been reached',
          );
        }
        tx.put(listeners, { ...listener, certificates: [...listener.certificates, ...added] });
        return { Certificates: arns.map((CertificateArn) => ({ CertificateArn, IsDefault: false })) };
      });
    },

    RemoveListenerCertificates(input, ctx) {
      return store.transact((tx) => {
        const listener = forTls(findListener(tx, ctx, input.ListenerArn));
        const arns = arnsOf(input.Certificates);
        if (listener.certificates.some(({ certificateArn, isDefault }) => isDefault && arns.includes(certificateArn))) {
          throw elbErrors.notPermitted(
            'The default certificate of a listener cannot be removed: replace it with ModifyListener',
          );
        }
        const certificates = listener.certificates.filter(({ certificateArn }) => !arns.includes(certificateArn));
        tx.put(listeners, { ...listener, certificates });
        return {};
      });
    },
  } satisfies ElbHandlers;
}

function forTls(listener: Listener): Listener {
  if (listener.sslPolicy === undefined) {
    throw elbErrors.notPermitted(
      `Listener '${listener.arn}' uses the ${listener.protocol} protocol: it has no certificates`,
    );
  }
  return listener;
}

function arnsOf(certificates: readonly Certificate[] | undefined): string[] {
  const arns = [...new Set((certificates ?? []).map(({ CertificateArn }) => CertificateArn ?? ''))];
  if (arns.length === 0) throw elbErrors.validation('A certificate must be specified');
  if (certificates?.some(({ IsDefault }) => IsDefault !== undefined) === true) {
    throw elbErrors.validation('IsDefault cannot be specified: the default certificate is set with ModifyListener');
  }
  return arns;
}
