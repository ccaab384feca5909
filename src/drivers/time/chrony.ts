import { runCommand } from '../../base/command.ts';
import type { ClockDrift, TimeSource } from './time-source.ts';

/** The chrony of this machine, where it has one. */
export function chrony(run: typeof runCommand = runCommand): TimeSource {
  return {
    async drift() {
      try {
        return parseTracking((await run('chronyc', ['-n', '-c', 'tracking'])).stdout);
      } catch {
        // Not installed, or not running.
        return undefined;
      }
    },
  };
}

/**
 * What `chronyc -c tracking` prints. The bound is what chrony's documentation gives: the offset, the root dispersion and half
 * of the root delay ("chronyc", tracking), which is how AWS's ClockBound has it, too.
 */
export function parseTracking(line: string): ClockDrift | undefined {
  const fields = line.trim().split(',');
  if (fields.length < 14) return undefined;
  const [reference, offset, delay, dispersion] = [3, 4, 10, 11].map((at) => Number(fields[at]));
  if (reference === undefined || offset === undefined || delay === undefined || dispersion === undefined) {
    return undefined;
  }
  const errorBoundMs = (Math.abs(offset) + dispersion + delay / 2) * 1000;
  if (Number.isNaN(errorBoundMs + reference)) return undefined;
  return { errorBoundMs, referenceAt: reference * 1000, synchronized: fields[13] !== 'Not synchronised' };
}
