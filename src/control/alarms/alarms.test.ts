import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import { cloudWatchFixture } from '../../services/cloudwatch/fixture.ts';
import { alarmHistory } from '../../store/tables/cloudwatch.ts';
import { runLoop } from '../loop.ts';
import { alarmHistoryLoop } from './history-loop.ts';
import { alarmLoop } from './loop.ts';

const minute = 60_000;
let world: ReturnType<typeof cloudWatchFixture>;
let stop: () => void;

const start = (): void => {
  const { store, clock, metrics, ids } = world;
  const stops = [alarmLoop({ store, clock, metrics, ids, log: silentLog }), alarmHistoryLoop({ store })].map((loop) =>
    runLoop(loop, { store, clock, log: silentLog }),
  );
  stop = () => stops.forEach((each) => each());
};

beforeEach(() => {
  world = cloudWatchFixture();
  start();
});

const put = async (value: number): Promise<void> => {
  const { api, ctx } = world;
  await api.PutMetricData({ Namespace: 'App', MetricData: [{ MetricName: 'Load', Value: value }] }, ctx);
};
const state = async (name = 'busy'): Promise<string | undefined> => {
  const { api, ctx } = world;
  const { MetricAlarms = [], CompositeAlarms = [] } = await api.DescribeAlarms(
    { AlarmNames: [name], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
    ctx,
  );
  return [...MetricAlarms, ...CompositeAlarms][0]?.StateValue;
};
const busy = {
  AlarmName: 'busy',
  Namespace: 'App',
  MetricName: 'Load',
  Statistic: 'Maximum' as const,
  Period: 60,
  EvaluationPeriods: 2,
  Threshold: 10,
  ComparisonOperator: 'GreaterThanThreshold' as const,
};

describe('a day of an alarm', () => {
  it('goes by its metric, minute by minute', async () => {
    const { api, ctx, clock } = world;
    await api.PutMetricAlarm(busy, ctx);
    const told: (string | undefined)[] = [];
    // One value a minute, then none.
    for (const value of [1, 1, 50, 1, 50, 50, 50, 1, undefined, undefined, undefined, undefined, undefined]) {
      if (value !== undefined) await put(value);
      await clock.advance(minute);
      told.push(await state());
    }
    const [none, ok, alarm] = ['INSUFFICIENT_DATA', 'OK', 'ALARM'];
    // A minute is judged five seconds after its end.
    expect(told).toEqual([none, ok, ok, ok, ok, ok, alarm, alarm, ok, ok, ok, ok, none]);
    const { AlarmHistoryItems = [] } = await api.DescribeAlarmHistory(
      { AlarmName: 'busy', HistoryItemType: 'StateUpdate', ScanBy: 'TimestampAscending' },
      ctx,
    );
    expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm updated from INSUFFICIENT_DATA to OK',
      'Alarm updated from OK to ALARM',
      'Alarm updated from ALARM to OK',
      'Alarm updated from OK to INSUFFICIENT_DATA',
    ]);
  });

  it('goes on after a restart, and tells nothing twice', async () => {
    const { api, ctx, clock, store } = world;
    await api.PutMetricAlarm({ ...busy, EvaluationPeriods: 1 }, ctx);
    await put(50);
    await clock.advance(2 * minute);
    expect(await state()).toBe('ALARM');
    const items = store.count(alarmHistory);
    stop();
    start();
    await clock.advance(minute);
    expect(store.count(alarmHistory)).toBe(items);
    await put(1);
    await clock.advance(2 * minute);
    expect(await state()).toBe('OK');
    stop();
  });

  it('has a state that was set until it is evaluated again', async () => {
    const { api, ctx, clock } = world;
    await api.PutMetricAlarm({ ...busy, EvaluationPeriods: 1 }, ctx);
    await put(1);
    await clock.advance(2 * minute);
    await api.SetAlarmState({ AlarmName: 'busy', StateValue: 'ALARM', StateReason: 'a rehearsal' }, ctx);
    await clock.advance(1_000);
    expect(await state()).toBe('ALARM');
    await clock.advance(minute);
    expect(await state()).toBe('OK');
  });

  it('tells what becomes of its actions, unless they are disabled', async () => {
    const { api, ctx } = world;
    const topic = 'arn:aws:sns:us-east-1:000000000000:pager';
    await api.PutMetricAlarm({ ...busy, AlarmActions: [topic], OKActions: [topic] }, ctx);
    const set = (StateValue: 'OK' | 'ALARM') =>
      api.SetAlarmState({ AlarmName: 'busy', StateValue, StateReason: 'a rehearsal' }, ctx);
    await set('ALARM');
    await api.DisableAlarmActions({ AlarmNames: ['busy'] }, ctx);
    await set('OK');
    const { AlarmHistoryItems = [] } = await api.DescribeAlarmHistory({ HistoryItemType: 'Action' }, ctx);
    expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
      `Failed to execute action ${topic}. Received error: "Stowage does not serve sns yet, so that nothing can be done there"`,
    ]);
  });

  it('is judged by metric math as well, every ten seconds where its period is short', async () => {
    const { api, ctx, clock } = world;
    const stat = { Metric: { Namespace: 'App', MetricName: 'Load' }, Period: 10, Stat: 'Sum' };
    await api.PutMetricAlarm(
      {
        AlarmName: 'busy',
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        Metrics: [
          { Id: 'load', MetricStat: stat, ReturnData: false },
          { Id: 'share', Expression: 'load / 100' },
        ],
      },
      ctx,
    );
    await api.PutMetricData(
      { Namespace: 'App', MetricData: [{ MetricName: 'Load', Value: 120, StorageResolution: 1 }] },
      ctx,
    );
    await clock.advance(11_000);
    expect(await state()).toBe('ALARM');
  });

  it('follows the alarms that it is about', async () => {
    const { api, ctx, clock } = world;
    for (const AlarmName of ['a', 'b'])
      await api.PutMetricAlarm({ ...busy, AlarmName, TreatMissingData: 'ignore' }, ctx);
    await api.PutCompositeAlarm({ AlarmName: 'both', AlarmRule: 'ALARM(a) AND ALARM(b)' }, ctx);
    await api.PutCompositeAlarm({ AlarmName: 'above', AlarmRule: 'ALARM(both)' }, ctx);
    const set = async (AlarmName: string): Promise<void> => {
      await api.SetAlarmState({ AlarmName, StateValue: 'ALARM', StateReason: 'a rehearsal' }, ctx);
      await clock.advance(1);
    };
    await set('a');
    expect([await state('both'), await state('above')]).toEqual(['OK', 'OK']);
    await set('b');
    expect([await state('both'), await state('above')]).toEqual(['ALARM', 'ALARM']);
    const { CompositeAlarms = [] } = await api.DescribeAlarms({ AlarmTypes: ['CompositeAlarm'] }, ctx);
    expect(CompositeAlarms[1]?.StateReason).toBe(
      'arn:aws:cloudwatch:us-east-1:000000000000:alarm:b transitioned to ALARM at Saturday 21 November, 2026 12:00:00 UTC',
    );
    expect(() => api.DeleteAlarms({ AlarmNames: ['a'] }, ctx)).toThrow(
      'Cannot delete a as there are composite alarm(s) depending on it.',
    );
  });

  it('is forgotten after thirty days', async () => {
    const { api, ctx, clock, store } = world;
    await api.PutMetricAlarm({ ...busy, TreatMissingData: 'ignore' }, ctx);
    expect(store.count(alarmHistory)).toBe(1);
    stop();
    await clock.advance(31 * 24 * 3_600_000);
    start();
    await clock.advance(1);
    expect(store.count(alarmHistory)).toBe(0);
  });
});
