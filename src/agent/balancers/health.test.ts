import { array, assert, constantFrom, integer, property, record, type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterCheck,
  atLeastHealthy,
  inRotation,
  initialHealth,
  knownHealth,
  withoutSuccesses,
  type CheckResult,
} from './health.ts';
import { matches } from './matcher.ts';

const passed: CheckResult = { kind: 'passed' };
const failed: CheckResult = { kind: 'failed' };
const thresholds = { healthyThreshold: 3, unhealthyThreshold: 2 };

describe('a target', () => {
  test.each([
    ['new, without a check', 'initial', [], 'initial'],
    ['new, after one success', 'initial', [passed], 'healthy'],
    ['new, after one failure', 'initial', [failed], 'initial'],
    ['new, after a failure and a success', 'initial', [failed, passed], 'healthy'],
    ['new, after as many failures as the threshold', 'initial', [failed, failed], 'unhealthy'],
    ['healthy, after one failure', 'healthy', [failed], 'healthy'],
    ['healthy, after failures that are not in a row', 'healthy', [failed, passed, failed], 'healthy'],
    ['healthy, after failures in a row', 'healthy', [failed, failed], 'unhealthy'],
    ['unhealthy, after too few successes', 'unhealthy', [passed, passed], 'unhealthy'],
    ['unhealthy, after successes that are not in a row', 'unhealthy', [passed, passed, failed, passed], 'unhealthy'],
    ['unhealthy, after successes in a row', 'unhealthy', [passed, passed, passed], 'healthy'],
  ])('%s', (_, last, results, expected) => {
    const state = results.reduce((each, result) => afterCheck(each, result, thresholds), knownHealth(last));
    expect(state.report.state).toBe(expected);
  });

  test.each([
    ['too few successes', [passed, passed], 'initial'],
    ['successes in a row', [passed, passed, passed], 'healthy'],
    ['successes that are not in a row', [passed, passed, failed, passed], 'initial'],
    ['as many failures as the threshold', [passed, failed, failed], 'unhealthy'],
  ])('of a Classic Load Balancer, new, after %s', (_, results, expected) => {
    const classic = { ...thresholds, classic: true } as const;
    const state = results.reduce((each, result) => afterCheck(each, result, classic), initialHealth);
    expect(state.report.state).toBe(expected);
  });

  test('of a Classic Load Balancer, new, forgets successes before a failure that does not count', () => {
    const classic = { ...thresholds, classic: true } as const;
    const once = afterCheck(initialHealth, passed, classic);
    expect(withoutSuccesses(once)).toEqual(initialHealth);
    expect(withoutSuccesses(initialHealth)).toBe(initialHealth);
  });

  test('tells why, in the words of ELB', () => {
    const told = (result: CheckResult): unknown =>
      afterCheck(initialHealth, result, { healthyThreshold: 1, unhealthyThreshold: 1 }).report;
    expect(initialHealth.report).toEqual({
      state: 'initial',
      reason: 'Elb.InitialHealthChecking',
      description: 'Initial health checks in progress',
    });
    expect(told(passed)).toEqual({ state: 'healthy' });
    expect(told({ kind: 'mismatch', code: 404 })).toEqual({
      state: 'unhealthy',
      reason: 'Target.ResponseCodeMismatch',
      description: 'Health checks failed with these codes: [404]',
    });
    expect(told({ kind: 'timeout' })).toMatchObject({ reason: 'Target.Timeout', description: 'Request timed out' });
    expect(told(failed)).toMatchObject({ reason: 'Target.FailedHealthChecks', description: 'Health checks failed' });
  });

  test('never becomes unhealthy without as many failures in a row, nor healthy again without as many successes', () => {
    const result: Arbitrary<CheckResult> = constantFrom(passed, failed);
    const limits = record({
      healthyThreshold: integer({ min: 2, max: 10 }),
      unhealthyThreshold: integer({ min: 2, max: 10 }),
    });
    assert(
      property(array(result, { maxLength: 60 }), limits, (results, limit) => {
        let state = initialHealth;
        for (const [index, each] of results.entries()) {
          const before = state.report.state;
          state = afterCheck(state, each, limit);
          const last = (count: number): readonly CheckResult[] =>
            results.slice(Math.max(0, index + 1 - count), index + 1);
          if (before !== 'unhealthy' && state.report.state === 'unhealthy') {
            expect(last(limit.unhealthyThreshold).map(({ kind }) => kind)).toEqual(
              Array(limit.unhealthyThreshold).fill('failed'),
            );
          }
          if (before === 'unhealthy' && state.report.state === 'healthy') {
            expect(last(limit.healthyThreshold).map(({ kind }) => kind)).toEqual(
              Array(limit.healthyThreshold).fill('passed'),
            );
          }
        }
      }),
    );
  });
});

test('healthy targets take requests; where there is none, the unhealthy ones do', () => {
  const chosen = (...states: ('initial' | 'healthy' | 'unhealthy')[]): number[] => [
    ...inRotation(new Map(states.entries())),
  ];
  expect(chosen('healthy', 'unhealthy', 'initial')).toEqual([0]);
  expect(chosen('unhealthy', 'initial', 'unhealthy')).toEqual([0, 2]);
  expect(chosen('initial')).toEqual([]);
  expect(chosen()).toEqual([]);
  expect([
    ...inRotation(
      new Map([
        ['a', 'healthy' as const],
        ['b', 'unhealthy' as const],
      ]),
      2,
    ),
  ]).toEqual(['a', 'b']);
});

test('how many must be healthy is a count or a share', () => {
  const prefix = 'target_group_health.unhealthy_state_routing.minimum_healthy_targets';
  expect(atLeastHealthy({}, 10)).toBe(1);
  expect(atLeastHealthy({ [`${prefix}.count`]: '3', [`${prefix}.percentage`]: 'off' }, 10)).toBe(3);
  expect(atLeastHealthy({ [`${prefix}.count`]: '3', [`${prefix}.percentage`]: '50' }, 9)).toBe(5);
});

test('matchers are codes and ranges', () => {
  expect([199, 200, 201, 250, 299, 300].filter((code) => matches('200', code))).toEqual([200]);
  expect([199, 200, 201, 250, 299, 300].filter((code) => matches('200-299', code))).toEqual([200, 201, 250, 299]);
  expect([200, 202, 299, 301].filter((code) => matches('200,202,300-399', code))).toEqual([200, 202, 301]);
});
