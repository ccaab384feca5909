import type { RewriteConfig, RuleTransform } from '@aws-sdk/client-elastic-load-balancing-v2';
import { elbErrors } from './errors.ts';
import { checkRegex } from './regex-rules.ts';

/** Where each type's rewrites stand. */
const configs = { 'host-header-rewrite': 'HostHeaderRewriteConfig', 'url-rewrite': 'UrlRewriteConfig' } as const;
/** "The maximum length of the string is 1,024 characters" (`RewriteConfig`, ELB API Reference). */
const longest = 1024;

/**
 * The transforms of a rule, checked, as they are described afterwards: at most one of the host header and one of the URL, with one
 * rewrite each ("Transforms for listener rules", ELB User Guide).
 */
export function readTransforms(transforms: readonly RuleTransform[] | undefined): RuleTransform[] {
  const read = (transforms ?? []).map(readTransform);
  for (const type of Object.keys(configs)) {
    if (read.filter((each) => each.Type === type).length > 1) {
      throw elbErrors.validation(`A rule can have only one transform of type '${type}'`);
    }
  }
  return read;
}

function readTransform(transform: RuleTransform): RuleTransform {
  const { Type: type } = transform;
  if (type === undefined || !Object.hasOwn(configs, type)) {
    throw elbErrors.validation(`Transform type '${String(type)}' must be one of '${Object.keys(configs).join(', ')}'`);
  }
  for (const [other, config] of Object.entries(configs)) {
    if (other !== type && transform[config] !== undefined) {
      throw elbErrors.validation(`${config} cannot be specified for a transform of type '${type}'`);
    }
  }
  const rewrites = transform[configs[type]]?.Rewrites ?? [];
  const [rewrite] = rewrites;
  if (rewrite === undefined || rewrites.length > 1) {
    throw elbErrors.validation(`A transform of type '${type}' must have exactly one rewrite`);
  }
  return { Type: type, [configs[type]]: { Rewrites: [readRewrite(rewrite)] } };
}

function readRewrite({ Regex, Replace }: RewriteConfig): RewriteConfig {
  if (Regex === undefined || Replace === undefined) {
    throw elbErrors.validation('A rewrite must have a regular expression and a replacement');
  }
  checkRegex(Regex, longest);
  if (Replace.length > longest) {
    throw elbErrors.validation(`The replacement of a rewrite cannot be longer than '${longest}' characters`);
  }
  if (!/^[\x20-\x7e]*$/.test(Replace)) {
    throw elbErrors.validation('The replacement of a rewrite may have visible ASCII characters only');
  }
  for (const [group, digits = ''] of Replace.matchAll(/\$(\d+)/g)) {
    const captured = RegExp(
      `${Regex.replaceAll(/\[:\^?[a-z]+:\]/g, 'a-z')
        .replace('(?i)', '')
        .replaceAll('(?P<', '(?<')}|`,
    );
    const has = (captured.exec('')?.length ?? 1) - 1;
    if (Number(digits) > Math.min(has, 9)) {
      throw elbErrors.validation(
        `The replacement '${Replace}' names the group '${group}', which the expression does not have`,
      );
    }
  }
  return { Regex, Replace };
}
