/** How the CLI talks: people on standard error and standard output, programs through `--json` on standard output. */
export interface Terminal {
  /** A line of data, or of a story for a person. */
  line(text?: string): void;
  /** A step that has been done. */
  done(text: string): void;
  /** A step that goes on: shown at once, so that long work is never silent. */
  step(text: string): void;
  /** Something that needs the reader's attention, with what to do. */
  warn(text: string): void;
  /** Data for programs. */
  json(value: unknown): void;
  /** Emphasis; plain text where colours are unwanted. */
  bold(text: string): string;
  dim(text: string): string;
  /** Whether colours are wanted. */
  readonly colours: boolean;
  /** How wide pictures may be. */
  readonly columns: number;
  /** Whether a person sits before it, so that a picture can be drawn over the last one. */
  readonly screen: boolean;
}

/** What a file, or a program that reads along, gets: no line of a table is broken for its sake. */
const columnsWithoutTerminal = 120;

/** A terminal on the process's own streams; colours only on a tty and without NO_COLOR (no-color.org). */
export function processTerminal(): Terminal {
  const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const paint = (code: string, text: string): string => (colours ? `\u001B[${code}m${text}\u001B[0m` : text);
  // Whoever read our output has had enough (`stowage logs | head`): that is no failure.
  process.stdout.once('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    line: (text = '') => write(text),
    done: (text) => write(`${paint('32', '✔')} ${text}`),
    step: (text) => write(`${paint('36', '…')} ${text}`),
    warn: (text) => void process.stderr.write(`${paint('33', '!')} ${text}\n`),
    json: (value) => write(JSON.stringify(value, null, 2)),
    bold: (text) => paint('1', text),
    dim: (text) => paint('2', text),
    colours,
    columns: process.stdout.columns || Number(process.env['COLUMNS']) || columnsWithoutTerminal,
    screen: process.stdout.isTTY && process.stdin.isTTY && process.env['TERM'] !== 'dumb',
  };
}

/** Columns aligned to the widest cell, two spaces apart; the first row is the heading. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
