import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { Ctx } from '../../aws/handlers.ts';
import { MathError } from '../../model/cloudwatch/math/parse.ts';
import { readQueries, type Query } from '../../model/cloudwatch/queries.ts';
import { parseStatistic } from '../../model/cloudwatch/statistic.ts';
import { checkLength, cloudWatchErrors, notSupported } from './errors.ts';
import { checkMetricName, checkNamespace, checkPeriod, checkUnit, readDimensions } from './metric-rules.ts';

/** Queries of GetMetricData and of alarms, checked and read; `name` is the parameter that holds them. */
export function checkQueries(queries: readonly MetricDataQuery[], ctx: Ctx, name: string): Query[] {
  for (const [index, query] of queries.entries()) checkQuery(query, `${name}.member.${index + 1}`, ctx);
  const ids = queries.map(({ Id }) => Id);
  if (new Set(ids).size < ids.length) {
    throw cloudWatchErrors.validation(`The values for parameter Id in parameter ${name} must be unique.`);
  }
  try {
    return readQueries(queries, ctx);
  } catch (error) {
    if (error instanceof MathError) throw cloudWatchErrors.validation(`${error.message}.`);
    throw error;
  }
}

function checkQuery(query: MetricDataQuery, member: string, ctx: Ctx): void {
  const { Id: id = '', MetricStat: stat, Expression: expression, Label: label, AccountId: account } = query;
  checkLength(`${member}.Id`, id, 1, 255);
  if (!/^[a-z]\w*$/.test(id)) {
    throw cloudWatchErrors.validation(
      `The value ${id} for parameter ${member}.Id is not valid: it must begin with a lower-case letter and hold only ` +
        'letters, digits and underscores.',
    );
  }
  checkLength(`${member}.Expression`, expression, 1, 2048);
  if ((stat === undefined) === (expression === undefined)) {
    throw cloudWatchErrors.validation(
      `Exactly one of the parameters ${member}.MetricStat and ${member}.Expression must be specified.`,
    );
  }
  if (account !== undefined && account !== ctx.account) throw notSupported(`${member}.AccountId of another account`);
  // "Using dynamic labels" needs what a label cannot be told here.
  if (label?.includes('${') === true) throw notSupported(`A dynamic label (${label})`);
  if (expression !== undefined) {
    if (/^\s*SELECT\s/i.test(expression)) throw notSupported('A Metrics Insights query (SELECT)');
    if (query.Period !== undefined) checkPeriod(query.Period, `${member}.Period`);
    return;
  }
  if (query.Period !== undefined) {
    throw cloudWatchErrors.validation(`${member}.Period is for expressions; a metric has it in MetricStat.`);
  }
  const { Metric: metric, Period, Stat = '', Unit } = stat ?? {};
  checkNamespace(metric?.Namespace, `${member}.MetricStat.Metric.Namespace`);
  checkMetricName(metric?.MetricName, `${member}.MetricStat.Metric.MetricName`);
  if (metric?.Namespace === undefined || metric.MetricName === undefined) {
    throw cloudWatchErrors.validation(
      `The parameters ${member}.MetricStat.Metric.Namespace and MetricName are required.`,
    );
  }
  readDimensions(metric.Dimensions, `${member}.MetricStat.Metric.Dimensions`);
  checkPeriod(Period ?? 0, `${member}.MetricStat.Period`);
  checkUnit(Unit, `${member}.MetricStat.Unit`);
  if (parseStatistic(Stat) === undefined) {
    throw cloudWatchErrors.validation(`The value ${Stat} for parameter ${member}.MetricStat.Stat is not supported.`);
  }
}
