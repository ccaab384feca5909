import { functions, functionsElsewhere, operate, type Argument, type MathContext } from './functions.ts';
import { MathError, type Expression } from './parse.ts';
import { combined, scalar, type NamedSeries, type Value } from './value.ts';

/** What an expression is computed from. */
export interface MathScope extends MathContext {
  /** The value of a query by its id; `undefined` where there is none. */
  valueOf(id: string): Value | undefined;
  /** Every metric of the request, for `METRICS()`, by its id. */
  readonly metrics: readonly { readonly id: string; readonly points: NamedSeries }[];
}

/** Computes an expression. Throws `MathError`. */
export function evaluateMath(expression: Expression, scope: MathScope): Value {
  switch (expression.kind) {
    case 'number':
      return scalar(expression.value);
    case 'text':
      throw new MathError(`Unexpected text "${expression.value}"`);
    case 'name': {
      const value = scope.valueOf(expression.name);
      if (value === undefined) throw new MathError(`'${expression.name}' is not defined`);
      return value;
    }
    case 'list':
      return { kind: 'list', items: expression.items.flatMap((item) => itemsOf(item, scope)) };
    case 'negative':
      return combined(scalar(0), evaluateMath(expression.of, scope), (zero, value) => zero - value);
    case 'operation':
      return operate(expression.operator, evaluateMath(expression.left, scope), evaluateMath(expression.right, scope));
    case 'call':
      return call(expression, scope);
  }
}

function itemsOf(item: Expression, scope: MathScope): readonly NamedSeries[] {
  const value = evaluateMath(item, scope);
  if (value.kind === 'list') return value.items;
  if (value.kind === 'scalar') {
    // A number in an array is that number at all times.
    return [{ label: String(value.value), points: new Map(scope.grid.map((at) => [at, value.value])) }];
  }
  return [{ label: item.kind === 'name' ? item.name : '', points: value.points }];
}

function call({ name, args }: Extract<Expression, { kind: 'call' }>, scope: MathScope): Value {
  if (name === 'METRICS') return metrics(args, scope);
  if (functionsElsewhere.has(name)) throw new MathError(`The function ${name} is not supported by Stowage yet`);
  const compute = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (compute === undefined) throw new MathError(`There is no function ${name}`);
  return compute(
    args.map((arg) => argumentOf(arg, scope)),
    scope,
  );
}

function argumentOf(arg: Expression, scope: MathScope): Argument {
  if (arg.kind === 'text') return { word: arg.value };
  if (arg.kind === 'name' && scope.valueOf(arg.name) === undefined) return { word: arg.name };
  return { value: evaluateMath(arg, scope) };
}

/** `METRICS()`: every metric of the request; with a text, those of whose ids it is a part. */
function metrics(args: readonly Expression[], scope: MathScope): Value {
  const [part] = args;
  if (args.length > 1 || (part !== undefined && part.kind !== 'text')) {
    throw new MathError('METRICS takes at most one text');
  }
  const wanted = part?.kind === 'text' ? part.value : '';
  return {
    kind: 'list',
    items: scope.metrics.filter(({ id }) => id.includes(wanted)).map(({ points }) => points),
  };
}
