import { array, assert, constantFrom, integer, option, property } from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { missingDataTreatments, type AlarmState, type MetricAlarm } from '../../model/cloudwatch/alarm.ts';
import { planAlarm, type ObservedAlarm } from './plan.ts';

const minute = 60_000;
const end = Date.UTC(2026, 10, 21, 21, 30);

const alarm = (change: Partial<MetricAlarm> = {}): MetricAlarm => ({
  kind: 'metric',
  account: '000000000000',
  region: 'us-east-1',
  arn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:busy',
  name: 'busy',
  actionsEnabled: true,
  okActions: [],
  alarmActions: [],
  insufficientDataActions: [],
  configuredAt: 0,
  tags: [],
  status: { value: 'OK', reason: '', updatedAt: 0, transitionedAt: 0 },
  watched: { metric: { namespace: 'App', name: 'Load', dimensions: [], statistic: 'Average', periodSeconds: 60 } },
  evaluationPeriods: 3,
  threshold: 0.5,
  comparisonOperator: 'GreaterThanThreshold',
  ...change,
});

/** `0` is within the threshold, `X` beyond it, `-` missing, the newest last. */
const observed = (data: string, row: MetricAlarm): ObservedAlarm => {
  const slots = data.split(' ');
  const datapoints = slots.flatMap((slot, index) => {
    const at = end - (slots.length - index) * minute;
    return slot === '-' ? [] : [{ at, value: slot === 'X' ? 1 : 0, samples: 1 }];
  });
  return { alarm: row, datapoints, periodMs: minute, end, statistic: 'Average' };
};

const before = (value: AlarmState): Pick<MetricAlarm, 'status'> => ({
  status: { value, reason: '', updatedAt: 0, transitionedAt: 0 },
});

/** The state after an evaluation: what it was before is told by `before`. */
const stateAfter = (data: string, row: MetricAlarm): AlarmState =>
  planAlarm(observed(data, row), end)?.value ?? row.status.value;

describe('the tables of "Configuring how CloudWatch alarms treat missing data"', () => {
  const [OK, ALARM, NONE, KEPT] = ['OK', 'ALARM', 'INSUFFICIENT_DATA', 'KEPT'];
  it.each([
    ['0 - X - X', 3, OK, OK, OK, OK],
    ['0 - - - -', 3, OK, OK, OK, OK],
    ['- - - - -', 3, NONE, KEPT, ALARM, OK],
    ['0 X X - X', 3, ALARM, ALARM, ALARM, ALARM],
    ['- - X - -', 3, ALARM, KEPT, ALARM, OK],
    ['0 - X - X', 2, ALARM, ALARM, ALARM, ALARM],
    ['0 0 X 0 X', 2, ALARM, ALARM, ALARM, ALARM],
    ['0 - X - -', 2, OK, OK, ALARM, OK],
    ['- - - - 0', 2, OK, OK, ALARM, OK],
    ['- - - X -', 2, ALARM, KEPT, ALARM, OK],
    // "the alarm does not go immediately into ALARM state"
    ['- - - - X', 3, KEPT, KEPT, ALARM, OK],
    ['- - - X -', 3, KEPT, KEPT, ALARM, OK],
  ])('%s with %i of 3', (data, datapointsToAlarm, missing, ignore, breaching, notBreaching) => {
    const expected = { missing, ignore, breaching, notBreaching };
    for (const treatMissingData of missingDataTreatments) {
      for (const value of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const) {
        const row = alarm({ datapointsToAlarm, treatMissingData, ...before(value) });
        const wanted = expected[treatMissingData];
        expect(stateAfter(data, row), `${treatMissingData} from ${value}`).toBe(wanted === 'KEPT' ? value : wanted);
      }
    }
  });
});

