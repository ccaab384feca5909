import { FakeClock } from '../../base/clock.ts';
import type { Certificate } from '../../model/acm/certificate.ts';
import { CertificateAuthority } from '../../store/certificates/authority.ts';
import * as acmTables from '../../store/tables/acm.ts';
import * as elbTables from '../../store/tables/elbv2.ts';
import * as kmsTables from '../../store/tables/kms.ts';
import { callerIn, keyFixture } from '../testing.ts';
import type { AcmDeps } from './deps.ts';
import { acmHandlers } from './handlers.ts';

/** ACM's handlers on an empty store, with an authority of their own. For tests only. */
export function acmFixture() {
  const { clock: _clock, ...fixture } = keyFixture(acmTables, elbTables, kmsTables);
  const clock = new FakeClock();
  let made: ReturnType<typeof CertificateAuthority.make> | undefined;
  const authority: AcmDeps['authority'] = async () => {
    made ??= CertificateAuthority.make(clock, fixture.ids, 'Stowage authority');
    return (await made).authority;
  };
  const deps: AcmDeps = { ...fixture, clock, authority };
  const acm = acmHandlers(deps) as Required<ReturnType<typeof acmHandlers>>;
  const ctx = callerIn();
  return {
    ...deps,
    clock,
    acm,
    ctx,
    /** Requests a certificate for `names` and answers its row. */
    async request(...names: string[]): Promise<Certificate> {
      const [DomainName, ...SubjectAlternativeNames] = names;
      const { CertificateArn = '' } = await acm.RequestCertificate(
        { DomainName, ...(SubjectAlternativeNames.length === 0 ? {} : { SubjectAlternativeNames }) },
        ctx,
      );
      const row = fixture.store.get(acmTables.certificates, CertificateArn);
      if (row === undefined) throw new Error('no certificate was made');
      return row;
    },
    /** Makes a listener that serves a certificate, as far as its table goes. */
    use(arn: string): void {
      const loadBalancerArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/a/0';
      fixture.store.transact((tx) =>
        tx.put(elbTables.listeners, {
          account: ctx.account,
          region: ctx.region,
          arn: 'listener',
          loadBalancerArn,
          protocol: 'HTTPS',
          port: 443,
          certificates: [{ certificateArn: arn, isDefault: true }],
          attributes: {},
          tags: [],
        }),
      );
    },
  };
}
