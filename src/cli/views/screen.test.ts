import { describe, expect, it } from 'vitest';
import { frameOf, keyOf, scrolled } from './screen.ts';
import { span, type Line } from './text.ts';

const lines = Array.from({ length: 10 }, (_, index): Line => [span(`line ${index}`)]);
const rowsOf = (frame: string): string[] => frame.replaceAll(/\u001B\[[?\d]*[A-Za-z]/g, '').split('\r\n');

describe('a picture on a screen', () => {
  it('fills every row, so that nothing of the last one stays', () => {
    const frame = frameOf(lines.slice(0, 2), 'q quits', { columns: 20, rows: 5, top: 0, colours: false });
    expect(rowsOf(frame)).toEqual(['line 0', 'line 1', '', '', 'q quits']);
    expect(frame.split('\u001B[K')).toHaveLength(6);
    // Not cleared before it is drawn: that would flicker.
    expect(frame).not.toContain('\u001B[2J');
    expect(frame).not.toContain('\n\u001B[?2026l');
  });

  it('shows a part of what is longer, and says how much there is above and below', () => {
    const view = { columns: 20, rows: 4, top: 3, colours: false };
    expect(rowsOf(frameOf(lines, 'q', view))).toEqual(['line 3', 'line 4', 'line 5', '↑ 3 ↓ 4 q']);
    // A terminal that became larger than the picture shows all of it.
    expect(rowsOf(frameOf(lines, 'q', { ...view, rows: 11 }))).toHaveLength(11);
    expect(rowsOf(frameOf(lines, 'q', { ...view, top: 99 }))[0]).toBe('line 7');
  });

  it('scrolls no further than there is something to see', () => {
    const at = (top: number) => ({ rows: 4, top });
    expect(scrolled('up', 10, at(0))).toBe(0);
    expect(scrolled('down', 10, at(0))).toBe(1);
    expect(scrolled('page-down', 10, at(0))).toBe(2);
    expect(scrolled('page-down', 10, at(6))).toBe(7);
    expect(scrolled('bottom', 10, at(0))).toBe(7);
    expect(scrolled('top', 10, at(7))).toBe(0);
    expect(scrolled('down', 2, at(0))).toBe(0);
  });

  it.each([
    ['q', 'quit'],
    ['\u0003', 'quit'],
    ['\u001B', 'quit'],
    ['\u001B[A', 'up'],
    ['\u001B[6~', 'page-down'],
    ['x', undefined],
    ['toString', undefined],
  ])('knows the key %j', (sent, key) => {
    expect(keyOf(sent)).toBe(key);
  });
});
