/** What is wrong with a metric math expression, for the one who wrote it. */
export class MathError extends Error {
  override readonly name = 'MathError';
}

/** A metric math expression, read ("Using math expressions with CloudWatch metrics", CloudWatch User Guide). */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** Another query, by its id; or a word that a function knows. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'negative'; readonly of: Expression }
  | { readonly kind: 'operation'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

export type Operator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '^';

/** How tightly operators bind. */
const strengths: Readonly<Record<Operator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '^': 8,
};
const negativeStrength = 7;
/** Deeper ones are nobody's. */
const deepest = 100;

const token =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<text>"[^"]*"|'[^']*')|(?<sign>\|\||&&|[=!<>]=|[-+*/^<>()[\],]))/y;

/** Reads an expression. Throws `MathError`. */
export function parseMath(source: string): Expression {
  return new Parser(source).parse();
}

type Token = { readonly kind: 'number' | 'name' | 'text' | 'sign'; readonly text: string };

/** By the strength of operators ("Top down operator precedence", Pratt, 1973). */
class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  parse(): Expression {
    const expression = this.#expression(0);
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new MathError(`Unexpected '${left.text}'`);
    return expression;
  }

  #expression(strength: number): Expression {
    if (this.#depth++ > deepest) throw new MathError('The expression is nested too deeply');
    let left = this.#prefix();
    for (;;) {
      const operator = operatorOf(this.#tokens[this.#at]);
      if (operator === undefined || strengths[operator] <= strength) break;
      this.#at += 1;
      // What is raised to a power is raised from the right: 2^3^2 is 2^9.
      const right = this.#expression(operator === '^' ? strengths[operator] - 1 : strengths[operator]);
      left = { kind: 'operation', operator, left, right };
    }
    this.#depth -= 1;
    return left;
  }

  #prefix(): Expression {
    const found = this.#tokens[this.#at++];
    if (found === undefined) throw new MathError('The expression ends where a value is expected');
    const { kind, text } = found;
    if (kind === 'number') return { kind, value: Number(text) };
    if (kind === 'text') return { kind, value: text.slice(1, -1) };
    if (kind === 'name') {
      return this.#take('(')
        ? { kind: 'call', name: text.toUpperCase(), args: this.#items(')') }
        : { kind, name: text };
    }
    if (text === '-') return { kind: 'negative', of: this.#expression(negativeStrength) };
    if (text === '[') return { kind: 'list', items: this.#items(']') };
    if (text !== '(') throw new MathError(`Unexpected '${text}'`);
    const inner = this.#expression(0);
    this.#expect(')');
    return inner;
  }

  #items(end: ')' | ']'): Expression[] {
    const items: Expression[] = [];
    if (this.#take(end)) return items;
    do items.push(this.#expression(0));
    while (this.#take(','));
    this.#expect(end);
    return items;
  }

  #take(sign: string): boolean {
    const next = this.#tokens[this.#at];
    if (next?.kind !== 'sign' || next.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new MathError(`'${sign}' is missing`);
  }
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trimEnd();
  let at = 0;
  while (at < text.length) {
    token.lastIndex = at;
    const groups = token.exec(text)?.groups;
    if (groups === undefined) throw new MathError(`Unexpected '${text.slice(at).trimStart().charAt(0)}'`);
    at = token.lastIndex;
    for (const kind of ['number', 'name', 'text', 'sign'] as const) {
      const found = groups[kind];
      if (found !== undefined) tokens.push({ kind, text: found });
    }
  }
  return tokens;
}

function operatorOf(found: Token | undefined): Operator | undefined {
  if (found?.kind === 'name') {
    if (found.text.toUpperCase() === 'AND') return '&&';
    return found.text.toUpperCase() === 'OR' ? '||' : undefined;
  }
  return found?.kind === 'sign' && Object.hasOwn(strengths, found.text) ? (found.text as Operator) : undefined;
}

/** Every name that stands for a value in an expression. */
export function namesIn(expression: Expression): string[] {
  switch (expression.kind) {
    case 'name':
      return [expression.name];
    case 'list':
      return expression.items.flatMap(namesIn);
    case 'negative':
      return namesIn(expression.of);
    case 'operation':
      return [...namesIn(expression.left), ...namesIn(expression.right)];
    case 'call':
      return expression.args.flatMap(namesIn);
    default:
      return [];
  }
}

/** Whether some call in an expression is of that function. */
export function calls(expression: Expression, name: string): boolean {
  switch (expression.kind) {
    case 'list':
      return expression.items.some((item) => calls(item, name));
    case 'negative':
      return calls(expression.of, name);
    case 'operation':
      return calls(expression.left, name) || calls(expression.right, name);
    case 'call':
      return expression.name === name || expression.args.some((arg) => calls(arg, name));
    default:
      return false;
  }
}
