import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Agenda } from './agenda.ts';

it('gives back each subject once, at its latest set time, earliest first', () => {
  const entry = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.option(fc.nat(100), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(entry), fc.nat(100), (entries, now) => {
      const agenda = new Agenda();
      const model = new Map<string, number>();
      for (const [subject, at] of entries) {
        agenda.set(subject, at);
        if (at === undefined) model.delete(subject);
        else model.set(subject, at);
      }
      const expected = [...model].filter(([, at]) => at <= now);
      const due = agenda.due(now);
      expect(due.toSorted()).toEqual(expected.map(([subject]) => subject).toSorted());
      expect(due.map((subject) => model.get(subject))).toEqual(expected.map(([, at]) => at).toSorted((a, b) => a - b));
      const rest = [...model.values()].filter((at) => at > now);
      expect(agenda.next()).toBe(rest.length === 0 ? undefined : Math.min(...rest));
    }),
  );
});
