import type { TimeSeries } from '../periods.ts';
import { MathError } from './parse.ts';
import type { Value } from './value.ts';

/** FILL: what is put where a series has no value: a number, those of another series, the last one (REPEAT), or a line between two (LINEAR). */
export function fill(points: TimeSeries, filler: string | Value, grid: readonly number[]): TimeSeries {
  const missing = fillerOf(points, filler, grid);
  const times = [...new Set([...points.keys(), ...grid])].sort((a, b) => a - b);
  const filled = new Map<number, number>();
  for (const at of times) {
    const value = points.get(at) ?? missing(at);
    if (value !== undefined) filled.set(at, value);
  }
  return filled;
}

function fillerOf(
  points: TimeSeries,
  filler: string | Value,
  grid: readonly number[],
): (at: number) => number | undefined {
  if (typeof filler !== 'string') {
    if (filler.kind === 'scalar') return () => filler.value;
    if (filler.kind === 'series') return (at) => filler.points.get(at);
    throw new MathError('FILL takes no array of time series to fill with');
  }
  const known = [...points].toSorted(([a], [b]) => a - b);
  const before = (at: number): readonly [number, number] | undefined => known.findLast(([time]) => time < at);
  const after = (at: number): readonly [number, number] | undefined => known.find(([time]) => time > at);
  if (filler.toUpperCase() === 'REPEAT') return (at) => before(at)?.[1];
  if (filler.toUpperCase() !== 'LINEAR') throw new MathError(`FILL cannot fill with '${filler}'`);
  const line = new Map(
    grid.map((at) => {
      const [from, to] = [before(at), after(at)];
      if (from === undefined || to === undefined) return [at, undefined] as const;
      return [at, from[1] + ((to[1] - from[1]) * (at - from[0])) / (to[0] - from[0])] as const;
    }),
  );
  return (at) => line.get(at);
}
