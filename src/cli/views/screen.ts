import { cutLine, span, written, type Line } from './text.ts';

/** What is seen of a picture that may be longer than the terminal. */
export interface Viewport {
  readonly columns: number;
  readonly rows: number;
  /** The first line that is shown; as far as there is one. */
  readonly top: number;
  readonly colours: boolean;
}

/** What a key asks for. */
export type KeyPress = 'quit' | 'up' | 'down' | 'page-up' | 'page-down' | 'top' | 'bottom';

const keys: ReadonlyMap<string, KeyPress> = new Map([
  ['q', 'quit'],
  ['\u0003', 'quit'],
  ['\u001B', 'quit'],
  ['k', 'up'],
  ['\u001B[A', 'up'],
  ['\u001BOA', 'up'],
  ['j', 'down'],
  ['\u001B[B', 'down'],
  ['\u001BOB', 'down'],
  ['\u001B[5~', 'page-up'],
  ['\u001B[6~', 'page-down'],
  [' ', 'page-down'],
  ['g', 'top'],
  ['\u001B[H', 'top'],
  ['G', 'bottom'],
  ['\u001B[F', 'bottom'],
]);

/** The key that a terminal sent; `undefined` for one that means nothing here. */
export function keyOf(sent: string): KeyPress | undefined {
  return keys.get(sent);
}

/** Where the viewport begins after a key. */
export function scrolled(key: KeyPress, length: number, { rows, top }: Pick<Viewport, 'rows' | 'top'>): number {
  const page = rows - 2;
  const last = Math.max(0, length - (rows - 1));
  const moves: Readonly<Record<KeyPress, number>> = {
    quit: top,
    up: top - 1,
    down: top + 1,
    'page-up': top - page,
    'page-down': top + page,
    top: 0,
    bottom: last,
  };
  return Math.max(0, Math.min(last, moves[key]));
}

/**
 * What to send to a terminal so that it shows a part of a picture and, in its last row, `status`. Every line is written over
 * what was there, and the terminal is asked to show them at once, so that nothing flickers.
 */
export function frameOf(lines: readonly Line[], status: string, viewport: Viewport): string {
  const { columns, rows, colours } = viewport;
  const top = Math.max(0, Math.min(viewport.top, lines.length - (rows - 1)));
  const seen = lines.slice(top, top + rows - 1);
  const above = top > 0 ? `↑ ${top} ` : '';
  const below = lines.length > top + seen.length ? `↓ ${lines.length - top - seen.length} ` : '';
  const blank = Array.from({ length: rows - 1 - seen.length }, (): Line => []);
  const all = [...seen, ...blank, [span(`${above}${below}${status}`, 'dim')]].map((line) => cutLine(line, columns));
  const shown = written(all, colours).map((text) => `${text}\u001B[K`);
  return `${synchronized.begin}\u001B[H${shown.join('\r\n')}${synchronized.end}`;
}

/** "Synchronized output": a terminal that does not know it ignores it. */
const synchronized = { begin: '\u001B[?2026h', end: '\u001B[?2026l' };

/** Enters the terminal's second screen without a cursor, and leaves it as it was found. */
export const enterScreen = '\u001B[?1049h\u001B[?25l\u001B[2J';
export const leaveScreen = '\u001B[?25h\u001B[?1049l';
