import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { locate, needsOf, programPath } from './packages.ts';

it('asks for more the more a command does, and for an engine only where there is none', () => {
  const programs = (...args: Parameters<typeof needsOf>): string[] => needsOf(...args).map(({ program }) => program);
  expect(programs('serve', false)).toEqual(['haproxy', 'nft', 'ip', 'conntrack']);
  expect(programs('serve', true)).toEqual(['dockerd', 'iptables', 'haproxy', 'nft', 'ip', 'conntrack']);
  expect(programs('demo', false)).toEqual(['haproxy', 'nft', 'ip', 'conntrack', 'docker', 'aws', 'busybox']);
  for (const program of programs('demo', true)) expect(programs('test', true)).toContain(program);
});

it("finds programs on the PATH and in the administrators' folders", () => {
  const folder = mkdtempSync(join(tmpdir(), 'programs-'));
  try {
    writeFileSync(join(folder, 'tool'), '');
    expect(locate('tool', { PATH: folder })).toBeUndefined();
    chmodSync(join(folder, 'tool'), 0o755);
    expect(locate('tool', { PATH: `/nowhere:${folder}` })).toBe(join(folder, 'tool'));
    expect(programPath({ PATH: '/usr/bin:/usr/bin' })).toEqual(['/usr/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
