import { FakeClock } from '../../base/clock.ts';
import { mergedAll, type MetricDatum, type MetricPoint, type MetricSeries } from '../../base/metric.ts';
import { seededIds } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { Store } from '../../store/store.ts';
import { alarmHistory, alarms } from '../../store/tables/cloudwatch.ts';
import { callerIn } from '../testing.ts';
import type { CloudWatchDeps } from './deps.ts';
import { cloudWatchHandlers } from './handlers.ts';

/** The metrics, in memory. For tests only. */
class FakeMetrics {
  readonly #series = new Map<string, { readonly series: MetricSeries; points: MetricPoint[] }>();

  put({ data }: { readonly data: readonly MetricDatum[] }): Promise<boolean> {
    for (const { series, point } of data) {
      const key = keyOf(series);
      const known = this.#series.get(key) ?? { series, points: [] };
      this.#series.set(key, known);
      const same = known.points.filter(({ at, unit }) => at === point.at && unit === point.unit);
      const others = known.points.filter((each) => !same.includes(each));
      known.points = [...others, mergedAll([...same, point]) ?? point].toSorted((a, b) => a.at - b.at);
    }
    return Promise.resolve(true);
  }

  read(series: MetricSeries, from: number, until: number): Promise<MetricPoint[]> {
    const points = this.#series.get(keyOf(series))?.points ?? [];
    return Promise.resolve(points.filter(({ at }) => at >= from && at < until));
  }

  list({
    account,
    region,
    namespace,
    name,
  }: Parameters<CloudWatchDeps['metrics']['list']>[0]): Promise<MetricSeries[]> {
    const all = [...this.#series.values()].map(({ series }) => series);
    return Promise.resolve(
      all.filter(
        (each) =>
          each.account === account &&
          each.region === region &&
          each.namespace === (namespace ?? each.namespace) &&
          each.name === (name ?? each.name),
      ),
    );
  }
}

function keyOf({ account, region, namespace, name, dimensions }: MetricSeries): string {
  const sorted = dimensions.map((each) => JSON.stringify([each.name, each.value])).toSorted();
  return JSON.stringify([account, region, namespace, name, sorted]);
}

/** CloudWatch's handlers on an empty store, at the beginning of an hour. For tests only. */
export function cloudWatchFixture() {
  const store = new Store([alarms, alarmHistory]);
  const clock = new FakeClock(1_795_262_400_000);
  const ids = seededIds(1);
  const metrics = new FakeMetrics();
  const deps = { store, clock, ids, metrics, log: silentLog, publicPool: '100.127.0.0/24' };
  const api = cloudWatchHandlers(deps) as Required<ReturnType<typeof cloudWatchHandlers>>;
  return { ...deps, api, ctx: callerIn() };
}
