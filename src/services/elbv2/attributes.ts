import type { AttributeRule } from '../../model/elbv2/attributes.ts';
import { withDefaults } from '../../model/elbv2/attributes.ts';
import { elbErrors } from './errors.ts';

interface Attribute {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Every attribute with its value, as the Describe and Modify operations answer. */
export function describeAttributes(
  rules: readonly AttributeRule[],
  set: Readonly<Record<string, string>>,
): { Key: string; Value: string }[] {
  return Object.entries(withDefaults(rules, set)).map(([Key, Value]) => ({ Key, Value }));
}

/** The attributes after a change; `of` names what they belong to. Unknown keys and values that cannot stand are refused. */
export function changeAttributes(
  rules: readonly AttributeRule[],
  set: Readonly<Record<string, string>>,
  changes: readonly Attribute[],
  of: 'Load balancer' | 'Target group' | 'Listener',
): Record<string, string> {
  const changed: Record<string, string> = { ...set };
  const seen = new Set<string>();
  for (const { Key: key = '', Value: value = '' } of changes) {
    const rule = rules.find((each) => each.key === key);
    if (rule === undefined) throw elbErrors.validation(`${of} attribute key '${key}' is not recognized`);
    if (seen.has(key)) throw elbErrors.validation(`${of} attribute key '${key}' cannot be specified more than once`);
    seen.add(key);
    const valid = rule.judge(value);
    if (valid !== undefined) {
      throw elbErrors.configuration(`The value '${value}' of attribute '${key}' is not valid here: valid is ${valid}`);
    }
    changed[key] = value;
  }
  return changed;
}
