import type * as sdk from '@aws-sdk/client-ssm';
import { AwsError } from '../../base/errors.ts';
import type { Parameter, ParameterVersion } from '../../model/ssm/parameter.ts';
import { violated, type Constraint } from '../constraints.ts';
import { ssmErrors } from './errors.ts';

/** A parameter with the version that is looked at. */
export interface Candidate {
  readonly parameter: Pick<Parameter, 'name' | 'tags'>;
  readonly version: Pick<ParameterVersion, 'type' | 'keyId' | 'tier' | 'dataType' | 'labels'>;
}

type Filter = (candidate: Candidate) => boolean;

const options: Readonly<Record<string, readonly string[]>> = {
  Path: ['Recursive', 'OneLevel'],
  Name: ['Contains', 'BeginsWith', 'Equals'],
  Label: ['Equals'],
};
const otherOptions = ['BeginsWith', 'Equals'];
const values: Readonly<Record<string, readonly string[]>> = {
  Type: ['String', 'StringList', 'SecureString'],
  Tier: ['Standard', 'Advanced', 'Intelligent-Tiering'],
};
const pathRules =
  'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.';

/** What `ParameterFilters` let through ("ParameterStringFilter"); `keys` are those that the operation knows beside tags. */
export function readFilters(given: readonly sdk.ParameterStringFilter[] | undefined, keys: readonly string[]): Filter {
  checkShapes(given ?? []);
  const seen = new Set<string>();
  const filters = (given ?? []).map((filter) => {
    const key = filter.Key ?? '';
    if (!key.startsWith('tag:') && !keys.includes(key)) {
      throw new AwsError(
        'InvalidFilterKey',
        `The following filter key is not valid: ${key}. Valid filter keys include: [${keys.join(', ')}].`,
      );
    }
    if (seen.has(key)) {
      throw new AwsError(
        'InvalidFilterKey',
        `The following filter is duplicated in the request: ${key}. A request can contain only one occurrence of a specific filter.`,
      );
    }
    seen.add(key);
    return readFilter(key, filter.Option ?? (key === 'Path' ? 'OneLevel' : 'Equals'), filter.Values ?? []);
  });
  return (candidate) => filters.every((each) => each(candidate));
}

function checkShapes(given: readonly sdk.ParameterStringFilter[]): void {
  const broken = given.flatMap(({ Key = '', Option = '', Values = [] }, index): Constraint[] => {
    const member = `parameterFilters.${index + 1}.member`;
    const known = /^(tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType)$/.test(Key);
    return [
      ...(known
        ? []
        : [
            {
              member: `${member}.key`,
              value: Key,
              must: 'Member must satisfy regular expression pattern: tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType',
            },
          ]),
      ...(Option.length <= 10
        ? []
        : [{ member: `${member}.option`, value: Option, must: 'Member must have length less than or equal to 10' }]),
      ...(Values.length <= 50
        ? []
        : [{ member: `${member}.values`, value: Values, must: 'Member must have length less than or equal to 50' }]),
    ];
  });
  if (broken.length > 0) throw violated(...broken);
}

function readFilter(key: string, option: string, wanted: readonly string[]): Filter {
  const valid = options[key] ?? otherOptions;
  if (!valid.includes(option)) {
    throw new AwsError(
      'InvalidFilterOption',
      `The following filter option is not valid: ${option}. Valid options include: [${valid.join(', ')}].`,
    );
  }
  if (wanted.length === 0 && !key.startsWith('tag:')) {
    throw new AwsError('InvalidFilterValue', `The following filter values are missing : null for filter key ${key}.`);
  }
  const bad = wanted.find((value) => values[key]?.includes(value) === false);
  if (bad !== undefined) {
    throw new AwsError(
      'InvalidFilterValue',
      `The following filter value is not valid: ${bad}. Valid values include: [${values[key]?.join(', ')}].`,
    );
  }
  if (key === 'Path') {
    for (const value of wanted) checkPath(value);
    return ({ parameter }) => wanted.some((path) => isBelow(parameter.name, path, option === 'Recursive'));
  }
  // A name is found with its first slash and without.
  const isName = key === 'Name' && option !== 'Contains';
  const texts = isName ? wanted.map(withSlash) : wanted;
  const matches = (text: string): boolean =>
    texts.some((value) => {
      if (option === 'Equals') return text === value;
      return option === 'BeginsWith' ? text.startsWith(value) : text.includes(value);
    });
  return (candidate) => {
    const found = valuesOf(candidate, key).map((value) => (isName ? withSlash(value) : value));
    return wanted.length === 0 ? found.length > 0 : found.some(matches);
  };
}

function valuesOf({ parameter, version }: Candidate, key: string): readonly string[] {
  switch (key) {
    case 'Name':
      return [parameter.name];
    case 'Type':
      return [version.type];
    case 'KeyId':
      return version.keyId === undefined ? [] : [version.keyId];
    case 'Tier':
      return [version.tier];
    case 'DataType':
      return [version.dataType];
    case 'Label':
      return version.labels;
    default:
      return parameter.tags.filter((tag) => `tag:${tag.key}` === key).map(({ value }) => value);
  }
}

/** Checks a path that parameters are looked for under. */
export function checkPath(path: string): void {
  if (/^\/(aws|ssm)/i.test(path) && !/^\/aws\//i.test(path)) {
    throw ssmErrors.validation(
      'Filters for common parameters can\'t be prefixed with "aws" or "ssm" (case-insensitive). When using global parameters, please specify within a global namespace.',
    );
  }
  if (!/^\/[a-zA-Z0-9_./-]*$/.test(path) || path.includes('//')) throw ssmErrors.validation(pathRules);
}

/** Whether a parameter is under a path, or a child of it. */
export function isBelow(name: string, path: string, recursive: boolean): boolean {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  const full = withSlash(name);
  return full.startsWith(prefix) && (recursive || !full.slice(prefix.length).includes('/'));
}

function withSlash(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}
