import { createHash } from 'node:crypto';
import type * as sdk from '@aws-sdk/client-ssm';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { arn } from '../../base/arn.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import type { Role } from '../../model/iam/identity.ts';
import type { Activation } from '../../model/ssm/managed-node.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Reader } from '../../store/store.ts';
import { nameKey, roles } from '../../store/tables/iam.ts';
import { activations } from '../../store/tables/ssm.ts';
import { checkLength, checkPattern, checkRange } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import { page } from './paging.ts';
import { readTags } from './tags.ts';

const dayMs = 24 * 3_600_000;

/** The principal that acts in the roles of managed nodes. */
const service = 'ssm.amazonaws.com';

/** Activations, by which machines outside of EC2 register ("Create a hybrid activation", Systems Manager User Guide). */
export function activationHandlers({ store, clock, ids }: SsmDeps) {
  return {
    CreateActivation(input, ctx) {
      const now = clock.now();
      checkLength('description', input.Description, 0, 256);
      checkLength('defaultInstanceName', input.DefaultInstanceName, 0, 256);
      checkPattern('defaultInstanceName', input.DefaultInstanceName, /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u);
      checkRange('registrationLimit', input.RegistrationLimit, 1, 1000);
      if ((input.RegistrationMetadata?.length ?? 0) > 0) {
        throw ssmErrors.validation('RegistrationMetadata is reserved for internal use.');
      }
      const role = needNodeRole(store, ctx, input.IamRole);
      const expiresAt = input.ExpirationDate?.getTime() ?? now + dayMs;
      if (expiresAt <= now) throw ssmErrors.validation('The expiration date must be in the future.');
      if (expiresAt > now + 30 * dayMs) {
        throw ssmErrors.validation('The expiration date must be within 30 days from now.');
      }
      const code = Buffer.from(ids.hex(30), 'hex').toString('base64');
      const row: Activation = {
        account: ctx.account,
        region: ctx.region,
        id: ids.uuid(),
        codeHash: hashOf(code),
        ...given('description', input.Description),
        ...given('defaultInstanceName', input.DefaultInstanceName),
        iamRole: role.name,
        registrationLimit: input.RegistrationLimit ?? 1,
        registrations: 0,
        createdAt: now,
        expiresAt,
        tags: readTags(input.Tags),
      };
      store.transact((tx) => tx.put(activations, row));
      return { ActivationId: row.id, ActivationCode: code };
    },

    DescribeActivations(input, ctx) {
      const now = clock.now();
      const matches = filterOf(input.Filters ?? []);
      const { rows, rest } = page(
        store.by(activations, 'scope', scopeOf(ctx)).filter(matches),
        ({ id }) => id,
        input,
        50,
      );
      return { ActivationList: rows.map((row) => output(row, now)), ...rest };
    },

    DeleteActivation(input, ctx) {
      checkPattern(
        'activationId',
        input.ActivationId,
        /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      );
      const id = input.ActivationId ?? '';
      const row = store.get(activations, id);
      if (row === undefined || scopeOf(row) !== scopeOf(ctx)) {
        throw new AwsError(
          'InvalidActivationId',
          `The activation ID is not valid: there is no activation ${id}. Verify that you entered the correct ActivationId or ActivationCode and try again.`,
        );
      }
      // Machines that registered by it stay what they are.
      store.transact((tx) => tx.delete(activations, id));
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

/** The hexadecimal SHA-256 of an activation code. */
export function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}

/** The role of that name, with a path before it or without, if Systems Manager may act in it. */
export function needNodeRole(reader: Reader, { account }: Pick<Ctx, 'account'>, named: string | undefined): Role {
  const text = named ?? '';
  checkLength('iamRole', text, 1, 64);
  checkPattern('iamRole', text, /^[\p{L}\p{N}+=,.@\-_/]*$/u);
  const row = reader.get(roles, nameKey(account, text.slice(text.lastIndexOf('/') + 1)));
  const path = text.includes('/') ? `/${text.slice(0, text.lastIndexOf('/') + 1)}` : undefined;
  if (row === undefined || (path !== undefined && row.path !== path) || !trustsSsm(row)) {
    throw ssmErrors.validation(
      `Nonexistent role or missing ssm service principal in trust policy: ${arn('iam', '', account, `role/${text}`)}`,
    );
  }
  return row;
}

interface TrustStatement {
  readonly Effect?: string;
  readonly Principal?: string | { readonly Service?: string | readonly string[] };
}

function trustsSsm({ trustPolicy }: Role): boolean {
  const { Statement = [] } = JSON.parse(trustPolicy) as { Statement?: TrustStatement | readonly TrustStatement[] };
  return [Statement].flat().some(({ Effect, Principal }) => {
    if (Effect !== 'Allow' || Principal === undefined || typeof Principal === 'string') return Principal === '*';
    return [Principal.Service ?? []].flat().includes(service);
  });
}

function output(row: Activation, now: number): sdk.Activation {
  return {
    ActivationId: row.id,
    ...given('Description', row.description),
    ...given('DefaultInstanceName', row.defaultInstanceName),
    IamRole: row.iamRole,
    RegistrationLimit: row.registrationLimit,
    RegistrationsCount: row.registrations,
    ExpirationDate: dateOf(row.expiresAt),
    Expired: row.expiresAt <= now,
    CreatedDate: dateOf(row.createdAt),
    Tags: row.tags.map(({ key: Key, value: Value }) => ({ Key, Value })),
  };
}

/** "DescribeActivationsFilter", Systems Manager API Reference. */
function filterOf(filters: readonly sdk.DescribeActivationsFilter[]): (row: Activation) => boolean {
  const tests = filters.map(({ FilterKey, FilterValues = [] }) => {
    const valueOf = filterValues[FilterKey ?? ''];
    if (valueOf === undefined) throw new AwsError('InvalidFilter', `The filter key ${FilterKey} is not valid.`);
    return (row: Activation) => FilterValues.includes(valueOf(row) ?? '');
  });
  return (row) => tests.every((test) => test(row));
}

const filterValues: Readonly<Record<string, (row: Activation) => string | undefined>> = {
  ActivationIds: ({ id }) => id,
  DefaultInstanceName: ({ defaultInstanceName }) => defaultInstanceName,
  IamRole: ({ iamRole }) => iamRole,
};
