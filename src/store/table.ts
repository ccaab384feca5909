/**
 * What a table holds and how it is found again. Rows are plain, readonly, JSON-serialisable values; the key never
 * changes during a row's life. An index maps a row to the values it is found under: none, one or several.
 */
export interface Table<Row, Index extends string = string> {
  /** Unique over the store, `<service>.<plural>`; it names the table in the journal and never changes. */
  readonly name: string;
  key(row: Row): string;
  readonly indexes: Readonly<Record<Index, (row: Row) => string | readonly string[] | undefined>>;
  /**
   * Whether a row has come to rest: hardly anybody will read or change it again. Such a row is held by the journal alone and
   * read from there each time, which takes some 20 µs; its key and what it is found under stay in memory.
   */
  rests?(row: Row): boolean;
  /** The version of the rows' shape, 1 unless given: raised when rows written before must be changed to fit. */
  readonly version?: number;
  /** Makes a row of an older version into one of this version. Needed once `version` is above 1. */
  migrate?(row: unknown, from: number): unknown;
}

/** Declares a table: `const clusters = table<Cluster>()({ name: 'ecs.clusters', key: …, indexes: { … } })`. */
export function table<Row>() {
  return <const Index extends string>(definition: Table<Row, Index>): Table<Row, Index> => definition;
}
