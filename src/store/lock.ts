import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../base/errors.ts';

/**
 * Holds `path` for this process until the returned function is called or the process ends, however it ends. Throws when
 * another process holds it. (SQLite's exclusive lock on an empty database is an operating-system lock that the kernel
 * takes back; Node has no such lock of its own.)
 */
export function lockFile(path: string): () => void {
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (/locked/.test(messageOf(error)))
      throw new Error(`${path} is held: another process uses this state`, { cause: error });
    throw error;
  }
  return () => db.close();
}
