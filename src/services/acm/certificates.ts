import { createPrivateKey } from 'node:crypto';
import type * as sdk from '@aws-sdk/client-acm';
import type { Handlers } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import { keyAlgorithms, type Certificate } from '../../model/acm/certificate.ts';
import { scopeOf } from '../../model/tags.ts';
import { privateKeyOf } from '../../store/certificates/private-keys.ts';
import { renewed } from '../../store/certificates/renew.ts';
import { certificates } from '../../store/tables/acm.ts';
import { checkEnum, checkLength, checkRange } from '../constraints.ts';
import type { AcmDeps } from './deps.ts';
import { detailOf, statusOf, summaryOf } from './describe.ts';
import { acmErrors, notHere } from './errors.ts';
import { findCertificate, usersOf } from './find.ts';

const statuses = ['PENDING_VALIDATION', 'ISSUED', 'INACTIVE', 'EXPIRED', 'VALIDATION_TIMED_OUT', 'REVOKED', 'FAILED'];

/** Certificates once they are there. */
export function certificateHandlers(deps: AcmDeps) {
  const { store, clock, vault } = deps;
  return {
    DescribeCertificate(input, ctx) {
      const row = findCertificate(store, ctx, input.CertificateArn);
      return { Certificate: detailOf(row, usersOf(store, row.arn), clock.now()) };
    },

    ListCertificates(input, ctx) {
      const rows = selected(store.by(certificates, 'scope', scopeOf(ctx)), input, clock.now());
      const { page, next } = pageOf(rows, input);
      return {
        CertificateSummaryList: page.map((row) => summaryOf(row, usersOf(store, row.arn), clock.now())),
        ...given('NextToken', next),
      };
    },

    GetCertificate(input, ctx) {
      const { certificate, chain } = findCertificate(store, ctx, input.CertificateArn);
      return { Certificate: certificate, ...given('CertificateChain', chain) };
    },

    DeleteCertificate(input, ctx) {
      store.transact((tx) => {
        const { arn, account } = findCertificate(tx, ctx, input.CertificateArn);
        if (usersOf(tx, arn).length > 0) throw acmErrors.inUse(arn, account);
        tx.delete(certificates, arn);
      });
      return {};
    },

    ExportCertificate(input, ctx) {
      const passphrase = Buffer.from(input.Passphrase ?? []);
      checkLength('passphrase', passphrase, 4, 128, { sensitive: true });
      return store.transact((tx) => {
        const row = findCertificate(tx, ctx, input.CertificateArn);
        if (row.export !== 'ENABLED') {
          throw acmErrors.validation(
            `Certificate ${row.arn} is not exportable: it was not requested with the option Export.`,
          );
        }
        tx.put(certificates, { ...row, exported: true });
        const key = createPrivateKey(privateKeyOf(tx, vault, row));
        return {
          Certificate: row.certificate,
          ...given('CertificateChain', row.chain),
          PrivateKey: key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString(),
        };
      });
    },

    async RenewCertificate(input, ctx) {
      const row = findCertificate(store, ctx, input.CertificateArn);
      if (row.type !== 'AMAZON_ISSUED' || row.export !== 'ENABLED') {
        throw acmErrors.validation(
          `Certificate ${row.arn} cannot be renewed by request: only one that is exportable can.`,
        );
      }
      const fresh = await renewed(row, deps);
      store.transact((tx) => fresh(tx));
      return {};
    },

    UpdateCertificateOptions(input, ctx) {
      const { CertificateTransparencyLoggingPreference: transparency, Export, ValidationMethod } = input.Options ?? {};
      if (ValidationMethod !== undefined) throw notHere('Options.ValidationMethod');
      checkEnum('options.certificateTransparencyLoggingPreference', transparency, ['ENABLED', 'DISABLED']);
      checkEnum('options.export', Export, ['ENABLED', 'DISABLED']);
      store.transact((tx) => {
        const row = findCertificate(tx, ctx, input.CertificateArn);
        if (row.type !== 'AMAZON_ISSUED')
          throw acmErrors.invalidState(`Certificate ${row.arn} was imported: it has no options.`);
        if (Export !== undefined && Export !== row.export) {
          throw acmErrors.validation('Whether a certificate is exportable is said when it is requested, and stays.');
        }
        tx.put(certificates, { ...row, ...given('transparency', transparency) });
      });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

function selected(rows: readonly Certificate[], input: sdk.ListCertificatesRequest, now: number): Certificate[] {
  if (input.CertificateKeyPairOrigins !== undefined) throw notHere('CertificateKeyPairOrigins');
  for (const [at, status] of (input.CertificateStatuses ?? []).entries()) {
    checkEnum(`certificateStatuses.${at + 1}.member`, status, statuses);
  }
  const { keyTypes, keyUsage, extendedKeyUsage, exportOption, managedBy } = input.Includes ?? {};
  for (const [at, type] of (keyTypes ?? []).entries())
    checkEnum(`includes.keyTypes.${at + 1}.member`, type, keyAlgorithms);
  if (managedBy !== undefined) throw notHere('Includes.managedBy');
  checkEnum('sortBy', input.SortBy, ['CREATED_AT']);
  checkEnum('sortOrder', input.SortOrder, ['ASCENDING', 'DESCENDING']);
  if ((input.SortBy === undefined) !== (input.SortOrder === undefined)) {
    throw acmErrors.validation('SortBy and SortOrder must be given together.');
  }
  // "Default filtering returns only RSA_1024 and RSA_2048 certificates" (Filters, ACM API Reference).
  const types: readonly string[] = keyTypes ?? ['RSA_1024', 'RSA_2048'];
  const all = (wanted: readonly string[] | undefined, there: readonly string[]): boolean =>
    (wanted ?? []).every((each) => there.includes(each));
  const found = rows.filter(
    (row) =>
      types.includes(row.facts.keyAlgorithm) &&
      all(keyUsage, row.facts.keyUsages) &&
      all(
        extendedKeyUsage,
        row.facts.extendedKeyUsages.map(({ name }) => name),
      ) &&
      (exportOption === undefined || exportOption === row.export) &&
      (input.CertificateStatuses === undefined || input.CertificateStatuses.includes(statusOf(row, now))),
  );
  const sign = input.SortOrder === 'ASCENDING' ? 1 : -1;
  return found.toSorted((a, b) => sign * (a.createdAt - b.createdAt) || (a.arn < b.arn ? -1 : 1));
}

function pageOf(
  rows: readonly Certificate[],
  input: { readonly MaxItems?: number | undefined; readonly NextToken?: string | undefined },
): { readonly page: readonly Certificate[]; readonly next: string | undefined } {
  checkRange('maxItems', input.MaxItems, 1, 1000);
  const after = input.NextToken === undefined ? undefined : Buffer.from(input.NextToken, 'base64').toString();
  const from = after === undefined ? 0 : rows.findIndex(({ arn }) => arn === after) + 1;
  if (after !== undefined && from === 0) throw acmErrors.validation('The token is not valid.');
  const page = rows.slice(from, from + (input.MaxItems ?? 1000));
  const last = page.at(-1);
  const more = last !== undefined && from + page.length < rows.length;
  return { page, next: more ? Buffer.from(last.arn).toString('base64') : undefined };
}