test('an alarm fires by as many data as are asked for, wherever they lie, and no other way than by data', () => {
  const slot = option(constantFrom('0', 'X'), { nil: '-' });
  assert(
    property(array(slot, { minLength: 5, maxLength: 5 }), integer({ min: 1, max: 3 }), (slots, datapointsToAlarm) => {
      const row = alarm({ datapointsToAlarm, treatMissingData: 'notBreaching' });
      const real = slots.filter((each) => each !== '-').slice(-3);
      const breaching = real.filter((each) => each === 'X').length;
      expect(stateAfter(slots.join(' '), row)).toBe(breaching >= datapointsToAlarm ? 'ALARM' : 'OK');
      // Whatever data are missing, there is no way to an alarm without a datum that breaches.
      const careful = alarm({ datapointsToAlarm, treatMissingData: 'missing' });
      if (stateAfter(slots.join(' '), careful) === 'ALARM') expect(breaching).toBeGreaterThan(0);
    }),
  );
});

test.each([
  ['GreaterThanThreshold', false],
  ['GreaterThanOrEqualToThreshold', true],
  ['LessThanThreshold', false],
  ['LessThanOrEqualToThreshold', true],
] as const)('%s at the threshold itself', (comparisonOperator, breaches) => {
  const row = alarm({ comparisonOperator, threshold: 1, evaluationPeriods: 1 });
  expect(stateAfter('X', row)).toBe(breaches ? 'ALARM' : 'OK');
});

test('too few samples change nothing where a percentile asks for more', () => {
  const row = alarm({ evaluationPeriods: 1 });
  const few = observed('X', row);
  expect(planAlarm({ ...few, leastSamples: 100 }, end)).toBeUndefined();
  expect(planAlarm({ ...few, leastSamples: 1 }, end)?.value).toBe('ALARM');
});

describe('reasons', () => {
  it.each<[string, Partial<MetricAlarm>, string]>([
    [
      'X',
      { evaluationPeriods: 1 },
      'Threshold Crossed: 1 datapoint [1.0 (21/11/26 21:29:00)] was greater than the threshold (0.5).',
    ],
    [
      '0 X X',
      { datapointsToAlarm: 2 },
      'Threshold Crossed: 2 out of the last 3 datapoints [1.0 (21/11/26 21:29:00), 1.0 (21/11/26 21:28:00)] were greater ' +
        'than the threshold (0.5) (minimum 2 datapoints for OK -> ALARM transition).',
    ],
    [
      'X 0 0',
      { datapointsToAlarm: 2, ...before('ALARM') },
      'Threshold Crossed: 2 out of the last 3 datapoints [0.0 (21/11/26 21:29:00), 0.0 (21/11/26 21:28:00)] were not ' +
        'greater than the threshold (0.5) (minimum 2 datapoints for ALARM -> OK transition).',
    ],
    ['- - -', { evaluationPeriods: 1 }, 'Insufficient Data: 1 datapoint was unknown.'],
    ['- - -', {}, 'Insufficient Data: 3 datapoints were unknown.'],
    [
      '- - -',
      { evaluationPeriods: 1, treatMissingData: 'breaching' },
      'Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching].',
    ],
    [
      '- - -',
      { evaluationPeriods: 2, treatMissingData: 'notBreaching', ...before('ALARM') },
      'Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching].',
    ],
  ])('%s %j', (data, change, reason) => {
    expect(planAlarm(observed(data, alarm(change)), end)?.reason).toBe(reason);
  });

  it('are told as data, too', () => {
    const row = alarm({ evaluationPeriods: 2 });
    expect(planAlarm(observed('X X', row), end + 5_000)?.reasonData).toBe(
      '{"version":"1.0","queryDate":"2026-11-21T21:30:05.000+0000","startDate":"2026-11-21T21:28:00.000+0000",' +
        '"statistic":"Average","period":60,"recentDatapoints":[1.0,1.0],"threshold":0.5,"evaluatedDatapoints":[' +
        '{"timestamp":"2026-11-21T21:29:00.000+0000","sampleCount":1.0,"value":1.0},' +
        '{"timestamp":"2026-11-21T21:28:00.000+0000","sampleCount":1.0,"value":1.0}]}',
    );
  });
});
