import type { AccessLine } from '../../../drivers/balancer/access-line.ts';
import type { BalancerSpec, RuleSpec } from '../../../wire/balancer-spec.ts';

/**
 * The rule that a request matched, and its place among those of the listener; `undefined` where the request was refused before any was asked, or
 * when it is gone.
 */
export function ruleOf(
  { listeners }: Pick<BalancerSpec, 'listeners'>,
  { method, port, rule }: AccessLine,
): { readonly rule: RuleSpec; readonly at: number } | undefined {
  if (method === '-') return undefined;
  const rules = listeners.find((listener) => listener.port === port)?.rules ?? [];
  const last = rules.length - 1;
  const at = rules.findIndex((each, index) =>
    rule === undefined ? index === last : (each.priority ?? index + 1) === rule,
  );
  const found = rules[at];
  return found && { rule: found, at };
}
