import { beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../base/errors.ts';
import { cloudWatchFixture } from './fixture.ts';

const minute = 60_000;
let world: ReturnType<typeof cloudWatchFixture>;
let api: ReturnType<typeof cloudWatchFixture>['api'];
let ctx: ReturnType<typeof cloudWatchFixture>['ctx'];
let now: number;

beforeEach(() => {
  world = cloudWatchFixture();
  ({ api, ctx } = world);
  now = world.clock.now();
});

/** Calls an operation by its name; the code and sentence of its refusal. */
const refusal = async (operation: string, input: object): Promise<string> => {
  try {
    await (api as unknown as Record<string, (input: object, ctx: object) => unknown>)[operation]?.(input, ctx);
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'not refused';
};
const at = (minutes: number): Date => new Date(now + minutes * minute);

async function putLoad(): Promise<void> {
  for (const [index, value] of [10, 20, 60].entries()) {
    await api.PutMetricData(
      {
        Namespace: 'App',
        MetricData: [
          { MetricName: 'Load', Value: value, Timestamp: at(index - 10), Unit: 'Percent' },
          {
            MetricName: 'Load',
            Values: [value, 1],
            Counts: [2, 1],
            Timestamp: at(index - 10),
            Dimensions: [{ Name: 'Host', Value: 'a' }],
          },
        ],
      },
      ctx,
    );
  }
}

describe('metrics', () => {
  it('are put, listed and read by period', async () => {
    await putLoad();
    expect(await api.ListMetrics({ Namespace: 'App' }, ctx)).toEqual({
      Metrics: [
        { Namespace: 'App', MetricName: 'Load', Dimensions: [] },
        { Namespace: 'App', MetricName: 'Load', Dimensions: [{ Name: 'Host', Value: 'a' }] },
      ],
    });
    expect(await api.ListMetrics({ Dimensions: [{ Name: 'Host' }] }, ctx)).toMatchObject({
      Metrics: [{ Dimensions: [{ Value: 'a' }] }],
    });
    expect(await api.ListMetrics({ Dimensions: [{ Name: 'Host', Value: 'b' }] }, ctx)).toEqual({ Metrics: [] });
    const { Datapoints, Label } = await api.GetMetricStatistics(
      {
        Namespace: 'App',
        MetricName: 'Load',
        Dimensions: [{ Name: 'Host', Value: 'a' }],
        StartTime: at(-10),
        EndTime: at(0),
        Period: 300,
        Statistics: ['SampleCount', 'Sum', 'Minimum', 'Maximum', 'Average'],
        ExtendedStatistics: ['p50', 'tm90'],
      },
      ctx,
    );
    expect(Label).toBe('Load');
    expect(Datapoints).toEqual([
      {
        Timestamp: at(-10),
        SampleCount: 9,
        Sum: 183,
        Minimum: 1,
        Maximum: 60,
        Average: expect.closeTo(183 / 9, 9) as number,
        Unit: 'None',
        ExtendedStatistics: { p50: 10, tm90: expect.closeTo((183 - 0.9 * 60) / 8.1, 9) as number },
      },
    ]);
  });

  it('of different units are told apart, or chosen', async () => {
    for (const Unit of ['Bytes', 'Count'] as const) {
      await api.PutMetricData({ Namespace: 'App', MetricData: [{ MetricName: 'Mixed', Value: 1, Unit }] }, ctx);
    }
    const ask = {
      Namespace: 'App',
      MetricName: 'Mixed',
      StartTime: at(-1),
      EndTime: at(1),
      Period: 60,
      Statistics: ['Sum' as const],
    };
    const both = await api.GetMetricStatistics(ask, ctx);
    expect(both.Datapoints?.map(({ Unit }) => Unit)).toEqual(['Bytes', 'Count']);
    const one = await api.GetMetricStatistics({ ...ask, Unit: 'Count' }, ctx);
    expect(one.Datapoints?.map(({ Unit }) => Unit)).toEqual(['Count']);
  });

  it('are computed with, in pages that say so', async () => {
    await putLoad();
    const MetricStat = { Metric: { Namespace: 'App', MetricName: 'Load' }, Period: 60, Stat: 'Average' };
    const ask = {
      StartTime: at(-10),
      EndTime: at(0),
      ScanBy: 'TimestampAscending' as const,
      MetricDataQueries: [
        { Id: 'load', MetricStat, Label: 'the load' },
        { Id: 'hidden', MetricStat, ReturnData: false },
        { Id: 'half', Expression: 'hidden / 2' },
        { Id: 'none', MetricStat: { ...MetricStat, Metric: { Namespace: 'App', MetricName: 'Nothing' } } },
      ],
    };
    const [load, half, none] = [
      {
        Id: 'load',
        Label: 'the load',
        Timestamps: [at(-10), at(-9), at(-8)],
        Values: [10, 20, 60],
        StatusCode: 'Complete',
      },
      { Id: 'half', Label: 'half', Timestamps: [at(-10), at(-9), at(-8)], Values: [5, 10, 30], StatusCode: 'Complete' },
      { Id: 'none', Label: 'Nothing', Timestamps: [], Values: [], StatusCode: 'Complete' },
    ];
    expect(await api.GetMetricData(ask, ctx)).toEqual({ MetricDataResults: [load, half, none], Messages: [] });
    const newest = await api.GetMetricData({ ...ask, ScanBy: undefined }, ctx);
    expect(newest.MetricDataResults?.[0]?.Values).toEqual([60, 20, 10]);
    const told: Record<string, number[]> = {};
    const statuses: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await api.GetMetricData({ ...ask, MaxDatapoints: 2, ...(NextToken && { NextToken }) }, ctx);
      for (const { Id = '', Values = [], StatusCode } of page.MetricDataResults ?? []) {
        told[Id] = [...(told[Id] ?? []), ...Values];
        statuses.push(StatusCode);
      }
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(told).toEqual({ load: [10, 20, 60], half: [5, 10, 30], none: [] });
    expect(statuses).toContain('PartialData');
  });

  it.each<[string, object, string]>([
    [
      'PutMetricData',
      { Namespace: 'AWS/ECS', MetricData: [{ MetricName: 'x', Value: 1 }] },
      'InvalidParameterValueException: The value AWS/ for parameter Namespace is invalid.',
    ],
    ['PutMetricData', { Namespace: 'a' }, 'MissingRequiredParameterException: The parameter MetricData is required.'],
    [
      'PutMetricData',
      { Namespace: 'a', MetricData: [{ MetricName: 'x', Value: Number.NaN }] },
      'InvalidParameterValueException: The value NaN for parameter MetricData.member.1.Value is invalid.',
    ],
    [
      'PutMetricData',
      { Namespace: 'a', MetricData: [{ MetricName: 'x', Value: 1, Values: [1] }] },
      'InvalidParameterCombinationException: The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.',
    ],
    [
      'PutMetricData',
      { Namespace: 'a', MetricData: [{ MetricName: 'x', Values: [1], Counts: [1, 2] }] },
      'InvalidParameterValueException: The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.',
    ],
    [
      'PutMetricData',
      { Namespace: 'a', MetricData: [{ MetricName: 'x', Value: 1, StorageResolution: 5 }] },
      'InvalidParameterValueException: The value 5 for parameter MetricData.member.1.StorageResolution is invalid.',
    ],
    [
      'PutMetricData',
      { Namespace: 'a', MetricData: [{ MetricName: 'x', Value: 1, Timestamp: new Date(0) }] },
      'InvalidParameterValueException: The parameter MetricData.member.1.Timestamp must specify a time no more than two weeks in the past.',
    ],
    [
      'PutMetricData',
      { Namespace: 'a', EntityMetricData: [] },
      'ValidationError: EntityMetricData is not supported by Stowage yet',
    ],
    [
      'GetMetricStatistics',
      { Namespace: 'a', MetricName: 'x', Period: 60, StartTime: new Date(0), EndTime: new Date(1) },
      'InvalidParameterCombinationException: Must specify either Statistics or ExtendedStatistics',
    ],
    [
      'GetMetricStatistics',
      { Namespace: 'a', MetricName: 'x', Period: 61, StartTime: new Date(0), EndTime: new Date(1) },
      'InvalidParameterValueException: The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60.',
    ],
    [
      'GetMetricStatistics',
      {
        Namespace: 'a',
        MetricName: 'x',
        Period: 60,
        StartTime: new Date(1),
        EndTime: new Date(1),
        Statistics: ['Sum'],
      },
      'InvalidParameterValueException: The parameter StartTime must be less than the parameter EndTime.',
    ],
    [
      'GetMetricStatistics',
      {
        Namespace: 'a',
        MetricName: 'x',
        Period: 60,
        StartTime: new Date(0),
        EndTime: new Date(1e9),
        Statistics: ['Sum'],
      },
      'InvalidParameterCombinationException: You have requested up to 16,667 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.',
    ],
    [
      'GetMetricData',
      {
        StartTime: new Date(0),
        EndTime: new Date(1),
        MetricDataQueries: [{ Id: 'e', Expression: 'SEARCH("x")', Period: 60 }],
      },
      "ValidationError: Error in expression 'e': The function SEARCH is not supported by Stowage yet.",
    ],
    [
      'GetMetricData',
      {
        StartTime: new Date(0),
        EndTime: new Date(1),
        MetricDataQueries: [
          { Id: 'a', Expression: 'b' },
          { Id: 'b', Expression: 'a' },
        ],
      },
      "ValidationError: Error in expression 'a': Circular reference.",
    ],
    [
      'GetMetricData',
      {
        StartTime: new Date(0),
        EndTime: new Date(1),
        MetricDataQueries: [{ Id: 'e', Expression: '1 + 1', Period: 60 }],
      },
      "ValidationError: Error in expression 'e': The expression does not come to a time series.",
    ],
    [
      'GetMetricData',
      {
        StartTime: new Date(1),
        EndTime: new Date(0),
        MetricDataQueries: [{ Id: 'e', Expression: 'TIME_SERIES(1)', Period: 60 }],
      },
      'ValidationError: The parameter EndTime must be greater than StartTime.',
    ],
    ['ListMetrics', { NextToken: 'x' }, 'InvalidNextToken: The specified nextToken is invalid.'],
  ])('%s %j', async (operation, input, expected) => {
    expect(await refusal(operation, input)).toBe(expected);
  });
});

const alarm = {
  AlarmName: 'busy',
  Namespace: 'App',
  MetricName: 'Load',
  Statistic: 'Average' as const,
  Period: 60,
  EvaluationPeriods: 3,
  Threshold: 10,
  ComparisonOperator: 'GreaterThanThreshold' as const,
};

describe('alarms', () => {
  it('are made, described, changed and deleted', async () => {
    await api.PutMetricAlarm(
      { ...alarm, DatapointsToAlarm: 2, TreatMissingData: 'breaching', Tags: [{ Key: 'a', Value: 'b' }] },
      ctx,
    );
    const arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:busy';
    const described = {
      ...alarm,
      AlarmArn: arn,
      AlarmConfigurationUpdatedTimestamp: at(0),
      ActionsEnabled: true,
      OKActions: [],
      AlarmActions: [],
      InsufficientDataActions: [],
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Unchecked: Initial alarm creation',
      StateUpdatedTimestamp: at(0),
      StateTransitionedTimestamp: at(0),
      Dimensions: [],
      DatapointsToAlarm: 2,
      TreatMissingData: 'breaching',
    };
    expect(await api.DescribeAlarms({ AlarmNames: ['busy'] }, ctx)).toEqual({
      MetricAlarms: [described],
      CompositeAlarms: [],
    });
    expect(await api.DescribeAlarmsForMetric({ Namespace: 'App', MetricName: 'Load' }, ctx)).toEqual({
      MetricAlarms: [described],
    });
    expect(await api.DescribeAlarmsForMetric({ Namespace: 'App', MetricName: 'Load', Period: 300 }, ctx)).toEqual({
      MetricAlarms: [],
    });
    expect(await api.ListTagsForResource({ ResourceARN: arn }, ctx)).toEqual({ Tags: [{ Key: 'a', Value: 'b' }] });
    await api.TagResource({ ResourceARN: arn, Tags: [{ Key: 'c', Value: 'd' }] }, ctx);
    await api.UntagResource({ ResourceARN: arn, TagKeys: ['a'] }, ctx);
    expect(await api.ListTagsForResource({ ResourceARN: arn }, ctx)).toEqual({ Tags: [{ Key: 'c', Value: 'd' }] });
    await api.DeleteAlarms({ AlarmNames: ['busy'] }, ctx);
    expect(await api.DescribeAlarms({}, ctx)).toEqual({ MetricAlarms: [], CompositeAlarms: [] });
    const { AlarmHistoryItems = [] } = await api.DescribeAlarmHistory({ AlarmName: 'busy' }, ctx);
    expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm "busy" deleted',
      'Alarm "busy" created',
    ]);
  });

  it('are found by prefix, state, action and kin, in pages', async () => {
    for (const AlarmName of ['b', 'a', 'c']) await api.PutMetricAlarm({ ...alarm, AlarmName }, ctx);
    const topic = 'arn:aws:sns:us-east-1:000000000000:pager';
    await api.PutCompositeAlarm({ AlarmName: 'top', AlarmRule: 'ALARM(a) OR ALARM(b)', AlarmActions: [topic] }, ctx);
    await api.SetAlarmState({ AlarmName: 'c', StateValue: 'OK', StateReason: 'x', StateReasonData: '{}' }, ctx);
    const names = async (input: Parameters<typeof api.DescribeAlarms>[0]) => {
      const { MetricAlarms = [], CompositeAlarms = [], NextToken } = await api.DescribeAlarms(input, ctx);
      return [[...MetricAlarms, ...CompositeAlarms].map(({ AlarmName }) => AlarmName).join(' '), NextToken] as const;
    };
    const [first, token] = await names({ MaxRecords: 2 });
    expect(first).toBe('a b');
    expect(await names({ MaxRecords: 2, NextToken: token })).toEqual(['c', undefined]);
    expect((await names({ AlarmNamePrefix: 'b' }))[0]).toBe('b');
    expect((await names({ StateValue: 'OK' }))[0]).toBe('c');
    expect((await names({ ActionPrefix: 'arn:aws:sns', AlarmTypes: ['CompositeAlarm', 'MetricAlarm'] }))[0]).toBe(
      'top',
    );
    expect((await names({ ChildrenOfAlarmName: 'top' }))[0]).toBe('a b');
    expect((await names({ ParentsOfAlarmName: 'a' }))[0]).toBe('top');
  });

  const math = (metrics: object[]): object => ({
    AlarmName: 'x',
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    Metrics: metrics,
  });
  const MetricStat = { Metric: { Namespace: 'App', MetricName: 'Load' }, Period: 60, Stat: 'Sum' };
  it.each<[string, object, string]>([
    [
      'PutMetricAlarm',
      { ...alarm, TreatMissingData: 'maybe' },
      'ValidationError: Option maybe is not supported. Supported options for parameter TreatMissingData are breaching, notBreaching, ignore, and missing.',
    ],
    [
      'PutMetricAlarm',
      { ...alarm, ExtendedStatistic: 'p101', Statistic: undefined },
      'InvalidParameterValueException: The value p101 for parameter ExtendedStatistic is not supported.',
    ],
    [
      'PutMetricAlarm',
      { ...alarm, DatapointsToAlarm: 4 },
      'ValidationError: DatapointsToAlarm must be less than or equal to EvaluationPeriods',
    ],
    [
      'PutMetricAlarm',
      { ...alarm, EvaluationPeriods: 1500 },
      'ValidationError: Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).',
    ],
    ['PutMetricAlarm', { ...alarm, AlarmActions: ['nobody'] }, 'ValidationError: Invalid arn syntax: nobody'],
    [
      'PutMetricAlarm',
      { ...alarm, AlarmActions: ['arn:aws:sns:eu-west-1:000000000000:x'] },
      'ValidationError: Invalid region eu-west-1 specified. Only us-east-1 is supported.',
    ],
    [
      'PutMetricAlarm',
      { ...alarm, AlarmActions: ['arn:aws:s3:us-east-1:000000000000:x'] },
      'ValidationError: Unsupported alarm action: arn:aws:s3:us-east-1:000000000000:x',
    ],
    [
      'PutMetricAlarm',
      { ...alarm, ThresholdMetricId: 'x' },
      'ValidationError: An alarm on anomaly detection (ThresholdMetricId) is not supported by Stowage yet',
    ],
    [
      'PutMetricAlarm',
      math([
        { Id: 'a', MetricStat },
        { Id: 'b', MetricStat },
      ]),
      'ValidationError: Exactly one element of the metrics list should return data.',
    ],
    [
      'PutMetricAlarm',
      math([
        { Id: 'a', MetricStat, ReturnData: false },
        { Id: 'e', Expression: '[a, a]' },
      ]),
      'ValidationError: The expression of an alarm must come to a single time series.',
    ],
    [
      'PutMetricAlarm',
      math([{ Id: 'e', Expression: 'SELECT AVG(x) FROM y', Period: 60 }]),
      'ValidationError: A Metrics Insights query (SELECT) is not supported by Stowage yet',
    ],
    [
      'PutMetricAlarm',
      { ...math([]), Metrics: [{ Id: 'a', MetricStat }], Period: 60 },
      'ValidationError: The parameters Metrics and Period are mutually exclusive.',
    ],
    [
      'PutCompositeAlarm',
      { AlarmName: 'x', AlarmRule: 'ALARM(gone)' },
      'ValidationError: Could not save the composite alarm as alarms [gone] in the alarm rule do not exist',
    ],
    [
      'PutCompositeAlarm',
      { AlarmName: 'x', AlarmRule: 'PERHAPS(y)' },
      'ValidationError: Error in AlarmRule: Unexpected PERHAPS in the rule.',
    ],
    [
      'PutCompositeAlarm',
      { AlarmName: 'x', AlarmRule: 'TRUE', ActionsSuppressor: 'y' },
      'ValidationError: ActionsSuppressor is not supported by Stowage yet',
    ],
    ['DeleteAlarms', { AlarmNames: ['gone'] }, 'ResourceNotFound: Alarm gone does not exist'],
    [
      'SetAlarmState',
      { AlarmName: 'gone', StateValue: 'OK', StateReason: '' },
      'ResourceNotFound: Alarm gone does not exist',
    ],
    [
      'SetAlarmState',
      { AlarmName: 'gone', StateValue: 'OK', StateReason: '', StateReasonData: 'x' },
      'InvalidFormatFault: The parameter StateReasonData must be JSON.',
    ],
    [
      'ListTagsForResource',
      { ResourceARN: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:gone' },
      'ResourceNotFoundException: arn:aws:cloudwatch:us-east-1:000000000000:alarm:gone does not exist',
    ],
  ])('%s %j', async (operation, input, expected) => {
    expect(await refusal(operation, input)).toBe(expected);
  });
});
