import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { hostsFile, withBlock } from './hosts-file.ts';

it('keeps what others wrote, byte for byte, and takes its own block away again', () => {
  const line = fc.stringMatching(/^[a-z0-9. #]{0,20}$/).filter((text) => !text.includes('stowage'));
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = `127.0.0.1 localhost\n${lines.map((l) => `${l}.\n`).join('')}`;
      const ours = withBlock(text, 'aaaa', { 'web.elb.stowage.internal': ['100.127.0.1', '100.127.0.2'] });
      expect(ours.startsWith(text)).toBe(true);
      expect(ours).toContain('100.127.0.2 web.elb.stowage.internal\n');
      const both = withBlock(ours, 'bbbb', { other: ['1.2.3.4'] });
      expect(withBlock(withBlock(both, 'aaaa', {}), 'bbbb', {})).toBe(text);
      expect(withBlock(ours, 'aaaa', { 'web.elb.stowage.internal': ['100.127.0.1', '100.127.0.2'] })).toBe(ours);
    }),
  );
});

it('writes the file in place and shrinks the block', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  try {
    const path = join(folder, 'hosts');
    writeFileSync(path, '127.0.0.1 localhost\n');
    const names = hostsFile('aaaa', path);
    names.apply({ a: ['1.1.1.1'], b: ['2.2.2.2'] });
    expect(readFileSync(path, 'utf8')).toContain('2.2.2.2 b\n');
    names.apply({});
    expect(readFileSync(path, 'utf8').trimEnd()).toBe('127.0.0.1 localhost');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
