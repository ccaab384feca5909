import { isoOf } from '../../base/clock.ts';
import type { AlarmState, ComparisonOperator, MetricAlarm } from '../../model/cloudwatch/alarm.ts';
import { queriesOf } from '../../model/cloudwatch/alarm.ts';

/** What a metric came to in one period. */
export interface Datapoint {
  /** The start of the period, epoch milliseconds. */
  readonly at: number;
  readonly value: number;
  /** How many samples it was computed from, where that is known. */
  readonly samples?: number;
}

/** What an evaluation came to, and of what. */
export interface Evaluated {
  readonly value: AlarmState;
  /** The data that were held against the threshold, the oldest first. */
  readonly considered: readonly Datapoint[];
  readonly breaching: readonly Datapoint[];
  /** For how many more periods there were no data. */
  readonly filled: number;
}

const comparisons: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  GreaterThanThreshold: 'greater than',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

/** A reason names no more data than so many. */
const mostShown = 5;

/** The sentence of a state, as CloudWatch words it. */
export function reasonOf(alarm: MetricAlarm, { value, considered, breaching, filled }: Evaluated): string {
  const { evaluationPeriods, datapointsToAlarm } = alarm;
  if (value === 'INSUFFICIENT_DATA') {
    return `Insufficient Data: ${countOf(evaluationPeriods, 'datapoint')} unknown.`;
  }
  if (considered.length === 0) {
    const periods = `${evaluationPeriods} period${evaluationPeriods === 1 ? '' : 's'}`;
    return `Threshold Crossed: no datapoints were received for ${periods} and ${treated(alarm, filled)}.`;
  }
  const isAlarm = value === 'ALARM';
  const told = isAlarm ? breaching : considered.filter((each) => !breaching.includes(each));
  const shown = told.slice(-mostShown).toReversed();
  const list = shown.map(({ at, value: each }) => `${decimal(each)} (${dayAndTime(at)})`).join(', ');
  const most = datapointsToAlarm ?? evaluationPeriods;
  const counted =
    datapointsToAlarm === undefined
      ? `${told.length} datapoint${told.length === 1 ? '' : 's'} [${list}]`
      : `${told.length} out of the last ${evaluationPeriods} datapoints [${list}]`;
  const least = isAlarm ? most : evaluationPeriods - most + 1;
  const minimum = `(minimum ${least} datapoint${least === 1 ? '' : 's'} for ${isAlarm ? 'OK -> ALARM' : 'ALARM -> OK'} transition)`;
  const sentence = [
    `Threshold Crossed: ${counted} ${told.length === 1 ? 'was' : 'were'}${isAlarm ? '' : ' not'}`,
    `${comparisons[alarm.comparisonOperator]} the threshold (${decimal(alarm.threshold)})`,
    ...(filled > 0 && isTreated(alarm) ? [`and ${treated(alarm, filled)}`] : []),
    ...(datapointsToAlarm === undefined ? [] : [minimum]),
  ];
  return `${sentence.join(' ')}.`;
}

function isTreated({ treatMissingData }: MetricAlarm): boolean {
  return treatMissingData === 'breaching' || treatMissingData === 'notBreaching';
}

function treated({ treatMissingData }: MetricAlarm, filled: number): string {
  const as = treatMissingData === 'breaching' ? 'Breaching' : 'NonBreaching';
  const datapoints = filled === 1 ? '1 missing datapoint was' : `${filled} missing datapoints were`;
  return `${datapoints} treated as [${as}]`;
}

function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what} was` : `${count} ${what}s were`;
}

/** The same as JSON, for programs. */
export function reasonDataOf(
  {
    alarm,
    periodMs,
    statistic,
  }: { readonly alarm: MetricAlarm; readonly periodMs: number; readonly statistic?: string },
  { considered }: Evaluated,
  now: number,
): string {
  const unit = queriesOf(alarm)[0]?.MetricStat?.Unit;
  const [first] = considered;
  const each = considered.toReversed().map(({ at, value, samples }) => {
    const count = samples === undefined ? '' : `"sampleCount":${decimal(samples)},`;
    return `{"timestamp":"${stamp(at)}",${count}"value":${decimal(value)}}`;
  });
  const members = [
    '"version":"1.0"',
    `"queryDate":"${stamp(now)}"`,
    ...(first === undefined ? [] : [`"startDate":"${stamp(first.at)}"`]),
    ...(statistic === undefined ? [] : [`"statistic":${JSON.stringify(statistic)}`]),
    ...(unit === undefined ? [] : [`"unit":${JSON.stringify(unit)}`]),
    `"period":${periodMs / 1000}`,
    `"recentDatapoints":[${considered.map(({ value }) => decimal(value)).join(',')}]`,
    `"threshold":${decimal(alarm.threshold)}`,
    ...(considered.length === 0 ? [] : [`"evaluatedDatapoints":[${each.join(',')}]`]),
  ];
  return `{${members.join(',')}}`;
}

/** `2026-11-21T21:30:00.000+0000`. */
export function stamp(at: number): string {
  return isoOf(at).replace('Z', '+0000');
}

/** `21/11/26 21:30:00`. */
function dayAndTime(at: number): string {
  const [date = '', time = ''] = isoOf(at).split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

/** A number as CloudWatch writes it: with a decimal point, and an exponent where it is very large or small. */
export function decimal(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}
