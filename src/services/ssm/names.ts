import type { Ctx } from '../../aws/handlers.ts';
import { parseArn } from '../../base/arn.ts';
import type { Parameter, ParameterVersion } from '../../model/ssm/parameter.ts';
import type { Reader } from '../../store/store.ts';
import { parameterKey, parameters, parameterVersionKey, parameterVersions } from '../../store/tables/ssm.ts';
import { checkLength } from '../constraints.ts';
import { ssmErrors } from './errors.ts';

/** As deep as a hierarchy may be ("Requirements and constraints for parameter names"). */
const deepest = 15;

const nameRules =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';

/** Checks the name of a parameter that is to be made. */
export function newName(name: string | undefined): string {
  const given = name ?? '';
  checkLength('name', given, 1, 2048);
  const isPath = given.lastIndexOf('/') > 0;
  if (/^\/?(aws|ssm)/i.test(given)) {
    if (/^\/aws/i.test(given) && isPath) throw ssmErrors.denied(`No access to reserved parameter name: ${given}.`);
    throw ssmErrors.validation(
      isPath ? nameRules : 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    );
  }
  if (!/^[a-zA-Z0-9_./-]+$/.test(given) || given.includes('//') || given.endsWith('/')) {
    throw ssmErrors.validation(nameRules);
  }
  if (given.includes('/') && !given.startsWith('/')) {
    throw ssmErrors.validation('Parameter name must be a fully qualified name.');
  }
  // "The maximum length for a parameter name is 1011 characters", less the rest of its ARN.
  if (given.length > 1011) throw ssmErrors.validation('Parameter name must have length less than or equal to 1011.');
  if (given.split('/').length - 1 > deepest) throw ssmErrors.tooDeep();
  return given;
}

/** What a caller asks for: a name or ARN, and behind a colon a version or a label. */
export interface Selected {
  readonly name: string;
  /** With its colon, as the answer repeats it; empty when none was given. */
  readonly selector: string;
}

/** Reads the name or ARN of a parameter, with or without a selector; one of another account or region names none. */
export function readSelected(ctx: Ctx, given: string): Selected | undefined {
  const arn = parseArn(given);
  let text = given;
  if (arn !== undefined) {
    // The parameters of AWS belong to no account.
    const owner =
      arn.account === ctx.account || (arn.account === '' && arn.resource.startsWith('parameter/aws/service/'));
    if (arn.service !== 'ssm' || arn.region !== ctx.region || !owner) return undefined;
    if (!arn.resource.startsWith('parameter/')) return undefined;
    text = arn.resource.slice('parameter'.length);
    if (text.lastIndexOf('/') === 0) text = text.slice(1);
  }
  const colon = text.indexOf(':');
  return colon < 0 ? { name: text, selector: '' } : { name: text.slice(0, colon), selector: text.slice(colon) };
}

/** A parameter by its name or ARN, without a selector. */
export function parameterOf(reader: Reader, ctx: Ctx, given: string | undefined): Parameter {
  const name = given ?? '';
  checkLength('name', name, 1, 2048);
  const selected = readSelected(ctx, name);
  const found =
    selected === undefined || selected.selector !== ''
      ? undefined
      : reader.get(parameters, parameterKey(ctx, selected.name));
  if (found === undefined) throw ssmErrors.notFound(name);
  return found;
}

/** One version of a parameter by its number; the latest unless given. */
export function versionOf(reader: Reader, parameter: Parameter, version = parameter.latest): ParameterVersion {
  const found = reader.get(parameterVersions, parameterVersionKey(parameter, parameter.name, version));
  if (found === undefined) throw ssmErrors.versionNotFound(`version ${version}`, parameter.name);
  return found;
}

/** The version that a selector names: the latest, one by its number, or one by its label. */
export function selectedVersion(reader: Reader, parameter: Parameter, selector: string): ParameterVersion {
  const wanted = selector.slice(1);
  if (wanted === '') return versionOf(reader, parameter);
  if (/^\d+$/.test(wanted)) return versionOf(reader, parameter, Number(wanted));
  const labelled = reader
    .by(parameterVersions, 'parameter', parameterKey(parameter, parameter.name))
    .find(({ labels }) => labels.includes(wanted));
  if (labelled === undefined) throw ssmErrors.versionNotFound(`label ${wanted}`, parameter.name);
  return labelled;
}
