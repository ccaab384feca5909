import { open, stat } from 'node:fs/promises';
import { runCommand } from '../../base/command.ts';
import type { RequestLines } from './driver.ts';

/** The most that is read at once, in bytes. */
const mostBytes = 4 * 1024 * 1024;
/** What is not worth the trouble of being freed, in bytes. */
const leastFreed = 1024 * 1024;

/**
 * Reads whole lines from `from` on, some 4 MiB at once; a line that is still being written is left. Nothing of a file that does
 * not exist.
 */
export async function readLines(path: string, from: number): Promise<RequestLines> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return { source: '', lines: [], next: from };
  try {
    const { ino, birthtimeMs, size } = await file.stat();
    const source = `${ino}-${Math.floor(birthtimeMs)}`;
    const buffer = Buffer.alloc(Math.max(0, Math.min(mostBytes, size - from)));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const end = buffer.lastIndexOf(10, bytesRead - 1) + 1;
    if (end === 0) return { source, lines: [], next: from };
    const lines = buffer.toString('latin1', 0, end - 1).split('\n');
    return { source, lines, next: from + end };
  } finally {
    await file.close();
  }
}

/**
 * Gives the disk back what stands before an offset, without moving what stands behind it or disturbing who appends
 * (fallocate(2), FALLOC_FL_PUNCH_HOLE). Where the file system cannot, the file grows on.
 */
export async function freeBefore(path: string, offset: number): Promise<void> {
  const { blocks = 0, size = 0 } = (await stat(path).catch(() => undefined)) ?? {};
  // Blocks count in 512 bytes: what is on disk and not needed any more.
  if (blocks * 512 - (size - offset) < leastFreed) return;
  await runCommand('fallocate', ['--punch-hole', '--offset', '0', '--length', String(offset), path]);
}
