import type { MetricPoint } from '../../base/metric.ts';
import { beginOf, type Query, type QueryWindow } from '../../model/cloudwatch/queries.ts';
import type { MetricStore } from './metric-store.ts';

/** The points of every metric among some queries, by the query's id. */
export async function readMetrics(
  metrics: Pick<MetricStore, 'read'>,
  queries: readonly Query[],
  window: QueryWindow,
): Promise<ReadonlyMap<string, readonly MetricPoint[]>> {
  const read = queries.map(async (query) => {
    if (query.kind !== 'metric') return undefined;
    const points = await metrics.read(query.series, beginOf(query.periodMs, window), window.until);
    return [query.id, points] as const;
  });
  return new Map((await Promise.all(read)).filter((each) => each !== undefined));
}
