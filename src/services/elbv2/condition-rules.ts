import { isIPv4 } from 'node:net';
import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { elbErrors } from './errors.ts';
import { limits } from './limits.ts';
import { checkRegex } from './regex-rules.ts';

/** Where each field's values may stand beside `Values`. */
const configs = {
  'path-pattern': 'PathPatternConfig',
  'host-header': 'HostHeaderConfig',
  'http-header': 'HttpHeaderConfig',
  'http-request-method': 'HttpRequestMethodConfig',
  'query-string': 'QueryStringConfig',
  'source-ip': 'SourceIpConfig',
} as const;
type Field = keyof typeof configs;
/** "The maximum length of each string is 128 characters" (`PathPatternConditionConfig`, ELB API Reference). */
const longestRegex = 128;
/** What the configurations of all fields have in common. */
interface ValuesOrRegexes {
  readonly Values?: readonly unknown[] | undefined;
  readonly RegexValues?: readonly string[] | undefined;
}
const once: readonly Field[] = ['path-pattern', 'host-header', 'http-request-method', 'source-ip'];

/** The conditions of a rule, checked, as they are described afterwards ("Condition types for listener rules", ELB User Guide). */
export function readConditions(conditions: readonly RuleCondition[] | undefined): RuleCondition[] {
  if (conditions === undefined || conditions.length === 0) throw elbErrors.validation('A condition must be specified');
  const read = conditions.map(readCondition);
  for (const field of once) {
    if (read.filter((condition) => condition.Field === field).length > 1) {
      throw elbErrors.validation(`A rule can have only one condition with field '${field}'`);
    }
  }
  const values = read.flatMap(textsOf);
  const most = limits['condition-values-per-alb-rule'];
  if (read.reduce((sum, condition) => sum + countOf(condition), 0) > most) {
    throw elbErrors.validation(`A rule can have at most '${most}' condition values`);
  }
  const wildcards = values.join('').replaceAll(/[^*?]/g, '').length;
  if (wildcards > limits['condition-wildcards-per-alb-rule']) {
    throw elbErrors.validation(
      `A rule can have at most '${limits['condition-wildcards-per-alb-rule']}' wildcards in its condition values`,
    );
  }
  return read;
}

