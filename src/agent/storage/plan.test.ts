import { expect, it } from 'vitest';
import { isDue, type StorageView } from './plan.ts';

const gibibyte = 2 ** 30;
const view = (more: Partial<StorageView>): StorageView => ({
  reserved: 20 * gibibyte,
  used: 0,
  measuredAt: 0,
  takenThen: 100 * gibibyte,
  takenNow: 100 * gibibyte,
  ...more,
});

it.each<[string, Partial<StorageView>, number, boolean]>([
  ['nothing was written anywhere', {}, 60_000, false],
  ['the file system grew by less than half of what is left', { takenNow: 109 * gibibyte }, 60_000, false],
  ['it grew by half', { takenNow: 110 * gibibyte }, 60_000, true],
  ['little is left', { used: 19 * gibibyte, takenNow: 100.5 * gibibyte }, 60_000, true],
  ['nothing is left', { used: 21 * gibibyte }, 60_000, true],
  ['others freed more than was written', { takenNow: 50 * gibibyte }, 60_000, false],
  ['nobody looked for long', {}, 600_000, true],
  ['nobody ever looked', { measuredAt: undefined }, 0, true],
])('a task is measured when %s', (_, more, now, due) => {
  expect(isDue(view(more), now)).toBe(due);
});
