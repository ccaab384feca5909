import type { ActionSpec, ConditionSpec, ListenerSpec, RuleSpec } from '../../wire/balancer-spec.ts';
import { backendName } from './names.ts';
import { pageOf } from './pages.ts';
import { renderTransforms } from './render-transforms.ts';
import { hasWildcard, headerArgument, headerText, literal, quote, wildcardBody, wildcardRegex } from './quote.ts';

/** Everything by which one condition value can match: an ACL's fetch, flags and pattern, not yet quoted. */
interface Match {
  readonly fetch: string;
  readonly flags: readonly string[];
  readonly pattern: string;
}

/**
 * The lines of a listener: `decide` chooses the rule, `answer` answers or prepares (`http-request`), `forward` routes. The first rule whose conditions all hold sets `txn.rule` to its priority;
 * every action but the default one is keyed on it.
 */
export function renderRules(listener: ListenerSpec): { decide: string[]; answer: string[]; forward: string[] } {
  const conditional = listener.rules.slice(0, -1);
  const otherwise = listener.rules.at(-1);
  const decide: string[] = [];
  const answer: string[] = [];
  const forward: string[] = [];
  for (const [index, rule] of conditional.entries()) {
    const number = rule.priority ?? index + 1;
    const acls = rule.conditions.map((condition, i) => ({ name: `rule${number}_${i}`, condition }));
    for (const { name, condition } of acls) {
      for (const match of matchesOf(condition)) decide.push(renderAcl(name, match));
    }
    const unless = index === 0 ? [] : ['!{ var(txn.rule) -m found }'];
    const when = [...unless, ...acls.map((acl) => acl.name)].join(' ');
    decide.push(`http-request set-var(txn.rule) int(${number})${condition(when)}`);
    collect(rule, `{ var(txn.rule) -m int ${number} }`, listener);
  }
  if (otherwise !== undefined) {
    collect(otherwise, conditional.length === 0 ? '' : '!{ var(txn.rule) -m found }', listener);
  }
  return { decide, answer, forward };

  function collect(rule: RuleSpec, when: string, on: ListenerSpec): void {
    const lines = renderAction(rule.action, when, on);
    // Redirects and fixed responses answer with what was asked; only what goes on to a target is rewritten.
    answer.push(...lines.answer, ...renderTransforms(rule.transforms, condition(when)));
    forward.push(...lines.forward);
  }
}

function renderAcl(name: string, { fetch, flags, pattern }: Match): string {
  return ['acl', name, quote(fetch), ...flags, '--', quote(pattern)].join(' ');
}

/** `path-pattern` is case-sensitive, the others are not; methods are exact ("Condition types for listener rules", ELB). */
function matchesOf(condition: ConditionSpec): Match[] {
  switch (condition.field) {
    case 'path-pattern':
      return texts('path', [], condition);
    case 'host-header':
      return texts('req.hdr(host),field(1,:)', ['-i'], condition);
    case 'http-header':
      return texts(`req.fhdr(${headerArgument(condition.name)})`, ['-i'], condition);
    case 'http-request-method':
      return condition.values.map((value) => ({ fetch: 'method', flags: [], pattern: value }));
    case 'source-ip':
      return condition.values.map((value) => ({ fetch: 'src', flags: [], pattern: value }));
    case 'query-string':
      return condition.values.map(({ key, value }) => ({
        fetch: 'query',
        flags: ['-i', '-m', 'reg'],
        pattern: `(^|&)${key === undefined ? '([^&=]*=)?' : `${wildcardBody(key, '[^&]')}=`}${wildcardBody(value, '[^&]')}(&|$)`,
      }));
    default:
      return condition satisfies never;
  }
}

function texts(
  fetch: string,
  flags: readonly string[],
  { values, regexes = [] }: { readonly values: readonly string[]; readonly regexes?: readonly string[] },
): Match[] {
  return [
    ...values.map((value) => text(fetch, flags, value)),
    ...regexes.map((pattern) => ({ fetch, flags: [...flags, '-m', 'reg'], pattern })),
  ];
}

/** A wildcard at one end only is a comparison of the other end, which costs less than a regular expression. */
function text(fetch: string, flags: readonly string[], value: string): Match {
  if (/^[^*?]+\*$/.test(value)) return { fetch, flags: [...flags, '-m', 'beg'], pattern: value.slice(0, -1) };
  if (/^\*[^*?]+$/.test(value)) return { fetch, flags: [...flags, '-m', 'end'], pattern: value.slice(1) };
  return hasWildcard(value)
    ? { fetch, flags: [...flags, '-m', 'reg'], pattern: wildcardRegex(value) }
    : { fetch, flags: [...flags, '-m', 'str'], pattern: value };
}

