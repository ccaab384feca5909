import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx, Handlers } from '../../aws/handlers.ts';
import { minuteOf, pointOf, type MetricDatum, type MetricPoint } from '../../base/metric.ts';
import type { CloudWatchDeps } from './deps.ts';
import { cloudWatchErrors, notSupported } from './errors.ts';
import { checkMetricName, checkNamespace, checkUnit, readDimensions } from './metric-rules.ts';

/** "PutMetricData", CloudWatch API Reference: how old and how early data may be. */
const oldestMs = 14 * 24 * 3_600_000;
const earliestMs = 2 * 3_600_000;
/** "Values must be in the range of -2^360 to 2^360." */
const largest = 2 ** 360;
const mostData = 1000;
const mostValues = 150;

/** Takes metric data of the caller's own. */
export function putMetricDataHandlers({ clock, metrics }: CloudWatchDeps) {
  return {
    async PutMetricData(input, ctx) {
      const namespace = checkNamespace(input.Namespace);
      if (namespace.startsWith('AWS/')) {
        throw cloudWatchErrors.value('The value AWS/ for parameter Namespace is invalid.');
      }
      if (input.EntityMetricData !== undefined || input.StrictEntityValidation !== undefined) {
        throw notSupported('EntityMetricData');
      }
      const given = input.MetricData ?? [];
      if (given.length === 0) throw cloudWatchErrors.missing('MetricData');
      if (given.length > mostData) {
        throw cloudWatchErrors.value(`The collection MetricData must not have a size greater than ${mostData}.`);
      }
      const now = clock.now();
      await metrics.put({ data: given.map((datum, index) => readDatum(datum, index, { ctx, namespace, now })) });
      return {};
    },
  } satisfies Handlers<typeof sdk>;
}

function readDatum(
  datum: sdk.MetricDatum,
  index: number,
  { ctx, namespace, now }: { readonly ctx: Ctx; readonly namespace: string; readonly now: number },
): MetricDatum {
  const member = `MetricData.member.${index + 1}`;
  const name = checkMetricName(datum.MetricName, `${member}.MetricName`);
  const dimensions = readDimensions(datum.Dimensions, `${member}.Dimensions`);
  const unit = checkUnit(datum.Unit, `${member}.Unit`) ?? 'None';
  const resolution = datum.StorageResolution ?? 60;
  if (resolution !== 1 && resolution !== 60) {
    throw cloudWatchErrors.value(`The value ${resolution} for parameter ${member}.StorageResolution is invalid.`);
  }
  const time = datum.Timestamp?.getTime() ?? now;
  if (time < now - oldestMs) {
    throw cloudWatchErrors.value(
      `The parameter ${member}.Timestamp must specify a time no more than two weeks in the past.`,
    );
  }
  if (time > now + earliestMs) {
    throw cloudWatchErrors.value(
      `The parameter ${member}.Timestamp must specify a time no more than two hours in the future.`,
    );
  }
  const at = resolution === 1 ? Math.floor(time / 1000) * 1000 : minuteOf(time);
  const { account, region } = ctx;
  return { series: { account, region, namespace, name, dimensions }, point: readPoint(datum, member, at, unit) };
}

/** The samples of a datum: one value, several with their counts, or a summary of some. */
function readPoint(datum: sdk.MetricDatum, member: string, at: number, unit: string): MetricPoint {
  const { Value: value, Values: values, Counts: counts, StatisticValues: statistics } = datum;
  const given = Object.entries({ Value: value, Values: values, StatisticValues: statistics }).filter(
    ([, each]) => each !== undefined,
  );
  const [first, second] = given.map(([name]) => `${member}.${name}`);
  if (first === undefined) {
    throw cloudWatchErrors.missing(`${member}.Value, ${member}.Values or ${member}.StatisticValues`);
  }
  if (second !== undefined) {
    throw cloudWatchErrors.combination(
      `The parameters ${first} and ${second} are mutually exclusive and you have specified both.`,
    );
  }
  if (counts !== undefined && values === undefined) throw cloudWatchErrors.missing(`${member}.Values`);
  if (statistics !== undefined) return ofStatistics(statistics, `${member}.StatisticValues`, at, unit);
  const all = values ?? [value ?? 0];
  if (all.length === 0 || all.length > mostValues) {
    throw cloudWatchErrors.value(`The collection ${member}.Values must have a size between 1 and ${mostValues}.`);
  }
  if (counts !== undefined && counts.length !== all.length) {
    throw cloudWatchErrors.value(`The parameters ${member}.Values and ${member}.Counts must be of the same size.`);
  }
  const samples = all.map((each, index) => {
    const count = counts?.[index] ?? 1;
    checkNumber(each, values === undefined ? `${member}.Value` : `${member}.Values`);
    checkNumber(count, `${member}.Counts`);
    if (count <= 0) throw cloudWatchErrors.value(`The value ${count} for parameter ${member}.Counts is invalid.`);
    return [each, count] as const;
  });
  const point = pointOf(at, unit, samples);
  if (point === undefined) throw cloudWatchErrors.missing(`${member}.Values`);
  return point;
}

function ofStatistics(statistics: sdk.StatisticSet, member: string, at: number, unit: string): MetricPoint {
  const { SampleCount: count = 0, Sum: sum = 0, Minimum: min = 0, Maximum: max = 0 } = statistics;
  for (const [name, value] of Object.entries({ SampleCount: count, Sum: sum, Minimum: min, Maximum: max })) {
    checkNumber(value, `${member}.${name}`);
  }
  if (count <= 0) throw cloudWatchErrors.value(`The value ${count} for parameter ${member}.SampleCount is invalid.`);
  if (min > max) {
    throw cloudWatchErrors.value(
      `The parameter ${member}.Maximum must not be less than the parameter ${member}.Minimum.`,
    );
  }
  // The values are known where there is but one ("Percentiles", Amazon CloudWatch concepts).
  const known = count === 1 || min === max ? (pointOf(at, unit, [[max, count]])?.values ?? []) : [];
  return { at, unit, sum, count, min, max, values: known };
}

function checkNumber(value: number, member: string): void {
  if (Number.isFinite(value) && Math.abs(value) <= largest) return;
  throw cloudWatchErrors.value(`The value ${value} for parameter ${member} is invalid.`);
}
