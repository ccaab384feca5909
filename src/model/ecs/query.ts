/**
 * The cluster query language ("Create expressions to define container instances for Amazon ECS tasks"): `subject operator [argument]`,
 * joined by `and`/`&&`, `or`/`||`, `not`/`!` and parentheses.
 */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly left: Query; readonly right: Query }
  | { readonly kind: 'not'; readonly of: Query }
  | {
      readonly kind: 'test';
      readonly subject: string;
      readonly operator: QueryOperator;
      readonly args: readonly string[];
    };

export type QueryOperator = '==' | '!=' | '>' | '>=' | '<' | '<=' | '=~' | '!~' | 'in' | '!in' | 'exists' | '!exists';

/** An expression that is not of the language; the message says where. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

/** The values that something has under a subject; none when it does not have it. */
export type SubjectValues = (subject: string) => readonly string[];

const words: Readonly<Record<string, QueryOperator>> = {
  '==': '==',
  equals: '==',
  '!=': '!=',
  not_equals: '!=',
  '>': '>',
  greater_than: '>',
  '>=': '>=',
  greater_than_equal: '>=',
  '<': '<',
  less_than: '<',
  '<=': '<=',
  less_than_equal: '<=',
  '=~': '=~',
  matches: '=~',
  '!~': '!~',
  not_matches: '!~',
  in: 'in',
  '!in': '!in',
  not_in: '!in',
  exists: 'exists',
  '!exists': '!exists',
  not_exists: '!exists',
};

/** Parses an expression. Throws `QueryError`. */
export function parseQuery(text: string): Query {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const next = (): string => {
    const token = tokens[at];
    if (token === undefined) throw new QueryError('the expression ends too early');
    at += 1;
    return token;
  };
  const either = (): Query => {
    let left = both();
    while (peek() === 'or' || peek() === '||') {
      next();
      left = { kind: 'or', left, right: both() };
    }
    return left;
  };
  const both = (): Query => {
    let left = single();
    while (peek() === 'and' || peek() === '&&') {
      next();
      left = { kind: 'and', left, right: single() };
    }
    return left;
  };
  const single = (): Query => {
    const token = next();
    if (token === 'not' || token === '!') return { kind: 'not', of: single() };
    if (token === '(') {
      const inner = either();
      if (next() !== ')') throw new QueryError('a parenthesis is not closed');
      return inner;
    }
    const operator = words[next()];
    if (operator === undefined) throw new QueryError(`'${tokens[at - 1] ?? ''}' is no operator`);
    if (operator === 'exists' || operator === '!exists') return { kind: 'test', subject: token, operator, args: [] };
    const args = argumentsOf(operator);
    // A bad pattern is the expression's fault, not that of what it is tried on.
    if (operator === '=~' || operator === '!~') patternOf(args[0] ?? '');
    return { kind: 'test', subject: token, operator, args };
  };
  const argumentsOf = (operator: QueryOperator): string[] => {
    if (operator !== 'in' && operator !== '!in') return [unquoted(next())];
    if (next() !== '[') throw new QueryError(`'${operator}' wants a list in brackets`);
    const args: string[] = [];
    for (let token = next(); token !== ']'; token = next()) if (token !== ',') args.push(unquoted(token));
    return args;
  };
  const query = either();
  const left = peek();
  if (left !== undefined) throw new QueryError(`'${left}' was not expected`);
  return query;
}

/** The subjects that a query asks about. */
export function subjectsOf(query: Query): string[] {
  if (query.kind === 'test') return [query.subject];
  return query.kind === 'not' ? subjectsOf(query.of) : [...subjectsOf(query.left), ...subjectsOf(query.right)];
}

/** Whether something with these values is meant by a query. */
export function satisfies(query: Query, valuesOf: SubjectValues): boolean {
  switch (query.kind) {
    case 'and':
      return satisfies(query.left, valuesOf) && satisfies(query.right, valuesOf);
    case 'or':
      return satisfies(query.left, valuesOf) || satisfies(query.right, valuesOf);
    case 'not':
      return !satisfies(query.of, valuesOf);
    case 'test':
      return test(query.operator, valuesOf(query.subject), query.args);
    default:
      return query satisfies never;
  }
}

function test(operator: QueryOperator, values: readonly string[], args: readonly string[]): boolean {
  const [arg = ''] = args;
  const some = (holds: (value: string) => boolean): boolean => values.some(holds);
  switch (operator) {
    case '==':
    case 'in':
      return some((value) => args.includes(value));
    case '!=':
    case '!in':
      return !some((value) => args.includes(value));
    case '=~':
      return some((value) => patternOf(arg).test(value));
    case '!~':
      return !some((value) => patternOf(arg).test(value));
    case 'exists':
      return values.length > 0;
    case '!exists':
      return values.length === 0;
    case '>':
      return some((value) => compare(value, arg) > 0);
    case '>=':
      return some((value) => compare(value, arg) >= 0);
    case '<':
      return some((value) => compare(value, arg) < 0);
    case '<=':
      return some((value) => compare(value, arg) <= 0);
    default:
      return operator satisfies never;
  }
}

/** As numbers, as versions or times where both are, else as text. */
function compare(a: string, b: string): number {
  const numbers = [a, b].map(Number);
  const [x = NaN, y = NaN] = numbers;
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  const parts = (text: string): number[] => text.split(/[^0-9]+/).map(Number);
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `*` stands for any text, as in `t2.*`; the rest is a Java pattern, of which the common part is JavaScript's. */
function patternOf(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text.replaceAll(/(?<![\]).])\*/g, '.*')})$`);
  } catch {
    throw new QueryError(`'${text}' is no pattern`);
  }
}

function unquoted(token: string): string {
  return /^(["']).*\1$/s.test(token) ? token.slice(1, -1) : token;
}

function tokensOf(text: string): string[] {
  const pattern =
    /\s*("[^"]*"|'[^']*'|\(|\)|\[|\]|,|&&|\|\||==|!=|>=|<=|=~|!~|!in\b|!exists\b|not_[a-z]+|>|<|!|[^\s()[\],=!<>&|"']+)/y;
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const token = pattern.exec(text)?.[1];
    if (token === undefined) {
      if (text.slice(at).trim() === '') break;
      throw new QueryError(`'${text.slice(at)}' cannot be read`);
    }
    tokens.push(token);
    at = pattern.lastIndex;
  }
  return tokens;
}