function readCondition(condition: RuleCondition): RuleCondition {
  const field = condition.Field as Field;
  if (!Object.hasOwn(configs, field)) {
    throw elbErrors.validation(
      `Condition field '${condition.Field ?? ''}' must be one of '[${Object.keys(configs).join(', ')}]'`,
    );
  }
  for (const [other, config] of Object.entries(configs)) {
    if (other !== field && condition[config] !== undefined) {
      throw elbErrors.validation(`${config} cannot be specified for a condition with field '${field}'`);
    }
  }
  const regexes = readRegexes(condition, field);
  switch (field) {
    case 'path-pattern': {
      const values = legacyValues(condition, condition.PathPatternConfig?.Values);
      if (regexes !== undefined) return { Field: field, ...regexes, PathPatternConfig: regexes };
      checkTexts(field, values, /^[\w\-.$/~"'@:+&*?,;=!()%]+$/, 128);
      return { Field: field, Values: values, PathPatternConfig: { Values: values } };
    }
    case 'host-header': {
      const values = legacyValues(condition, condition.HostHeaderConfig?.Values);
      if (regexes !== undefined) return { Field: field, ...regexes, HostHeaderConfig: regexes };
      checkTexts(field, values, /^[A-Za-z0-9\-.*?]+$/, 128);
      return { Field: field, Values: values, HostHeaderConfig: { Values: values } };
    }
    case 'http-header': {
      const { HttpHeaderName = '', Values = [] } = onlyConfig(condition, condition.HttpHeaderConfig);
      if (!/^[\w!#$%&'+.^`|~-]{1,40}$/.test(HttpHeaderName)) {
        throw elbErrors.validation(`The header name '${HttpHeaderName}' of a condition is not valid`);
      }
      if (HttpHeaderName.toLowerCase() === 'host') {
        throw elbErrors.validation("Use a condition with field 'host-header' for the Host header");
      }
      if (regexes !== undefined) {
        return { Field: field, Values: [], ...regexes, HttpHeaderConfig: { HttpHeaderName, ...regexes } };
      }
      checkTexts(field, Values, /^[\x20-\x7e]+$/, 128);
      return { Field: field, Values: [], HttpHeaderConfig: { HttpHeaderName, Values } };
    }
    case 'http-request-method': {
      const { Values = [] } = onlyConfig(condition, condition.HttpRequestMethodConfig);
      checkTexts(field, Values, /^[A-Z_-]+$/, 40);
      return { Field: field, Values: [], HttpRequestMethodConfig: { Values } };
    }
    case 'query-string': {
      const { Values = [] } = onlyConfig(condition, condition.QueryStringConfig);
      checkTexts(
        field,
        Values.map(({ Value = '' }) => Value),
        /^[\x21-\x7e]+$/,
        128,
      );
      checkTexts(
        field,
        Values.map(({ Key = 'any' }) => Key),
        /^[\x21-\x7e]+$/,
        128,
      );
      return { Field: field, Values: [], QueryStringConfig: { Values } };
    }
    case 'source-ip': {
      const { Values = [] } = onlyConfig(condition, condition.SourceIpConfig);
      if (Values.length === 0) throw elbErrors.validation(`A condition value must be specified for field '${field}'`);
      for (const value of Values) {
        const [address = '', bits = '', ...rest] = value.split('/');
        const fits = isIPv4(address) && /^\d{1,2}$/.test(bits) && Number(bits) <= 32 && rest.length === 0;
        if (!fits) throw elbErrors.validation(`The source IP condition value '${value}' must be an IPv4 CIDR block`);
      }
      return { Field: field, Values: [], SourceIpConfig: { Values } };
    }
    default:
      return field satisfies never;
  }
}

/**
 * The regular expressions of a condition, which may stand beside its configuration or in it: `undefined` where it compares values.
 * "You can use either value matching or regular expression matching" ("Condition types for listener rules").
 */
function readRegexes(condition: RuleCondition, field: Field): { RegexValues: string[] } | undefined {
  const config: ValuesOrRegexes = condition[configs[field]] ?? {};
  const { RegexValues: beside } = condition;
  const { RegexValues: inside } = config;
  if (beside !== undefined && inside !== undefined && String(beside) !== String(inside)) {
    throw elbErrors.validation(`You cannot specify both RegexValues and ${configs[field]} for field '${field}'`);
  }
  const regexes = [...(inside ?? beside ?? [])];
  if (regexes.length === 0) return undefined;
  if (field !== 'path-pattern' && field !== 'host-header' && field !== 'http-header') {
    throw elbErrors.validation(`RegexValues cannot be specified for a condition with field '${field}'`);
  }
  if ([...(config.Values ?? []), ...(condition.Values ?? [])].length > 0) {
    throw elbErrors.validation(`You cannot specify both Values and RegexValues for field '${field}'`);
  }
  return { RegexValues: regexes.map((regex) => checkRegex(regex, longestRegex)) };
}

function legacyValues(condition: RuleCondition, configured: string[] | undefined): string[] {
  if (condition.Values !== undefined && condition.Values.length > 0) {
    if (configured !== undefined && String(configured) !== String(condition.Values)) {
      throw elbErrors.validation(
        `You cannot specify both Values and ${configs[condition.Field as Field]} for field '${condition.Field ?? ''}'`,
      );
    }
    return condition.Values;
  }
  return configured ?? [];
}

function onlyConfig<Config extends object>(condition: RuleCondition, config: Config | undefined): Config {
  if (condition.Values !== undefined && condition.Values.length > 0) {
    throw elbErrors.validation(`Values cannot be specified for a condition with field '${condition.Field ?? ''}'`);
  }
  if (config === undefined) {
    throw elbErrors.validation(`A condition with field '${condition.Field ?? ''}' must have its configuration`);
  }
  return config;
}

function checkTexts(field: Field, values: readonly string[], allowed: RegExp, longest: number): void {
  if (values.length === 0) throw elbErrors.validation(`A condition value must be specified for field '${field}'`);
  for (const value of values) {
    if (value.length > longest) {
      throw elbErrors.validation(`The condition value '${value}' cannot be longer than '${longest}' characters`);
    }
    if (!allowed.test(value)) {
      throw elbErrors.validation(
        `The condition value '${value}' contains a character that is not valid for '${field}'`,
      );
    }
  }
}

function textsOf(condition: RuleCondition): string[] {
  return [
    ...(condition.PathPatternConfig?.Values ?? []),
    ...(condition.HostHeaderConfig?.Values ?? []),
    ...(condition.HttpHeaderConfig?.Values ?? []),
    ...(condition.QueryStringConfig?.Values ?? []).flatMap(({ Key = '', Value = '' }) => [Key, Value]),
  ];
}

function countOf(condition: RuleCondition): number {
  const config: ValuesOrRegexes = condition[configs[condition.Field as Field]] ?? {};
  return (config.Values?.length ?? 0) + (config.RegexValues?.length ?? 0);
}
