import type { Setting } from '@aws-sdk/client-ecs';
import { arn } from '../../base/arn.ts';
import { given } from '../../base/given.ts';
import { scopeOf, type Scoped } from '../../model/tags.ts';
import { accountPrincipal, accountSetting } from '../../store/account-settings.ts';
import type { Reader } from '../../store/store.ts';
import { accountSettings } from '../../store/tables/ecs.ts';
import type { ServiceDeps } from '../deps.ts';
import { invalidParameter, notSupported } from './errors.ts';
import type { EcsHandlers } from './handler-types.ts';
import { page } from './paging.ts';

interface Known {
  readonly byDefault: string;
  readonly values: readonly string[];
  /** Values that ECS takes and Stowage cannot act on. */
  readonly unsupported?: readonly string[];
}

const alwaysEnabled: Known = { byDefault: 'enabled', values: ['enabled'] };

/** The settings that exist, and their defaults ("Account settings", ECS Developer Guide). */
const known: Readonly<Record<string, Known>> = {
  serviceLongArnFormat: alwaysEnabled,
  taskLongArnFormat: alwaysEnabled,
  containerInstanceLongArnFormat: alwaysEnabled,
  awsvpcTrunking: { byDefault: 'disabled', values: ['enabled', 'disabled'], unsupported: ['enabled'] },
  containerInsights: { byDefault: 'disabled', values: ['enabled', 'disabled', 'enhanced'] },
  fargateFIPSMode: { byDefault: 'disabled', values: ['enabled', 'disabled'], unsupported: ['enabled'] },
  tagResourceAuthorization: { byDefault: 'on', values: ['on', 'off'] },
  fargateTaskRetirementWaitPeriod: { byDefault: '7', values: ['0', '7', '14'] },
  // Read-only on AWS too: GuardDuty alone sets it.
  guardDutyActivate: { byDefault: 'off', values: ['off'] },
  defaultLogDriverMode: { byDefault: 'non-blocking', values: ['blocking', 'non-blocking'] },
  fargateEventWindows: { byDefault: 'disabled', values: ['enabled', 'disabled'], unsupported: ['enabled'] },
};

/** The value of a setting that holds for a principal: its own, else the account's, else the default. */
export function effectiveSetting(reader: Reader, scope: Scoped, principalArn: string, name: string): string {
  return (
    accountSetting(reader, scope, principalArn, name) ??
    accountSetting(reader, scope, accountPrincipal, name) ??
    known[name]?.byDefault ??
    ''
  );
}

/** Account settings, for the account and for single principals. */
export function accountSettingHandlers({ store }: ServiceDeps) {
  const put = (scope: Scoped, principalArn: string, name: string | undefined, value: string | undefined): Setting => {
    const checked = check(name, value);
    const { account: owner, region } = scope;
    store.transact((tx) => tx.put(accountSettings, { account: owner, region, principalArn, ...checked }));
    return setting(scope, principalArn, checked.name, checked.value);
  };
  return {
    PutAccountSetting(input, ctx) {
      return { setting: put(ctx, input.principalArn ?? ctx.caller.arn, input.name, input.value) };
    },

    PutAccountSettingDefault(input, ctx) {
      return { setting: put(ctx, accountPrincipal, input.name, input.value) };
    },

    DeleteAccountSetting(input, ctx) {
      const principal = input.principalArn ?? ctx.caller.arn;
      const name = checkName(input.name);
      const key = `${scopeOf(ctx)}/${principal}/${name}`;
      store.transact((tx) => tx.delete(accountSettings, key));
      // AWS answers the setting that was deleted without a value.
      return { setting: { name: name as NonNullable<Setting['name']>, principalArn: principal } };
    },

    ListAccountSettings(input, ctx) {
      const principal = input.principalArn ?? ctx.caller.arn;
      if (input.name !== undefined) checkName(input.name);
      const all = Object.keys(known).flatMap((name): Setting[] => {
        const value =
          input.effectiveSettings === true
            ? effectiveSetting(store, ctx, principal, name)
            : accountSetting(store, ctx, principal, name);
        return value === undefined ? [] : [setting(ctx, principal, name, value)];
      });
      const asked = all.filter(
        (row) =>
          (input.name === undefined || row.name === input.name) &&
          (input.value === undefined || row.value === input.value),
      );
      const { items, ...rest } = page(asked, (row) => row.name ?? '', input);
      return { settings: items, ...rest };
    },
  } satisfies EcsHandlers;
}

function setting(scope: Scoped, principalArn: string, name: string, value: string): Setting {
  const root = arn('iam', '', scope.account, 'root');
  return {
    name: name as NonNullable<Setting['name']>,
    value,
    principalArn: principalArn === accountPrincipal ? root : principalArn,
    ...given('type', name === 'guardDutyActivate' ? ('aws_managed' as const) : ('user' as const)),
  };
}

function checkName(name: string | undefined): string {
  if (name === undefined || !Object.hasOwn(known, name)) {
    throw invalidParameter(`The account setting '${name}' does not exist.`);
  }
  return name;
}

function check(given: string | undefined, value: string | undefined): { name: string; value: string } {
  const name = checkName(given);
  const rule = known[name];
  if (rule === undefined || value === undefined || !rule.values.includes(value)) {
    throw invalidParameter(
      `The value '${value}' of the account setting '${name}' is not valid. Use ${rule?.values.join(' or ')}.`,
    );
  }
  if (rule.unsupported?.includes(value) === true)
    throw notSupported(`The account setting '${name}' with the value '${value}'`);
  return { name, value };
}
