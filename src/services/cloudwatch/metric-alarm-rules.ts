import type * as sdk from '@aws-sdk/client-cloudwatch';
import type { Ctx } from '../../aws/handlers.ts';
import { given } from '../../base/given.ts';
import {
  comparisonOperators,
  missingDataTreatments,
  type MetricAlarm,
  type WatchedMetric,
} from '../../model/cloudwatch/alarm.ts';
import { MathError } from '../../model/cloudwatch/math/parse.ts';
import { evaluateQueries, periodOf, type Query } from '../../model/cloudwatch/queries.ts';
import { basicStatistics, parseStatistic } from '../../model/cloudwatch/statistic.ts';
import { checkEnum, checkRange, cloudWatchErrors, notSupported } from './errors.ts';
import { checkMetricName, checkNamespace, checkUnit, readDimensions } from './metric-rules.ts';
import { checkQueries } from './query-rules.ts';

const dayS = 24 * 3600;
/** "Metric math in alarms": an expression is based on at most ten metrics. */
const mostMetrics = 10;
/** What belongs to an alarm on one metric, and not to one on metric math. */
const ofOneMetric = [
  'MetricName',
  'Namespace',
  'Dimensions',
  'Period',
  'Unit',
  'Statistic',
  'ExtendedStatistic',
] as const;

/** What an alarm watches, and how it judges it. */
type Judgement = Pick<
  MetricAlarm,
  | 'watched'
  | 'evaluationPeriods'
  | 'datapointsToAlarm'
  | 'threshold'
  | 'comparisonOperator'
  | 'treatMissingData'
  | 'evaluateLowSampleCountPercentile'
>;

/** What PutMetricAlarm is given of that, checked ("PutMetricAlarm", CloudWatch API Reference). */
export function readJudgement(input: sdk.PutMetricAlarmInput, ctx: Ctx): Judgement {
  if (input.EvaluationCriteria !== undefined || input.EvaluationInterval !== undefined) {
    throw notSupported('EvaluationCriteria (alarms on PromQL queries)');
  }
  if (input.EvaluationWindow !== undefined) throw notSupported('EvaluationWindow');
  if (input.WarmUpConfiguration !== undefined) throw notSupported('WarmUpConfiguration');
  const { ComparisonOperator: operator, ThresholdMetricId: band, Threshold: threshold } = input;
  if (band !== undefined || operator?.includes('Lower') === true || operator?.includes('Upper') === true) {
    throw notSupported('An alarm on anomaly detection (ThresholdMetricId)');
  }
  if (operator === undefined) throw cloudWatchErrors.validation('The parameter ComparisonOperator is required.');
  checkEnum('comparisonOperator', operator, comparisonOperators);
  if (threshold === undefined) throw cloudWatchErrors.validation('The parameter Threshold is required.');
  if (!Number.isFinite(threshold)) {
    throw cloudWatchErrors.validation(`The value ${threshold} for parameter Threshold is invalid.`);
  }
  const { watched, periodS } = input.Metrics === undefined ? readMetric(input) : readMath(input, input.Metrics, ctx);
  return {
    watched,
    threshold,
    comparisonOperator: operator,
    ...readPeriods(input, periodS),
    ...given('treatMissingData', readTreatment(input.TreatMissingData)),
    ...given('evaluateLowSampleCountPercentile', readLowSamples(input)),
  };
}

function readMetric(input: sdk.PutMetricAlarmInput): { watched: { metric: WatchedMetric }; periodS: number } {
  for (const name of ['MetricName', 'Namespace', 'Period'] as const) {
    if (input[name] === undefined) throw cloudWatchErrors.validation(`The parameter ${name} is required.`);
  }
  const { Statistic: statistic, ExtendedStatistic: extended, Period: periodS = 60 } = input;
  if ((statistic === undefined) === (extended === undefined)) {
    throw cloudWatchErrors.validation(
      'Exactly one of the parameters Statistic and ExtendedStatistic must be specified.',
    );
  }
  checkEnum('statistic', statistic, basicStatistics);
  const parsed = extended === undefined ? undefined : parseStatistic(extended);
  if (extended !== undefined && (parsed === undefined || parsed.kind === 'basic')) {
    throw cloudWatchErrors.value(`The value ${extended} for parameter ExtendedStatistic is not supported.`);
  }
  const metric = {
    namespace: checkNamespace(input.Namespace),
    name: checkMetricName(input.MetricName),
    dimensions: readDimensions(input.Dimensions),
    periodSeconds: periodS,
    ...given('statistic', statistic),
    ...given('extendedStatistic', extended),
    ...given('unit', checkUnit(input.Unit)),
  };
  return { watched: { metric }, periodS };
}

