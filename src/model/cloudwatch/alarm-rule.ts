import { parseArn } from '../../base/arn.ts';
import type { AlarmState } from './alarm.ts';

/** What is wrong with a rule, for the one who wrote it. */
export class AlarmRuleError extends Error {
  override readonly name = 'AlarmRuleError';
}

/** The rule of a composite alarm, read ("PutCompositeAlarm", CloudWatch API Reference). */
export type AlarmRule =
  | { readonly kind: 'constant'; readonly holds: boolean }
  /** Holds while the alarm, by name, is in the state. */
  | { readonly kind: 'state'; readonly state: AlarmState; readonly alarm: string }
  | { readonly kind: 'not'; readonly of: AlarmRule }
  | { readonly kind: 'and' | 'or'; readonly of: readonly AlarmRule[] }
  /** Holds while at least so many of the alarms are in the state, or while they are not. */
  | {
      readonly kind: 'at-least';
      readonly count: number;
      readonly state: AlarmState;
      readonly negated: boolean;
      readonly alarms: readonly string[];
    };

const token = /\s*("(?:[^"\\]|\\.)*"|[(),]|[^\s(),"]+)/y;
const states = new Set(['OK', 'ALARM', 'INSUFFICIENT_DATA']);
/** "The expression can be up to 500 elements", and no deeper than that. */
const mostElements = 500;
/** "The AlarmRule can specify as many as 100 'children' alarms." */
const mostChildren = 100;

/** Reads a rule. Throws `AlarmRuleError`. */
export function parseAlarmRule(text: string): AlarmRule {
  const rule = new RuleParser(text).parse();
  if (childrenOf(rule).length > mostChildren) {
    throw new AlarmRuleError(`A rule can name at most ${mostChildren} alarms`);
  }
  return rule;
}

class RuleParser {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    const source = text.trimEnd();
    for (let at = 0; at < source.length; at = token.lastIndex) {
      token.lastIndex = at;
      const found = token.exec(source)?.[1];
      if (found === undefined) throw new AlarmRuleError(`Unexpected ${source.slice(at).trim().charAt(0)} in the rule`);
      this.#tokens.push(found);
    }
    if (this.#tokens.length > 8 * mostElements) throw new AlarmRuleError(`A rule has at most ${mostElements} elements`);
  }

  parse(): AlarmRule {
    const rule = this.#either(0);
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new AlarmRuleError(`Unexpected ${left} in the rule`);
    return rule;
  }

  #either(depth: number): AlarmRule {
    return this.#joined('OR', () => this.#both(depth));
  }

  #both(depth: number): AlarmRule {
    return this.#joined('AND', () => this.#one(depth));
  }

  #joined(word: 'AND' | 'OR', next: () => AlarmRule): AlarmRule {
    const first = next();
    const of = [first];
    while (this.#take(word)) of.push(next());
    return of.length === 1 ? first : { kind: word === 'AND' ? 'and' : 'or', of };
  }

  #one(depth: number): AlarmRule {
    if (depth > mostElements) throw new AlarmRuleError(`A rule has at most ${mostElements} elements`);
    if (this.#take('NOT')) return { kind: 'not', of: this.#one(depth + 1) };
    if (this.#take('(')) {
      const inner = this.#either(depth + 1);
      this.#expect(')');
      return inner;
    }
    const word = (this.#tokens[this.#at++] ?? '').toUpperCase();
    if (word === 'TRUE' || word === 'FALSE') return { kind: 'constant', holds: word === 'TRUE' };
    if (word === 'AT_LEAST') return this.#atLeast();
    if (!states.has(word)) throw new AlarmRuleError(`Unexpected ${word === '' ? 'end' : word} in the rule`);
    this.#expect('(');
    const alarm = this.#alarm();
    this.#expect(')');
    return { kind: 'state', state: word as AlarmState, alarm };
  }

  /** `AT_LEAST(2, ALARM, (a, b, c))`; instead of a number a percentage of the alarms, instead of a state `NOT` one. */
  #atLeast(): AlarmRule {
    this.#expect('(');
    const amount = /^(\d+)(%?)$/.exec(this.#tokens[this.#at++] ?? '');
    this.#expect(',');
    const negated = this.#take('NOT');
    const state = (this.#tokens[this.#at++] ?? '').toUpperCase();
    this.#expect(',');
    this.#expect('(');
    const alarms = [this.#alarm()];
    while (this.#take(',')) alarms.push(this.#alarm());
    this.#expect(')');
    this.#expect(')');
    const given = Number(amount?.[1] ?? 0);
    const count = amount?.[2] === '%' ? Math.ceil((given * alarms.length) / 100) : given;
    if (count < 1 || count > alarms.length || !states.has(state)) {
      throw new AlarmRuleError('AT_LEAST takes a number of the alarms, a state, and the alarms');
    }
    return { kind: 'at-least', count, state: state as AlarmState, negated, alarms };
  }

  #alarm(): string {
    const found = this.#tokens[this.#at++] ?? '';
    const given = found.startsWith('"') ? found.slice(1, -1).replaceAll(/\\(.)/g, '$1') : found;
    if (given === '' || /^[(),]$/.test(given)) throw new AlarmRuleError('The name of an alarm is missing in the rule');
    const parsed = given.startsWith('arn:') ? parseArn(given) : undefined;
    if (parsed === undefined) return given;
    if (parsed.service !== 'cloudwatch' || !parsed.resource.startsWith('alarm:')) {
      throw new AlarmRuleError(`${given} is not the ARN of an alarm`);
    }
    return parsed.resource.slice('alarm:'.length);
  }

  #take(word: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new AlarmRuleError(`${sign} is missing in the rule`);
  }
}

/** The alarms that a rule names, each once. */
export function childrenOf(rule: AlarmRule): string[] {
  switch (rule.kind) {
    case 'constant':
      return [];
    case 'state':
      return [rule.alarm];
    case 'at-least':
      return [...new Set(rule.alarms)];
    case 'not':
      return childrenOf(rule.of);
    default:
      return [...new Set(rule.of.flatMap(childrenOf))];
  }
}

/** Whether a rule holds. An alarm that is not there has no data. */
export function ruleHolds(rule: AlarmRule, stateOf: (alarm: string) => AlarmState): boolean {
  switch (rule.kind) {
    case 'constant':
      return rule.holds;
    case 'state':
      return stateOf(rule.alarm) === rule.state;
    case 'not':
      return !ruleHolds(rule.of, stateOf);
    case 'and':
      return rule.of.every((each) => ruleHolds(each, stateOf));
    case 'or':
      return rule.of.some((each) => ruleHolds(each, stateOf));
    case 'at-least':
      return rule.alarms.filter((alarm) => (stateOf(alarm) === rule.state) !== rule.negated).length >= rule.count;
  }
}
