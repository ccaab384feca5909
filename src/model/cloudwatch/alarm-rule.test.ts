import { describe, expect, it } from 'vitest';
import type { AlarmState } from './alarm.ts';
import { AlarmRuleError, childrenOf, parseAlarmRule, ruleHolds } from './alarm-rule.ts';

const states: Readonly<Record<string, AlarmState>> = { a: 'ALARM', b: 'OK', 'c d': 'INSUFFICIENT_DATA' };
const stateOf = (name: string): AlarmState => states[name] ?? 'INSUFFICIENT_DATA';

describe('rules of composite alarms', () => {
  it.each([
    ['ALARM(a)', true, ['a']],
    ['ALARM("a") AND OK(b)', true, ['a', 'b']],
    ['ALARM(b) OR ALARM(a) AND NOT OK(b)', false, ['b', 'a']],
    ['(ALARM(b) OR ALARM(a)) AND NOT ALARM(b)', true, ['b', 'a']],
    ['INSUFFICIENT_DATA("c d")', true, ['c d']],
    ['ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:a)', true, ['a']],
    ['ALARM("arn:aws:cloudwatch:us-east-1:000000000000:alarm:a")', true, ['a']],
    ['TRUE', true, []],
    ['NOT TRUE OR FALSE', false, []],
    ['AT_LEAST(1, ALARM, (a, b))', true, ['a', 'b']],
    ['AT_LEAST(2, ALARM, (a, b))', false, ['a', 'b']],
    ['AT_LEAST(50%, NOT OK, (a, b, "c d"))', true, ['a', 'b', 'c d']],
    ['alarm(a) and ok(b)', true, ['a', 'b']],
  ])('%s', (text, holds, children) => {
    const rule = parseAlarmRule(text);
    expect(ruleHolds(rule, stateOf)).toBe(holds);
    expect(childrenOf(rule)).toEqual(children);
  });

  it.each([
    '',
    'ALARM',
    'ALARM()',
    'ALARM(a',
    'ALARM(a) OK(b)',
    'MAYBE(a)',
    'NOT',
    'AT_LEAST(3, ALARM, (a))',
    '"',
    'ALARM(arn:aws:sns:x:y:z)',
  ])('%s is refused', (text) => {
    expect(() => parseAlarmRule(text)).toThrow(AlarmRuleError);
  });
});
