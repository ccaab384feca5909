import { merged, type MetricDatum, type MetricPoint, type MetricSeries } from '../../base/metric.ts';
import { SqliteFile } from '../sqlite-file.ts';

/**
 * Points beside their series, those of each unit by themselves. A series' key is its identity as one text; `values` are the
 * pairs of a point, as JSON. Of each source is known how far it was taken.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    "key" TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    namespace TEXT NOT NULL,
    json TEXT NOT NULL,
    lastAt INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS byNamespace ON series (scope, namespace);
  CREATE TABLE IF NOT EXISTS unitPoints (
    series INTEGER NOT NULL,
    at INTEGER NOT NULL,
    unit TEXT NOT NULL,
    sum REAL NOT NULL,
    count REAL NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    "values" TEXT NOT NULL,
    PRIMARY KEY (series, at, unit)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS unitPointsByTime ON unitPoints (at);
  CREATE TABLE IF NOT EXISTS sources (source TEXT PRIMARY KEY, sequence INTEGER NOT NULL, seenAt INTEGER NOT NULL) WITHOUT ROWID`;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** "Metrics retention" (Amazon CloudWatch concepts): how old points may be of a second, of a minute, of five minutes, and of an hour. */
const tiers = [
  { olderThanMs: 3 * hourMs, periodMs: minuteMs },
  { olderThanMs: 15 * dayMs, periodMs: 5 * minuteMs },
  { olderThanMs: 63 * dayMs, periodMs: hourMs },
] as const;
const keptMs = 455 * dayMs;
/** The most points that one step of thinning looks at, so that writers are not held up. */
const stepLimit = 5_000;

/** Some points, and from where: a source's sequence rises, and one that is not above the highest taken is a repetition. */
export interface MetricBatch {
  readonly data: readonly MetricDatum[];
  readonly source?: { readonly id: string; readonly sequence: number };
  /** Now, epoch milliseconds. */
  readonly at: number;
}

/** Which series are asked for: all of a scope, of a namespace, or of a name. */
export interface SeriesQuery {
  readonly account: string;
  readonly region: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Metric points in one SQLite file. Synchronous: it lives in a thread of its own. */
export class MetricsDb extends SqliteFile {
  constructor(path: string) {
    super(path, schema);
    // Before there were units in the key, points had a table of their own.
    if (this.sql("SELECT 1 FROM sqlite_master WHERE name = 'points'").get() !== undefined) {
      this.transact(() => {
        this.sql('INSERT OR IGNORE INTO unitPoints SELECT * FROM points').run();
        this.sql('DROP TABLE points').run();
      });
    }
  }

  /** Stores points as one transaction, merging those of the same minute; answers whether they were new. */
  put({ data, source, at }: MetricBatch): boolean {
    return this.transact(() => {
      if (source !== undefined) {
        if (this.taken(source.id) >= source.sequence) return false;
        this.sql('INSERT OR REPLACE INTO sources VALUES (?, ?, ?)').run(source.id, source.sequence, at);
      }
      for (const { series, point } of data) this.#add(this.#seriesId(series, point.at), point);
      return true;
    });
  }

  /** The highest sequence that was taken of a source; 0 when there was none. */
  taken(source: string): number {
    return Number(this.sql('SELECT sequence FROM sources WHERE source = ?').get(source)?.['sequence'] ?? 0);
  }

  /** The points of a series that begin within [from, until), by time. */
  read(series: MetricSeries, from: number, until: number): MetricPoint[] {
    const id = this.sql('SELECT id FROM series WHERE "key" = ?').get(keyOf(series))?.['id'];
    if (id === undefined) return [];
    const rows = this.sql('SELECT * FROM unitPoints WHERE series = ? AND at >= ? AND at < ? ORDER BY at, unit');
    return rows.all(id, from, until).map(pointOfRow);
  }

  /** Series that had a point at or after `since`. */
  list({ account, region, namespace, name }: SeriesQuery, since: number): MetricSeries[] {
    const rows = this.sql(
      'SELECT json FROM series WHERE scope = ? AND (? IS NULL OR namespace = ?) AND lastAt >= ? ORDER BY id',
    ).all(`${account} ${region}`, namespace ?? null, namespace ?? null, since);
    const all = rows.map((row) => JSON.parse(String(row['json'])) as MetricSeries);
    return name === undefined ? all : all.filter((each) => each.name === name);
  }

  /** Forgets everything. */
  clear(): void {
    this.transact(() => {
      for (const table of ['unitPoints', 'series', 'sources']) this.sql(`DELETE FROM ${table}`).run();
    });
  }

  /** Makes old points fewer, and removes the oldest, as CloudWatch does; answers whether there may be more to do. */
  thin(now: number): boolean {
    return this.transact(() => {
      this.sql('DELETE FROM sources WHERE seenAt < ?').run(now - keptMs);
      const gone = this.sql('DELETE FROM unitPoints WHERE at < ?').run(now - keptMs).changes;
      if (gone !== 0) this.sql('DELETE FROM series WHERE lastAt < ?').run(now - keptMs);
      return tiers.some(({ olderThanMs, periodMs }) => this.#widen(now - olderThanMs, periodMs));
    });
  }

  #widen(before: number, periodMs: number): boolean {
    const narrow = this.sql('SELECT * FROM unitPoints WHERE at < ? AND at % ? <> 0 ORDER BY at LIMIT ?');
    const rows = narrow.all(before, periodMs, stepLimit);
    for (const row of rows) {
      const [series, at] = [Number(row['series']), Number(row['at'])];
      this.sql('DELETE FROM unitPoints WHERE series = ? AND at = ? AND unit = ?').run(series, at, String(row['unit']));
      this.#add(series, { ...pointOfRow(row), at: at - (at % periodMs) });
    }
    return rows.length === stepLimit;
  }

  #add(series: number, point: MetricPoint): void {
    const same = this.sql('SELECT * FROM unitPoints WHERE series = ? AND at = ? AND unit = ?');
    const row = same.get(series, point.at, point.unit);
    const { at, unit, sum, count, min, max, values } = row === undefined ? point : merged(pointOfRow(row), point);
    const put = this.sql('INSERT OR REPLACE INTO unitPoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    put.run(series, at, unit, sum, count, min, max, JSON.stringify(values));
  }

  #seriesId(series: MetricSeries, at: number): number {
    const key = keyOf(series);
    const known = this.sql('SELECT id, lastAt FROM series WHERE "key" = ?').get(key);
    if (known !== undefined) {
      if (Number(known['lastAt']) < at) {
        this.sql('UPDATE series SET lastAt = ? WHERE id = ?').run(at, Number(known['id']));
      }
      return Number(known['id']);
    }
    const { account, region, namespace } = series;
    const insert = this.sql('INSERT INTO series ("key", scope, namespace, json, lastAt) VALUES (?, ?, ?, ?, ?)');
    return Number(insert.run(key, `${account} ${region}`, namespace, JSON.stringify(series), at).lastInsertRowid);
  }
}

/** The order in which dimensions are given makes no difference. */
function keyOf({ account, region, namespace, name, dimensions }: MetricSeries): string {
  const sorted = dimensions.map((each) => [each.name, each.value]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return JSON.stringify([account, region, namespace, name, sorted]);
}

function pointOfRow(row: Record<string, unknown>): MetricPoint {
  return {
    at: Number(row['at']),
    unit: String(row['unit']),
    sum: Number(row['sum']),
    count: Number(row['count']),
    min: Number(row['min']),
    max: Number(row['max']),
    values: JSON.parse(String(row['values'])) as [number, number][],
  };
}