function readMath(
  input: sdk.PutMetricAlarmInput,
  metrics: readonly sdk.MetricDataQuery[],
  ctx: Ctx,
): { watched: { queries: readonly sdk.MetricDataQuery[] }; periodS: number } {
  const both = ofOneMetric.find((name) => input[name] !== undefined);
  if (both !== undefined) {
    throw cloudWatchErrors.validation(`The parameters Metrics and ${both} are mutually exclusive.`);
  }
  const queries = checkQueries(metrics, ctx, 'Metrics');
  if (queries.filter(({ kind }) => kind === 'metric').length > mostMetrics) {
    throw cloudWatchErrors.validation(`The collection Metrics must not hold more than ${mostMetrics} metrics.`);
  }
  const returned = queries.filter(({ returned: isReturned }) => isReturned);
  const [watched] = returned;
  if (watched === undefined || returned.length > 1) {
    throw cloudWatchErrors.validation('Exactly one element of the metrics list should return data.');
  }
  tryOut(queries);
  return { watched: { queries: metrics }, periodS: periodOf(watched, queries) / 1000 };
}

/** Whether the queries come to one time series is seen without any data. */
function tryOut(queries: readonly Query[]): void {
  try {
    const results = evaluateQueries(queries, new Map(), { from: 0, until: 1, anchor: 0 });
    if (results.length > 1) {
      throw cloudWatchErrors.validation('The expression of an alarm must come to a single time series.');
    }
  } catch (error) {
    if (error instanceof MathError) throw cloudWatchErrors.validation(`${error.message}.`);
    throw error;
  }
}

function readPeriods(
  input: sdk.PutMetricAlarmInput,
  periodS: number,
): Pick<MetricAlarm, 'evaluationPeriods' | 'datapointsToAlarm'> {
  const { EvaluationPeriods: evaluationPeriods, DatapointsToAlarm: datapointsToAlarm } = input;
  if (![10, 20, 30].includes(periodS) && (periodS <= 0 || periodS % 60 !== 0)) {
    throw cloudWatchErrors.validation('Period must be 10, 20, 30 or a multiple of 60');
  }
  if (evaluationPeriods === undefined)
    throw cloudWatchErrors.validation('The parameter EvaluationPeriods is required.');
  checkRange('evaluationPeriods', evaluationPeriods, 1, Number.MAX_SAFE_INTEGER);
  checkRange('datapointsToAlarm', datapointsToAlarm, 1, Number.MAX_SAFE_INTEGER);
  const longest = periodS < 3600 ? dayS : 7 * dayS;
  if (evaluationPeriods * periodS > longest) {
    throw cloudWatchErrors.validation(
      `Metrics cannot be checked across more than ${longest === dayS ? 'a day' : 'seven days'} (EvaluationPeriods * ` +
        `Period must be <= ${longest}).`,
    );
  }
  if (datapointsToAlarm !== undefined && datapointsToAlarm > evaluationPeriods) {
    throw cloudWatchErrors.validation('DatapointsToAlarm must be less than or equal to EvaluationPeriods');
  }
  return { evaluationPeriods, ...given('datapointsToAlarm', datapointsToAlarm) };
}

function readTreatment(value: string | undefined): MetricAlarm['treatMissingData'] {
  const found = missingDataTreatments.find((each) => each === value);
  if (value === undefined || found !== undefined) return found;
  throw cloudWatchErrors.validation(
    `Option ${value} is not supported. Supported options for parameter TreatMissingData are breaching, notBreaching, ` +
      'ignore, and missing.',
  );
}

function readLowSamples(input: sdk.PutMetricAlarmInput): MetricAlarm['evaluateLowSampleCountPercentile'] {
  const value = input.EvaluateLowSampleCountPercentile;
  if (value === undefined) return undefined;
  if (value !== 'evaluate' && value !== 'ignore') {
    throw cloudWatchErrors.validation(
      `Option ${value} is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate ` +
        'and ignore.',
    );
  }
  if (parseStatistic(input.ExtendedStatistic ?? '')?.kind !== 'percentile') {
    throw cloudWatchErrors.validation('EvaluateLowSampleCountPercentile is for alarms on a percentile of one metric.');
  }
  return value;
}
