/** A filter pattern that is not one; the message says where it went wrong, for an InvalidParameterException. */
export class FilterPatternError extends Error {
  override readonly name = 'FilterPatternError';
}

/** Whether a text is as a condition wants it. */
export type Test = (text: string) => boolean;

/** What a value in a condition is compared with. */
export interface Literal {
  readonly test: Test;
  /** The number that it is, for comparisons by size; `undefined` for texts. */
  readonly number: number | undefined;
}

const comparisons = ['!=', '<=', '>=', '=', '<', '>'] as const;
export type Comparison = (typeof comparisons)[number];

/** Reads a filter pattern from left to right: the pieces that its three forms share. */
export class FilterScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  /** Takes `token` when it comes next. */
  take(token: string): boolean {
    this.#skip();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw this.error(`expected ${token}`);
  }

  /** Takes what `pattern` (sticky) matches next. */
  match(pattern: RegExp): string | undefined {
    this.#skip();
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  comparison(): Comparison | undefined {
    return comparisons.find((each) => this.take(each));
  }

  /** A quoted text with its escapes undone, when one comes next. */
  quoted(): string | undefined {
    const found = this.match(/"(?:[^"\\]|\\.)*"/s);
    return found?.slice(1, -1).replaceAll(/\\(.)/gs, '$1');
  }

  /** A regular expression between percent signs, when one comes next ("Supported regular expressions (regex) syntax"). */
  regex(): RegExp | undefined {
    const found = this.match(/%(?:[^%\\]|\\.)+%/s)?.slice(1, -1);
    if (found === undefined) return undefined;
    // What AWS allows has no groups, so nothing here can take exponential time.
    if (!/^(?:[\w#=@/:;,^$?[\]{}|*+. -]|\\[\x21-\x7E])*$/.test(found)) {
      throw this.error(`unsupported characters in the regular expression %${found}%`);
    }
    try {
      return new RegExp(found);
    } catch {
      throw this.error(`the regular expression %${found}% is not valid`);
    }
  }

  /** The value of a condition: a quoted or plain text in which `*` stands for anything, a number, or a regular expression. */
  literal(plain: RegExp): Literal {
    const regex = this.regex();
    if (regex !== undefined) return { test: (text) => regex.test(text), number: undefined };
    const quoted = this.quoted();
    if (quoted !== undefined) return { test: wildcard(quoted), number: undefined };
    const text = this.match(plain)?.trim();
    if (text === undefined || text === '') throw this.error('expected a value');
    return {
      test: wildcard(text),
      number: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined,
    };
  }

  error(why: string): FilterPatternError {
    return new FilterPatternError(`Invalid filter pattern: ${why} at position ${this.#at + 1}`);
  }

  #skip(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }
}

/** Compares a text or number with a literal. */
export function compare(value: string | number, how: Comparison, literal: Literal): boolean {
  const number = typeof value === 'number' ? value : Number(value.trim() === '' ? Number.NaN : value);
  if (how === '=' || how === '!=') {
    const same =
      typeof value === 'number' && literal.number !== undefined
        ? value === literal.number
        : literal.test(String(value));
    return same === (how === '=');
  }
  if (literal.number === undefined || Number.isNaN(number)) return false;
  if (how === '<') return number < literal.number;
  if (how === '>') return number > literal.number;
  return how === '<=' ? number <= literal.number : number >= literal.number;
}

/** `a || b && c`, with parentheses where `leaf` does not take them: how conditions combine in both structured forms. */
export function combination<Subject>(
  scanner: FilterScanner,
  leaf: () => (subject: Subject) => boolean,
): (subject: Subject) => boolean {
  const unit = (): ((subject: Subject) => boolean) => {
    if (!scanner.take('(')) return leaf();
    const inner = any();
    scanner.expect(')');
    return inner;
  };
  const all = (): ((subject: Subject) => boolean) => {
    const parts = [unit()];
    while (scanner.take('&&')) parts.push(unit());
    return (subject) => parts.every((part) => part(subject));
  };
  const any = (): ((subject: Subject) => boolean) => {
    const parts = [all()];
    while (scanner.take('||')) parts.push(all());
    return (subject) => parts.some((part) => part(subject));
  };
  return any();
}

function wildcard(text: string): Test {
  if (!text.includes('*')) return (value) => value === text;
  const parts = text.split('*').map((part) => RegExp.escape(part));
  const whole = new RegExp(`^${parts.join('.*')}$`, 's');
  return (value) => whole.test(value);
}
