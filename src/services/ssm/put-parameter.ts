import vm from 'node:vm';
import type * as sdk from '@aws-sdk/client-ssm';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { AwsError } from '../../base/errors.ts';
import { given } from '../../base/given.ts';
import {
  parameterArn,
  versionsKept,
  type Parameter,
  type ParameterPolicy,
  type ParameterSettings,
  type ParameterTier,
  type ParameterVersion,
} from '../../model/ssm/parameter.ts';
import { scopeOf } from '../../model/tags.ts';
import type { Transaction } from '../../store/store.ts';
import { parameterKey, parameters, parameterVersionKey, parameterVersions } from '../../store/tables/ssm.ts';
import { checkEnum, checkLength } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import { newName, versionOf } from './names.ts';
import { readPolicies } from './parameter-policies.ts';
import { defaultKey, encryptValue } from './secure-strings.ts';
import { readTags } from './tags.ts';

/** Quotas ("Systems Manager service quotas", AWS General Reference). */
const mostParameters = 10_000;
const longest: Readonly<Record<ParameterTier, number>> = { Standard: 4096, Advanced: 8192 };

/** PutParameter: makes a parameter, or its next version. */
export function putParameterHandlers(deps: SsmDeps) {
  const { store, clock } = deps;
  return {
    PutParameter(input, ctx) {
      const name = newName(input.Name);
      const overwrite = input.Overwrite ?? false;
      checkInput(input, overwrite);
      const policies = input.Policies === undefined ? undefined : readPolicies(input.Policies, clock.now());
      const tags = readTags(input.Tags);
      const version = store.transact((tx) => {
        const known = tx.get(parameters, parameterKey(ctx, name));
        if (known !== undefined && !overwrite) throw ssmErrors.exists();
        if (known === undefined && tx.countBy(parameters, 'scope', scopeOf(ctx)) >= mostParameters) {
          throw new AwsError(
            'ParameterLimitExceeded',
            'You have exceeded the number of parameters for this Amazon Web Services account. Delete one or more parameters and try again.',
          );
        }
        const before = known && versionOf(tx, known);
        const settings = settingsOf(input, before, policies);
        const row = nextVersion(deps, tx, ctx, { input, name: known?.name ?? name, before, settings });
        if (known !== undefined) makeRoom(tx, known);
        tx.put(parameterVersions, row);
        tx.put(parameters, {
          account: ctx.account,
          region: ctx.region,
          name: row.name,
          arn: parameterArn(ctx, row.name),
          latest: row.version,
          tags: known?.tags ?? tags,
          ...given('expiresAt', settings.policies.find(({ expiresAt }) => expiresAt !== undefined)?.expiresAt),
        });
        return row;
      });
      return { Version: version.version, Tier: version.tier };
    },
  } satisfies Handlers<typeof sdk>;
}

function checkInput(input: sdk.PutParameterRequest, overwrite: boolean): void {
  checkLength('value', input.Value ?? '', 1, Infinity, { sensitive: true });
  checkLength('description', input.Description, 0, 1024);
  checkLength('allowedPattern', input.AllowedPattern, 0, 1024);
  checkLength('policies', input.Policies, 1, 4096);
  checkEnum('type', input.Type, ['SecureString', 'StringList', 'String']);
  checkEnum('tier', input.Tier, ['Standard', 'Advanced', 'Intelligent-Tiering']);
  if (overwrite && (input.Tags?.length ?? 0) > 0) {
    throw ssmErrors.validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  }
  if (/\{\{.*\}\}/s.test(input.Value ?? '')) {
    throw ssmErrors.validation('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.');
  }
  const { DataType = 'text' } = input;
  if (DataType !== 'text' && DataType !== 'aws:ec2:image') {
    throw ssmErrors.validation(
      `The following data type is not supported: ${DataType} (Data type names are all lowercase.)`,
    );
  }
}