function renderAction(
  action: ActionSpec,
  when: string,
  listener: ListenerSpec,
): { answer: string[]; forward: string[] } {
  switch (action.type) {
    case 'fixed-response': {
      const body =
        action.body === '' ? '' : ` content-type ${quote(headerText(action.contentType))} string ${quote(action.body)}`;
      return {
        answer: [`http-request return status ${action.statusCode}${body} hdr Server awselb/2.0${condition(when)}`],
        forward: [],
      };
    }
    case 'redirect':
      return { answer: renderRedirect(action, when, listener), forward: [] };
    case 'forward':
      return renderForward(action, when);
    default:
      return action satisfies never;
  }
}

/** The query's `?` is dropped with an empty query, which only a request can tell when the query is its own. */
function renderRedirect(
  action: Extract<ActionSpec, { type: 'redirect' }>,
  when: string,
  listener: ListenerSpec,
): string[] {
  const base = `${template(action.protocol, listener).toLowerCase()}://${template(action.host, listener)}:${template(action.port, listener)}${template(action.path, listener)}`;
  const line = (location: string, ...conditions: readonly string[]): string =>
    [
      `http-request return status ${action.statusCode} content-type text/html string ${quote(pageOf(action.statusCode))}`,
      `hdr Server awselb/2.0 hdr Location ${quote(location)}${condition(when, ...conditions)}`,
    ].join(' ');
  if (action.query === '') return [line(base)];
  const withQuery = `${base}?${template(action.query, listener)}`;
  if (action.query !== '#{query}') return [line(withQuery)];
  return [line(withQuery, '{ query,length gt 0 }'), line(base)];
}

/** "Redirect actions" (ELB): `#{protocol}`, `#{host}`, `#{port}`, `#{path}` without its first slash, `#{query}`. */
function template(text: string, listener: ListenerSpec): string {
  const fetched: Readonly<Record<string, string>> = {
    '#{protocol}': listener.protocol,
    '#{port}': String(listener.port),
    '#{host}': '%[req.hdr(host),field(1,:)]',
    '/#{path}': '%[path]',
    '#{path}': '%[path,bytes(1)]',
    '#{query}': '%[query]',
  };
  return text
    .split(/(\/?#\{path\}|#\{(?:protocol|host|port|query)\})/)
    .map((part) => fetched[part] ?? literal(part))
    .join('');
}

/**
 * A weighted forward draws a number below the sum of the weights; a group of weight 0 is never chosen. A sticky forward
 * first heeds the group that the client's AWSALBTG cookie names, while it is fresh.
 */
function renderForward(
  action: Extract<ActionSpec, { type: 'forward' }>,
  when: string,
): { answer: string[]; forward: string[] } {
  const weighted = action.targetGroups.filter((group) => group.weight > 0);
  const [first] = weighted;
  if (first === undefined) {
    const page = `content-type text/html string ${quote(pageOf(503))}`;
    return { answer: [`http-request return status 503 ${page} hdr Server awselb/2.0${condition(when)}`], forward: [] };
  }
  if (weighted.length === 1) {
    return { answer: [], forward: [`use_backend ${backendName(first.targetGroupArn)}${condition(when)}`] };
  }
  const total = weighted.reduce((sum, group) => sum + group.weight, 0);
  const answer = [`http-request set-var(txn.draw) rand(${total})${condition(when)}`];
  const forward: string[] = [];
  if (action.stickinessSeconds !== undefined) {
    answer.push(
      `http-request set-var(txn.now) date${condition(when)}`,
      `http-request set-var(txn.group_until) date(${action.stickinessSeconds})${condition(when)}`,
      `http-request set-var(txn.group_cookie) req.cook(AWSALBTG),b64dec${condition(when)}`,
    );
    const fresh = '{ var(txn.group_cookie),field(2,~),sub(txn.now) -m int gt 0 }';
    for (const { targetGroupArn } of weighted) {
      const name = backendName(targetGroupArn);
      const named = `{ var(txn.group_cookie),field(1,~) -m str ${name} }`;
      forward.push(`use_backend ${name}${condition(when, named, fresh)}`);
    }
  }
  let below = 0;
  for (const { targetGroupArn, weight } of weighted) {
    below += weight;
    const drawn = `{ var(txn.draw) -m int lt ${below} }`;
    forward.push(`use_backend ${backendName(targetGroupArn)}${condition(when, drawn)}`);
  }
  return { answer, forward };
}

function condition(...parts: readonly string[]): string {
  const present = parts.filter((part) => part !== '');
  return present.length === 0 ? '' : ` if ${present.join(' ')}`;
}
