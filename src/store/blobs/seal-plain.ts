import { createReadStream } from 'node:fs';
import { readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DigestMismatch, type Blobs } from './blobs.ts';

/**
 * Encrypts the blobs that a version before encryption kept as they are, `<dir>/sha256/<first two digits>/<digest>`. Each goes
 * only once its encrypted copy is durable: whoever is killed meanwhile goes on at the next start. One that is not what
 * its name says stays where it is, and is no blob.
 */
export async function sealPlainBlobs(dir: string, blobs: Pick<Blobs, 'begin'>): Promise<void> {
  const root = join(dir, 'sha256');
  for (const folder of await foldersIn(root)) {
    for (const name of await readdir(join(root, folder))) {
      const path = join(root, folder, name);
      const upload = await blobs.begin('');
      await upload.append(createReadStream(path));
      try {
        await upload.commit(`sha256:${name}`, () => {});
      } catch (error) {
        if (error instanceof DigestMismatch) continue;
        throw error;
      }
      await unlink(path);
    }
    await removeEmpty(join(root, folder));
  }
  await removeEmpty(root);
}

async function foldersIn(root: string): Promise<string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