/** What the new version says: what is not given stays as it was. */
function settingsOf(
  input: sdk.PutParameterRequest,
  before: ParameterVersion | undefined,
  newPolicies: readonly ParameterPolicy[] | undefined,
): ParameterSettings {
  const type = input.Type ?? before?.type;
  if (type === undefined) throw ssmErrors.validation('A parameter type is required when you create a parameter.');
  if (input.KeyId !== undefined && type !== 'SecureString') {
    throw ssmErrors.validation(`KeyId can be given for a parameter of type SecureString only, not for a ${type}.`);
  }
  const policies = newPolicies ?? before?.policies ?? [];
  const dataType = input.DataType ?? before?.dataType ?? 'text';
  const allowedPattern = input.AllowedPattern ?? before?.allowedPattern;
  const value = input.Value ?? '';
  if (allowedPattern !== undefined && allowedPattern !== '') checkAllowedPattern(allowedPattern, value);
  if (dataType === 'aws:ec2:image' && !/^ami-[0-9a-f]{8,17}$/.test(value)) {
    throw ssmErrors.validation(`The value of a parameter of data type aws:ec2:image must be the id of an AMI: ami-…`);
  }
  return {
    type,
    ...given('description', input.Description ?? before?.description),
    ...given('allowedPattern', allowedPattern),
    dataType,
    tier: tierOf(input, before?.tier, policies.length > 0, value),
    ...(type === 'SecureString' ? { keyId: input.KeyId ?? before?.keyId ?? defaultKey } : {}),
    policies,
  };
}

/** "Managing parameter tiers", Systems Manager User Guide. */
function tierOf(
  input: sdk.PutParameterRequest,
  before: ParameterTier | undefined,
  hasPolicies: boolean,
  value: string,
): ParameterTier {
  const asked = input.Tier ?? before ?? 'Standard';
  const { length } = value;
  if (asked === 'Standard' && before === 'Advanced') {
    throw ssmErrors.validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  }
  const needsMore = before === 'Advanced' || length > longest.Standard || hasPolicies;
  const tier = asked === 'Intelligent-Tiering' ? (needsMore ? 'Advanced' : 'Standard') : asked;
  const guide =
    'For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html';
  if (tier === 'Standard' && length > longest.Standard) {
    throw ssmErrors.validation(
      `Standard tier parameters support a maximum parameter value of ${longest.Standard} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. ${guide}`,
    );
  }
  if (length > longest.Advanced) {
    throw ssmErrors.validation(
      `Advanced tier parameters support a maximum parameter value of ${longest.Advanced} characters. ${guide}`,
    );
  }
  if (tier === 'Standard' && hasPolicies) {
    throw ssmErrors.validation(
      `Parameter policies are supported for parameters of the advanced-parameter tier only. ${guide}`,
    );
  }
  return tier;
}

/** How long a pattern may think about a value, in milliseconds: some never come to an end. */
const patternTimeoutMs = 100;

function checkAllowedPattern(pattern: string, value: string): void {
  let matches: unknown;
  try {
    const expression = new RegExp(`^(?:${pattern})$`);
    const code = 'expression.test(value)';
    matches = vm.runInNewContext(code, { expression, value }, { timeout: patternTimeoutMs });
  } catch {
    throw new AwsError(
      'InvalidAllowedPatternException',
      'The request does not meet the regular expression requirement.',
    );
  }
  if (matches === true) return;
  throw new AwsError(
    'ParameterPatternMismatchException',
    `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
  );
}

function nextVersion(
  deps: SsmDeps,
  tx: Transaction,
  ctx: Ctx,
  parts: {
    readonly input: sdk.PutParameterRequest;
    readonly name: string;
    readonly before: ParameterVersion | undefined;
    readonly settings: ParameterSettings;
  },
): ParameterVersion {
  const { name, before, settings } = parts;
  const value = parts.input.Value ?? '';
  const { keyId } = settings;
  return {
    account: ctx.account,
    region: ctx.region,
    name,
    ...settings,
    version: (before?.version ?? 0) + 1,
    value: keyId === undefined ? value : encryptValue(deps, tx, ctx, { name, keyId, value }),
    labels: [],
    modifiedAt: deps.clock.now(),
    modifiedBy: ctx.caller.arn,
  };
}

/** Only so many versions are kept; the oldest goes unless somebody labelled it. */
function makeRoom(tx: Transaction, parameter: Parameter): void {
  const { name } = parameter;
  const key = parameterKey(parameter, name);
  if (tx.countBy(parameterVersions, 'parameter', key) < versionsKept) return;
  const [oldest] = tx.by(parameterVersions, 'parameter', key).toSorted((a, b) => a.version - b.version);
  if (oldest === undefined) return;
  if (oldest.labels.length > 0) {
    throw new AwsError(
      'ParameterMaxVersionLimitExceeded',
      `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
    );
  }
  tx.delete(parameterVersions, parameterVersionKey(parameter, name, oldest.version));
}
