/** What a piece of text means; what it looks like is decided when it is written. */
export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'busy' | 'bad' | 'leaving';

/** A piece of one line, without control characters. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** One line of a picture. */
export type Line = readonly Span[];

/** The attributes of ECMA-48 (SGR): colours of the reader's own palette, so that they can be read on any background. */
const attributes: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '1',
  dim: '2',
  good: '32',
  busy: '33',
  bad: '31',
  leaving: '35',
};

/** Characters that take two columns: those of East Asian scripts, and pictures. */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uFF01-\uFF60]/u;

/** Text that is somebody else's, such as a reason: what would move the cursor or change colours is taken out of it. */
export function span(text: string, style: Style = 'plain'): Span {
  return { text: text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' '), style };
}

/** How many columns a text takes. */
export function widthOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += /\p{M}/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

/** How many columns a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** A text in `columns` columns at most, with `…` for what had no room. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > columns - 1) break;
    kept += character;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/** A text in exactly `columns` columns. */
export function fit(text: string, columns: number): string {
  const short = cut(text, columns);
  return short + ' '.repeat(Math.max(0, columns - widthOf(short)));
}

/** A line in `columns` columns at most. */
export function cutLine(line: Line, columns: number): Line {
  const cutTo: Span[] = [];
  let left = columns;
  for (const { text, style } of line) {
    const total = widthOf(text);
    cutTo.push({ text: cut(text, left), style });
    left -= total;
    if (left <= 0) break;
  }
  return cutTo;
}

/** Words in lines of `columns` columns; one that is longer is broken. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of span(text)
    .text.split(' ')
    .filter((each) => each !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= columns) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (widthOf(line) > columns) {
      const head = Array.from(line).slice(0, Math.max(1, columns)).join('');
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Lines as they are written, without spaces at their ends. */
export function written(lines: readonly Line[], colours: boolean): string[] {
  return lines.map((line) => {
    const end = line.findLastIndex(({ text }) => text.trim() !== '');
    return line
      .slice(0, end + 1)
      .map(({ text, style }, index) => {
        const shown = index === end ? text.trimEnd() : text;
        const attribute = attributes[style];
        return colours && attribute !== '' && shown !== '' ? `\u001B[${attribute}m${shown}\u001B[0m` : shown;
      })
      .join('');
  });
}

/** How long something has lasted, short: `12s`, `4m`, `3h`, `2d`. */
export function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 100) return `${seconds}s`;
  if (seconds < 100 * 60) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
