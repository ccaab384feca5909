/** One measured figure. `floor` is what the same work costs at the least, or what a peer needs, measured in the same run. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly floor?: number;
  /** What the floor is. */
  readonly against?: string;
  /** Smaller is better unless `rate` is set. */
  readonly rate?: true;
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The figure below which the share `q` of some figures lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Milliseconds, as precise as the machine's clock. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const round = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

/** The rows as lines of text: figure, floor, and their ratio. */
export function format(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    const figure = `${row.name.padEnd(56)} ${round(row.value).padStart(10)} ${row.unit.padEnd(10)}`;
    if (row.floor === undefined) return figure.trimEnd();
    return `${figure} ${(row.value / row.floor).toFixed(2).padStart(7)} × ${row.against ?? 'floor'} (${round(row.floor)})`;
  });
}
