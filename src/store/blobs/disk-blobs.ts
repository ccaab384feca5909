import { createHash, type Hash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { Ids } from '../../base/ids.ts';
import { cryptOf, fingerprintOf, saltBytes, type Crypt } from './cipher.ts';
import { DigestMismatch, UploadBusy, type Blobs, type BlobUpload } from './blobs.ts';
import { sealPlainBlobs } from './seal-plain.ts';

/** How long an upload waits for its next piece. */
const UPLOAD_LIFETIME_MS = 24 * 60 * 60_000;

/**
 * Blobs as files, `<dir>/sealed/<first two digits>/<digest>`, encrypted. A blob is written to `<dir>/uploads` first, synced, and
 * renamed to its name once its digest has been checked: under its name there is a whole blob or none.
 */
export class DiskBlobs implements Blobs {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #key: Uint8Array;
  readonly #uploads = new Map<string, DiskUpload>();
  /** Blobs that are being read, or whose link is being written: not to be collected, however few refer to them. */
  readonly #held = new Map<string, number>();
  /** Those of them that were to be collected, and how to ask whether they still are. */
  readonly #awaited = new Map<string, (digest: string) => boolean>();

  private constructor(dir: string, clock: Clock, ids: Ids, key: Uint8Array) {
    this.#dir = dir;
    this.#clock = clock;
    this.#ids = ids;
    this.#key = key;
  }

  /**
   * Opens the folder, making it where needed, and clears away uploads that a former process left unfinished. Everything is
   * encrypted under `key`, 32 bytes, what was not before is then; rejects when what is there was encrypted under another one.
   */
  static async open(dir: string, clock: Clock, ids: Ids, key: Uint8Array): Promise<DiskBlobs> {
    await rm(join(dir, 'uploads'), { recursive: true, force: true });
    await mkdir(join(dir, 'uploads'), { recursive: true });
    await mkdir(join(dir, 'sealed'), { recursive: true });
    await checkKey(dir, fingerprintOf(key));
    const blobs = new DiskBlobs(dir, clock, ids, key);
    await sealPlainBlobs(dir, blobs);
    return blobs;
  }

  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size - saltBytes;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async read(digest: string): Promise<Buffer> {
    const file = await readFile(this.#path(digest));
    return cryptOf(this.#key, file.subarray(0, saltBytes))(file.subarray(saltBytes), 0);
  }

  stream(digest: string, range?: { readonly start: number; readonly end: number }): Readable {
    const release = this.hold([digest]);
    return Readable.from(this.#chunks(this.#path(digest), range), { objectMode: false }).once('close', release);
  }

  async *#chunks(
    path: string,
    { start, end }: { readonly start: number; readonly end: number } = { start: 0, end: Infinity },
  ): AsyncGenerator<Buffer> {
    const file = await open(path, 'r');
    try {
      const { buffer: salt } = await file.read(Buffer.alloc(saltBytes), 0, saltBytes, 0);
      const crypt = cryptOf(this.#key, salt);
      let offset = start;
      const from = { start: start + saltBytes, end: end + saltBytes, autoClose: false };
      for await (const chunk of file.createReadStream(from) as AsyncIterable<Buffer>) {
        yield crypt(chunk, offset);
        offset += chunk.length;
      }
    } finally {
      await file.close();
    }
  }

  hold(digests: readonly string[]): () => void {
    for (const digest of digests) this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const digest of digests) this.#release(digest);
    };
  }

  #release(digest: string): void {
    const holds = (this.#held.get(digest) ?? 1) - 1;
    if (holds > 0) return void this.#held.set(digest, holds);
    this.#held.delete(digest);
    const isReferenced = this.#awaited.get(digest);
    this.#awaited.delete(digest);
    if (isReferenced !== undefined) this.collect([digest], isReferenced);
  }

  async put<Result>(content: Uint8Array, link: (digest: string) => Result): Promise<Result> {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const upload = await this.begin('');
    await upload.append(Readable.from([content]));
    return upload.commit(digest, () => link(digest));
  }

  async begin(owner: string): Promise<BlobUpload> {
    for (const upload of this.#uploads.values()) {
      if (!upload.busy && upload.touchedAt + UPLOAD_LIFETIME_MS < this.#clock.now()) await upload.abort();
    }
    const id = this.#ids.uuid();
    const path = join(this.#dir, 'uploads', id);
    const file = await open(path, 'wx');
    const salt = Buffer.from(this.#ids.hex(2 * saltBytes), 'hex');
    await file.write(salt, 0, saltBytes, 0);
    const upload = new DiskUpload(id, owner, path, file, cryptOf(this.#key, salt), {
      now: () => this.#clock.now(),
      publish: (digest, link) => this.#publish(path, digest, link),
      end: () => void this.#uploads.delete(id),
    });
    this.#uploads.set(id, upload);
    return upload;
  }

  upload(id: string): BlobUpload | undefined {
    return this.#uploads.get(id);
  }

  collect(digests: Iterable<string>, isReferenced: (digest: string) => boolean): void {
    for (const digest of digests) {
      if (this.#held.has(digest)) {
        this.#awaited.set(digest, isReferenced);
        continue;
      }
      // Looking and deleting in one go, or a link written in between would point to nothing.
      if (isReferenced(digest)) continue;
      try {
        this.#discard(this.#path(digest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  /** Takes a blob away at once, and frees its space in the background: of a large one that takes seconds. */
  #discard(path: string): void {
    const gone = join(this.#dir, 'uploads', `${this.#ids.uuid()}.gone`);
    renameSync(path, gone);
    // What cannot be deleted now is at the next start, with everything else that lies there.
    unlink(gone).catch(() => {});
  }

  async sweep(isReferenced: (digest: string) => boolean): Promise<void> {
    const root = join(this.#dir, 'sealed');
    for (const folder of await readdir(root)) {
      const names = await readdir(join(root, folder));
      this.collect(
        names.map((name) => `sha256:${name}`),
        isReferenced,
      );
    }
  }

  async #publish<Result>(from: string, digest: string, link: () => Result): Promise<Result> {
    const path = this.#path(digest);
    const release = this.hold([digest]);
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(from, path);
      await syncFolder(dirname(path));
      return link();
    } finally {
      release();
    }
  }

  #path(digest: string): string {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
    if (hex === undefined) throw new Error(`${digest} is no digest`);
    return join(this.#dir, 'sealed', hex.slice(0, 2), hex);
  }
}

/** What an upload asks of the blobs it belongs to. */
interface Parent {
  now(): number;
  publish<Result>(digest: string, link: () => Result): Promise<Result>;
  end(): void;
}

class DiskUpload implements BlobUpload {
  readonly id: string;
  readonly owner: string;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #crypt: Crypt;
  readonly #parent: Parent;
  readonly #hash: Hash = createHash('sha256');
  #size = 0;
  touchedAt: number;
  busy = false;

  constructor(id: string, owner: string, path: string, file: FileHandle, crypt: Crypt, parent: Parent) {
    this.id = id;
    this.owner = owner;
    this.#path = path;
    this.#file = file;
    this.#crypt = crypt;
    this.#parent = parent;
    this.touchedAt = parent.now();
  }

  get size(): number {
    return this.#size;
  }

  digest(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`;
  }

  append(source: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#alone(async () => {
      for await (const chunk of source) {
        const sealed = this.#crypt(chunk, this.#size);
        const at = saltBytes + this.#size;
        let written = 0;
        while (written < sealed.length) {
          const { bytesWritten } = await this.#file.write(sealed, written, sealed.length - written, at + written);
          written += bytesWritten;
        }
        // Hashed once it is written, so that size, hash and file always agree.
        this.#hash.update(chunk);
        this.#size += chunk.length;
      }
    });
  }

  commit<Result>(digest: string, link: (size: number) => Result): Promise<Result> {
    return this.#alone(() => this.#commit(digest, link));
  }

  abort(): Promise<void> {
    return this.#alone(async () => {
      this.#parent.end();
      await this.#discard();
    });
  }

  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.busy) throw new UploadBusy();
    this.busy = true;
    try {
      return await work();
    } finally {
      this.busy = false;
      this.touchedAt = this.#parent.now();
    }
  }

  async #commit<Result>(digest: string, link: (size: number) => Result): Promise<Result> {
    this.#parent.end();
    const found = `sha256:${this.#hash.digest('hex')}`;
    if (found !== digest) {
      await this.#discard();
      throw new DigestMismatch(digest, found);
    }
    await this.#file.sync();
    await this.#file.close();
    return this.#parent.publish(digest, () => link(this.#size));
  }

  async #discard(): Promise<void> {
    await this.#file.close();
    await unlink(this.#path);
  }
}

/** Notes which key a folder's blobs are encrypted under, and throws when it is not this one. */
async function checkKey(dir: string, fingerprint: string): Promise<void> {
  const path = join(dir, 'key');
  let known: string | undefined;
  try {
    known = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (known === fingerprint) return;
  if (known !== undefined) {
    throw new Error(`What is in ${dir} was encrypted under another root key. Put the right file back from a copy.`);
  }
  const fresh = join(dir, 'uploads', 'key');
  await writeFile(fresh, `${fingerprint}\n`, { flush: true });
  await rename(fresh, path);
  await syncFolder(dir);
}

/** A new name in a folder is durable only once the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
