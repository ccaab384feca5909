import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ctx, ecsFixture } from '../../src/services/ecs/fixture.ts';
import { rows } from './rows.ts';
import { membersOfTheModel } from './schema.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the table of members of a task definition', () => {
  it('has a row for every member of the model, and for nothing else', () => {
    expect(Object.keys(rows).toSorted()).toEqual(membersOfTheModel().toSorted());
  });

  it.each(Object.entries(rows).flatMap(([path, row]) => ('in' in row ? [[path, row.in] as const] : [])))(
    '%s is shown in %s',
    (path, file) => {
      expect(existsSync(resolve(root, file))).toBe(true);
      const text = readFileSync(resolve(root, file), 'utf8');
      for (const member of path.split('.').slice(-1)) expect(text).toMatch(new RegExp(`\\b${member}\\b`));
    },
  );

  it.each(
    Object.entries(rows).flatMap(([path, row]) =>
      'refused' in row ? [[path, row.refused, row.message] as const] : [],
    ),
  )('%s is refused', (_, definition, message) => {
    const { ecs } = ecsFixture();
    expect(() => ecs.RegisterTaskDefinition({ family: 'refused', ...definition }, ctx)).toThrow(
      expect.objectContaining({ code: 'ClientException', message }),
    );
  });
});
