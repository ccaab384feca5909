import { systemClock } from '../../base/clock.ts';
import { enterScreen, frameOf, keyOf, leaveScreen, scrolled } from './screen.ts';
import type { Line } from './text.ts';

/** A picture that is kept before the reader's eyes. */
export interface Watched {
  /** Draws it as wide as the terminal is. */
  picture(columns: number): readonly Line[];
  /** What its last row says. */
  status(): string;
  /** Waits for news; the picture is drawn again with each. Throws only what ends the watching. */
  next(signal: AbortSignal): Promise<void>;
  readonly colours: boolean;
}

/** Ages count in seconds. */
const redrawMs = 1000;

/** Shows a picture on the whole terminal until the reader presses q or Ctrl-C, or a signal comes. */
export async function watchOnScreen(watched: Watched): Promise<void> {
  const { stdin, stdout } = process;
  const ending = new AbortController();
  let top = 0;
  let tick = (): void => {};
  const draw = (): void => {
    tick();
    const [columns, rows] = [stdout.columns, Math.max(2, stdout.rows)];
    const lines = watched.picture(columns);
    stdout.write(frameOf(lines, watched.status(), { columns, rows, top, colours: watched.colours }));
    tick = systemClock.after(redrawMs, draw);
  };
  const onKey = (sent: Buffer): void => {
    const key = keyOf(sent.toString());
    if (key === 'quit') return ending.abort();
    if (key === undefined) return undefined;
    top = scrolled(key, watched.picture(stdout.columns).length, { rows: stdout.rows, top });
    return draw();
  };
  const end = (): void => ending.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, end);
  stdout.write(enterScreen);
  stdout.on('resize', draw);
  if (stdin.isTTY) stdin.setRawMode(true).on('data', onKey).resume();
  try {
    while (!ending.signal.aborted) {
      draw();
      await watched.next(ending.signal);
    }
  } finally {
    tick();
    stdout.off('resize', draw);
    for (const signal of signals) process.off(signal, end);
    if (stdin.isTTY) stdin.setRawMode(false).off('data', onKey).pause();
    stdout.write(leaveScreen);
  }
}
