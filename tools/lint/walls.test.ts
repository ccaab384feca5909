import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { judge, rooms } from './walls.ts';

const root = resolve(import.meta.dirname, '../..');

describe('the walls between the rooms', () => {
  const cases: readonly [from: string, to: string, allowed: boolean][] = [
    ['services/ecs/clusters.ts', 'store/store.ts', true],
    ['services/ecs/clusters.ts', 'services/deps.ts', true],
    ['services/ecs/clusters.ts', 'services/ecs/arns.ts', true],
    ['services/ecs/clusters.ts', 'services/ec2/vpcs.ts', false],
    ['services/ecs/clusters.ts', 'drivers/docker/driver.ts', false],
    ['services/ecs/clusters.test.ts', 'services/ec2/vpcs.ts', true],
    ['control/tasks/plan.ts', 'control/services/plan.ts', false],
    ['control/tasks/plan.ts', 'control/loop.ts', true],
    ['control/tasks/apply.ts', 'aws/handlers.ts', false],
    ['base/clock.ts', 'model/tags.ts', false],
    ['store/store.ts', 'services/deps.ts', false],
    ['drivers/docker/docker.ts', 'drivers/network/driver.ts', false],
    ['drivers/network/network.ts', 'wire/network-spec.ts', true],
    ['agent/agent.ts', 'store/store.ts', false],
    ['fleet/session.ts', 'drivers/docker/driver.ts', false],
    ['aws/front.ts', 'main/control-plane.ts', false],
    ['attic/old.ts', 'base/ids.ts', false],
    ['main/control-plane.ts', 'agent/agent.ts', true],
  ];
  it.each(cases)('%s → %s: %s', (from, to, allowed) => {
    expect(judge(join('/p/src', from), join('/p/src', to)) === undefined).toBe(allowed);
  });

  it('never let anything import main or cli', () => {
    for (const room of Object.keys(rooms)) {
      if (room === 'main' || room === 'cli') continue;
      for (const top of ['main', 'cli']) expect(judge(`/p/src/${room}/a.ts`, `/p/src/${top}/b.ts`)).toBeDefined();
    }
  });
});

describe('the linter', () => {
  const folder = mkdtempSync(join(tmpdir(), 'walls-'));
  for (const link of ['.oxlintrc.json', 'node_modules', 'tools', 'tsconfig.json'])
    symlinkSync(join(root, link), join(folder, link));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Lints a tree with the project's own configuration and answers what the linter printed. */
  function lint(files: Record<string, string>): string {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const run = spawnSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), 'src'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return run.stdout + run.stderr;
  }

  it('reports an import through a wall, the global clock and global randomness', () => {
    const printed = lint({
      'src/store/rows.ts': 'export const rows = 1;\n',
      'src/aws/front.ts':
        "import { rows } from '../store/rows.ts';\nexport const now = Date.now() + Math.random() + rows;\n",
    });
    expect(printed).toContain('src/aws may not import src/store (it may import base)');
    expect(printed).toContain('Take the injected Clock');
    expect(printed).toContain('Take the injected Ids');
  });

  it('passes the same files once they keep to the rules', () => {
    const printed = lint({ 'src/aws/front.ts': 'export const nothing = 1;\n' });
    expect(printed).toContain('0 errors');
  });
});
