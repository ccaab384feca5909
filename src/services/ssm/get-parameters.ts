import type * as sdk from '@aws-sdk/client-ssm';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { dateOf } from '../../base/clock.ts';
import { AwsError } from '../../base/errors.ts';
import { parameterArn, type ParameterVersion } from '../../model/ssm/parameter.ts';
import { scopeOf } from '../../model/tags.ts';
import { parameterKey, parameters, parameterVersions } from '../../store/tables/ssm.ts';
import { checkLength, violated } from '../constraints.ts';
import type { SsmDeps } from './deps.ts';
import { ssmErrors } from './errors.ts';
import { checkPath, isBelow, readFilters } from './filters.ts';
import { parameterOf, readSelected, selectedVersion, versionOf } from './names.ts';
import { page } from './paging.ts';
import { isPublic, publicParameter, publicParametersBelow } from './public-parameters.ts';
import { referencedSecret } from './secret-references.ts';
import { valueOf } from './secure-strings.ts';

/** Reading the values of parameters: one, several, all under a path, and those of the past. */
export function getParameterHandlers(deps: SsmDeps) {
  const { store } = deps;
  return {
    GetParameter(input, ctx) {
      const name = input.Name ?? '';
      checkLength('name', name, 1, 2048);
      const found = parameterNamed(deps, ctx, name, input.WithDecryption ?? false);
      if (found === undefined) throw ssmErrors.notFound(name);
      return { Parameter: found };
    },

    GetParameters(input, ctx) {
      const names = input.Names ?? [];
      if (names.length === 0 || names.length > 10) {
        const most = 'Member must have length less than or equal to 10';
        const least = 'Member must have length greater than or equal to 1';
        throw violated({ member: 'names', value: names, must: names.length === 0 ? least : most });
      }
      const found = [...new Set(names)].map((name) => ({
        name,
        parameter: namedOrNone(deps, ctx, name, input.WithDecryption ?? false),
      }));
      return {
        Parameters: found.flatMap(({ parameter }) => parameter ?? []),
        InvalidParameters: found.filter(({ parameter }) => parameter === undefined).map(({ name }) => name),
      };
    },

    GetParametersByPath(input, ctx) {
      const path = input.Path ?? '';
      checkLength('path', path, 1, 2048);
      checkPath(path);
      const matches = readFilters(input.ParameterFilters, ['Type', 'KeyId', 'Label', 'DataType']);
      if (isPublic(`${path}/`)) {
        const found = publicParametersBelow(ctx, path, input.Recursive ?? false, matches);
        const { rows, rest } = page(found, ({ Name }) => Name, input, 10);
        return { Parameters: [...rows], ...rest };
      }
      const labels = input.ParameterFilters?.find(({ Key }) => Key === 'Label')?.Values;
      const below = store
        .by(parameters, 'scope', scopeOf(ctx))
        .filter(({ name }) => isBelow(name, path, input.Recursive ?? false))
        .flatMap((parameter) => {
          // A label picks the version that carries it, which need not be the latest.
          const versions =
            labels === undefined
              ? [versionOf(store, parameter)]
              : store.by(parameterVersions, 'parameter', parameterKey(parameter, parameter.name));
          return versions.map((version) => ({ parameter, version })).filter(matches);
        });
      const { rows, rest } = page(below, ({ version }) => `${version.name}:${version.version}`, input, 10);
      return {
        Parameters: rows.map(({ version }) => sdkParameter(deps, ctx, version, '', input.WithDecryption ?? false)),
        ...rest,
      };
    },

    GetParameterHistory(input, ctx) {
      const { name, account, region } = parameterOf(store, ctx, input.Name);
      const versions = store.by(parameterVersions, 'parameter', parameterKey({ account, region }, name));
      const { rows, rest } = page(versions, ({ version }) => String(version).padStart(12, '0'), input, 50);
      return {
        Parameters: rows.map((version) => ({
          ...metadataOf(version),
          Value: valueOf(deps, store, ctx, version, input.WithDecryption ?? false),
          Labels: [...version.labels],
        })),
        ...rest,
      };
    },
  } satisfies Handlers<typeof sdk>;
}

/** What several versions of a parameter's describing have in common. */
export function metadataOf(version: ParameterVersion) {
  return {
    Name: version.name,
    Type: version.type,
    ...(version.keyId === undefined ? {} : { KeyId: version.keyId }),
    LastModifiedDate: dateOf(version.modifiedAt),
    LastModifiedUser: version.modifiedBy,
    ...(version.description === undefined ? {} : { Description: version.description }),
    ...(version.allowedPattern === undefined ? {} : { AllowedPattern: version.allowedPattern }),
    Version: version.version,
    Tier: version.tier,
    Policies: version.policies.map(({ type, text }) => ({
      PolicyText: text,
      PolicyType: type,
      // Notifications have nobody to go to yet; an expiration is carried out.
      PolicyStatus: 'Pending',
    })),
    DataType: version.dataType,
  };
}

/** A parameter by its name, ARN and selector, or a secret by its reference; `undefined` when there is none. */
function parameterNamed(deps: SsmDeps, ctx: Ctx, name: string, decrypt: boolean) {
  const selected = readSelected(ctx, name);
  if (selected === undefined) return undefined;
  const secret = referencedSecret(deps, ctx, selected, decrypt);
  if (secret !== undefined) return secret;
  if (isPublic(selected.name)) return publicParameter(ctx, selected.name);
  const parameter = deps.store.get(parameters, parameterKey(ctx, selected.name));
  if (parameter === undefined) return undefined;
  const version = selectedVersion(deps.store, parameter, selected.selector);
  return sdkParameter(deps, ctx, version, selected.selector, decrypt);
}

/** The same, where a version that is not there is just another name that names nothing. */
function namedOrNone(deps: SsmDeps, ctx: Ctx, name: string, decrypt: boolean) {
  try {
    return parameterNamed(deps, ctx, name, decrypt);
  } catch (error) {
    const none = ['ParameterVersionNotFound', 'ParameterNotFound'];
    if (error instanceof AwsError && none.includes(error.code)) return undefined;
    throw error;
  }
}

function sdkParameter(deps: SsmDeps, ctx: Ctx, version: ParameterVersion, selector: string, decrypt: boolean) {
  return {
    Name: version.name,
    Type: version.type,
    Value: valueOf(deps, deps.store, ctx, version, decrypt),
    Version: version.version,
    ...(selector === '' ? {} : { Selector: selector }),
    LastModifiedDate: dateOf(version.modifiedAt),
    ARN: parameterArn(version, version.name),
    DataType: version.dataType,
  };
}
